#pragma once

// Reads a Value strictly: each key is asked for by name and type, and what nobody asked for is a
// problem that names the nearest known key. Problems are collected, not thrown, so that a person
// sees all of them at once; after a problem a reader returns a default and goes on.
//
//   Problems problems;
//   MapReader job(value, "jobs.build", problems);
//   auto parallelism = job.integer("parallelism", 1, {1, 256});
//   job.finish();

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "yaml/value.hpp"

namespace muster::yaml {

struct Problem {
  Position at;
  std::string path;  // of the key: "jobs.build.steps[2].run"
  std::string message;

  std::string describe() const;                          // "line 3, column 5: jobs.build: ..."
  std::string describe_in(std::string_view file) const;  // "muster.yaml:3:5: jobs.build: ..."
  friend bool operator==(const Problem&, const Problem&) = default;
};

using Problems = std::vector<Problem>;

// Adds a problem, unless there are more already than anybody reads.
inline constexpr std::size_t kMostProblems = 100;
void report(Problems& problems, Problem problem);

// "a list", "the text 'abc'": what a message says was found.
std::string describe(const Value& value);

// Stable, so that of two problems in one place the first found stays first.
void sort_by_position(Problems& problems);

// All problems in one error (ErrorKind::invalid), a line each, in the order of the text.
Error to_error(Problems problems);

struct Range {
  std::int64_t least;
  std::int64_t most;
};

struct DurationRange {
  Millis least;
  Millis most;
};

// Scalars. Each adds a problem and returns nothing if `value` is not of that form. Any scalar is a
// text. What is quoted is never a number or boolean; booleans are those of YAML 1.1: true/false,
// yes/no, on/off.
std::optional<std::string> as_text(const Value& value, const std::string& path, Problems& problems);
std::optional<bool> as_boolean(const Value& value, const std::string& path, Problems& problems);
std::optional<std::int64_t> as_integer(const Value& value, const std::string& path, Range range,
                                       Problems& problems);
std::optional<Millis> as_duration(const Value& value, const std::string& path, Problems& problems);
std::optional<Millis> as_duration(const Value& value, const std::string& path, DurationRange range,
                                  Problems& problems);
std::vector<std::string> as_texts(const Value& value, const std::string& path, Problems& problems);

class MapReader {
 public:
  // `value` and `problems` must outlive the reader. A value that is no mapping is a problem, and
  // then every key is absent. A null value reads as an empty mapping.
  MapReader(const Value& value, std::string path, Problems& problems);

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view key) const;
  Problems& problems() const { return *problems_; }  // for the reader of a part

  // Marks the key as known. Null if it is absent.
  const Value* take(std::string_view key);
  // As take(); absence is a problem.
  const Value* require(std::string_view key);

  std::optional<std::string> text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, Range range);
  std::optional<Millis> duration(std::string_view key);
  std::optional<Millis> duration(std::string_view key, DurationRange range);
  std::vector<std::string> texts(std::string_view key);

  // One of `names`: its index.
  std::optional<std::size_t> choice(std::string_view key,
                                    const std::vector<std::string_view>& names);

  // About the mapping as a whole, or about one key: where the key stands, if it is there.
  void problem(std::string message);
  void problem_at(std::string_view key, std::string message);

  // Call last: every key not taken is a problem, with the nearest of those that were asked for.
  void finish();

 private:
  const Value* value_;
  std::string path_;
  Problems* problems_;
  std::vector<std::string> known_;
};

}  // namespace muster::yaml
