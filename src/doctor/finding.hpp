#pragma once

// What was found: one line for a person, with what to do about it, and the same for a program.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace muster::doctor {

enum class Verdict {
  good,
  warning,  // works, and will surprise somebody
  bad,      // does not work, or loses work
  unknown,  // could not be found out
};
std::string_view to_string(Verdict verdict);

struct Finding {
  std::string check;    // "group-protection": stable, for programs
  std::string subject;  // what it is about: a class, a group, an address
  Verdict verdict = Verdict::unknown;
  std::string text;  // what is so and, unless it is good, what to do; may quote others

  friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

void append(Findings& findings, Findings more);

// Whose question has failed.
enum class Asked {
  as_the_scaler,   // what it asks in each pass: it will fail as well
  for_the_doctor,  // only to find something out: then that is not known
};
Verdict verdict_of(ErrorKind kind, Asked asked);

// Collects what is found of one subject.
class Notes {
 public:
  explicit Notes(std::string subject) : subject_(std::move(subject)) {}

  void good(std::string_view check, std::string text);
  void warn(std::string_view check, std::string text);
  void bad(std::string_view check, std::string text);
  void unknown(std::string_view check, std::string text);
  void failed(std::string_view check, const Error& error, Asked asked);

  const std::string& subject() const { return subject_; }
  Findings take() { return std::exchange(findings_, {}); }

 private:
  void add(std::string_view check, Verdict verdict, std::string text);

  std::string subject_;
  Findings findings_;
};

}  // namespace muster::doctor
