#pragma once

// JSON, member by member, each where it must be and of the type that it must have. For record.cpp
// alone: it reads what Boost.JSON has parsed. For each type there is a read(), which takes a value
// or throws a Refusal that names its place.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <boost/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "fleet/json.hpp"

namespace muster::history {

namespace json = boost::json;

// Thrown by all of this; never leaves record.cpp.
struct Refusal {
  Error error;
};

// Where a value stands. Only an error wants it in words.
struct Place {
  const Place* above = nullptr;
  std::string_view name;
  std::optional<std::size_t> index = std::nullopt;

  std::string in_words() const {
    if (index) return fmt::format("{}[{}]", above->in_words(), *index);
    const auto before = above == nullptr ? "" : above->in_words();
    return before.empty() ? std::string(name) : fmt::format("{}.{}", before, name);
  }
};

[[noreturn]] inline void refuse(const Place& at, std::string_view what) {
  const auto where = at.in_words();
  throw Refusal{{ErrorKind::invalid, where.empty()
                                         ? std::string(what)
                                         : fmt::format("{}: {}", printable(where), what)}};
}

inline void read(const json::value& value, const Place& at, std::int64_t& into) {
  if (value.is_int64()) into = value.get_int64();
  const bool fits = value.is_int64() && into >= -fleet::kMostExact && into <= fleet::kMostExact;
  if (!fits) refuse(at, fmt::format("expected a whole number of at most {}", fleet::kMostExact));
}

inline void read(const json::value& value, const Place& at, bool& into) {
  if (!value.is_bool()) refuse(at, "expected true or false");
  into = value.get_bool();
}

inline void read(const json::value& value, const Place& at, std::string& into) {
  if (!value.is_string()) refuse(at, "expected text");
  into = std::string(std::string_view(value.get_string()));
}

inline void read(const json::value& value, const Place& at, WallTime& into) {
  std::string text;
  read(value, at, text);
  const auto time = parse_rfc3339(text);
  if (!time) refuse(at, printable(time.error().message));
  into = *time;
}

inline void read(const json::value& value, const Place& at, Millis& into) {
  std::int64_t count = 0;
  read(value, at, count);
  into = Millis(count);
}

// By its name, as to_string() has it: the first value that it has no name for is past the last.
template <class Enum, class Name>
Enum named(const json::value& value, const Place& at, std::string_view kind, Name name) {
  std::string text;
  read(value, at, text);
  for (int i = 0; name(static_cast<Enum>(i)) != "unknown"; ++i) {
    if (name(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  }
  refuse(at, fmt::format("'{}' is no {} that this muster knows: a newer one may have written it",
                         printable(text, 60), kind));
}

// Of the types in them: found where they are used, by their Place.
template <class T>
void read(const json::value& value, const Place& at, std::optional<T>& into);
template <class T>
void read(const json::value& value, const Place& at, std::vector<T>& into);

// Of an object. Every member is taken, or there is none of that name: see end().
class Members {
 public:
  Members(const json::value& value, const Place& at) : at_(at), object_(object_of(value, at)) {}

  template <class T>
  Members& must(std::string_view name, T& into) {
    if (!has(name)) refuse(at_, fmt::format("'{}' is missing", name));
    return may(name, into);
  }

  // Left as it is, if it is not there: one that was added later.
  template <class T>
  Members& may(std::string_view name, T& into) {
    known_.push_back(name);
    const auto* value = object_.if_contains(json::string_view(name.data(), name.size()));
    if (value != nullptr) read(*value, Place{&at_, name}, into);
    return *this;
  }

  bool has(std::string_view name) const {
    return object_.contains(json::string_view(name.data(), name.size()));
  }

  // What is written for people, and follows from the rest.
  Members& skip(std::string_view name) {
    known_.push_back(name);
    return *this;
  }

  void end() const {
    for (const auto& [key, value] : object_) {
      const std::string_view name(key.data(), key.size());
      if (std::ranges::find(known_, name) != known_.end()) continue;
      refuse(at_, fmt::format("'{}' is unknown{}: a newer muster may have written it",
                              printable(name, 60), did_you_mean(name, known_)));
    }
  }

 private:
  static const json::object& object_of(const json::value& value, const Place& at) {
    if (!value.is_object()) refuse(at, "expected an object");
    return value.get_object();
  }

  const Place& at_;
  const json::object& object_;
  std::vector<std::string_view> known_;
};

template <class T>
void read(const json::value& value, const Place& at, std::optional<T>& into) {
  into.reset();
  if (!value.is_null()) read(value, at, into.emplace());
}

template <class T>
void read(const json::value& value, const Place& at, std::vector<T>& into) {
  if (!value.is_array()) refuse(at, "expected a list");
  into.clear();
  for (const auto& element : value.get_array()) {
    const Place place{&at, "", into.size()};
    read(element, place, into.emplace_back());
  }
}

}  // namespace muster::history
