#include "doctor/finding.hpp"

#include <iterator>

namespace muster::doctor {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "good";
    case Verdict::warning:
      return "warning";
    case Verdict::bad:
      return "bad";
    case Verdict::unknown:
      return "unknown";
  }
  return "unknown";
}

void append(Findings& findings, Findings more) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

Verdict verdict_of(ErrorKind kind, Asked asked) {
  if (asked == Asked::for_the_doctor) return Verdict::unknown;
  switch (kind) {
    case ErrorKind::cancelled:
    case ErrorKind::exhausted:  // this machine's trouble, and of this moment
    case ErrorKind::internal:
      return Verdict::unknown;
    default:
      return Verdict::bad;
  }
}

void Notes::add(std::string_view check, Verdict verdict, std::string text) {
  findings_.push_back({std::string(check), subject_, verdict, std::move(text)});
}

void Notes::good(std::string_view check, std::string text) {
  add(check, Verdict::good, std::move(text));
}
void Notes::warn(std::string_view check, std::string text) {
  add(check, Verdict::warning, std::move(text));
}
void Notes::bad(std::string_view check, std::string text) {
  add(check, Verdict::bad, std::move(text));
}
void Notes::unknown(std::string_view check, std::string text) {
  add(check, Verdict::unknown, std::move(text));
}
void Notes::failed(std::string_view check, const Error& error, Asked asked) {
  add(check, verdict_of(error.kind, asked), error.message);
}

}  // namespace muster::doctor
