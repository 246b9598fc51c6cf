#pragma once

// One walker for every message: how a C++ type is written as JSON and read back. A struct or enum
// takes part once Boost.Describe lists its members. For json.cpp alone.
//
// Reading is strict about types and lenient about unknown members. A member must be there, unless
// it is a std::optional or kMayBeAbsent says otherwise; then it keeps its default.

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "protocol/messages.hpp"

namespace muster::protocol {

namespace json = boost::json;

// Why a value could not be read. The path grows at the front as the failure climbs.
struct Misfit {
  std::string path;
  std::string message;

  Misfit inside(std::string_view parent) const {
    const bool dotted = !path.empty() && path.front() != '[';
    return {std::string(parent) + (dotted ? "." : "") + path, message};
  }
};
using Fit = std::optional<Misfit>;  // nothing: it fits

inline Fit expected(std::string_view what) {
  return Misfit{"", "expected " + std::string(what)};
}

// Whether a sender may leave this member (a pointer to member) out, though it is not optional.
template <auto Member>
inline constexpr bool kMayBeAbsent = false;

// encode(): a value as JSON. decode(): reads JSON into `out`, which is unspecified after a misfit.
template <class T>
struct Codec;

template <>
struct Codec<std::string> {
  static json::value encode(const std::string& text) { return json::string(to_utf8(text)); }
  static Fit decode(const json::value& from, std::string& out) {
    if (!from.is_string()) return expected("a string");
    out = std::string(from.get_string());
    return {};
  }
};

template <>
struct Codec<bool> {
  static json::value encode(bool flag) { return flag; }
  static Fit decode(const json::value& from, bool& out) {
    if (!from.is_bool()) return expected("true or false");
    out = from.get_bool();
    return {};
  }
};

template <std::signed_integral T>
struct Codec<T> {
  static json::value encode(T number) { return std::int64_t{number}; }
  static Fit decode(const json::value& from, T& out) {
    if (!from.is_int64() && !from.is_uint64()) return expected("a whole number");
    json::error_code error;
    out = from.to_number<T>(error);
    return error ? Fit(Misfit{"", "the number is out of range"}) : Fit();
  }
};

template <>
struct Codec<Money> {
  static json::value encode(Money money) {
    return static_cast<double>(money.millionths) / kMillionths;
  }
  static Fit decode(const json::value& from, Money& out) {
    if (!from.is_number()) return expected("a number");
    const auto number = from.to_number<double>() * kMillionths;
    if (!(std::abs(number) <= kMost)) return Misfit{"", "the number is out of range"};
    out.millionths = std::llround(number);
    return {};
  }

 private:
  static constexpr double kMillionths = 1e6;
  static constexpr double kMost = 1e14;  // a double tells so many apart, however it was read
};

template <>
struct Codec<Millis> {
  static json::value encode(Millis duration) { return std::int64_t{duration.count()}; }
  static Fit decode(const json::value& from, Millis& out) {
    std::int64_t count = 0;
    auto misfit = Codec<std::int64_t>::decode(from, count);
    out = Millis(count);
    return misfit;
  }
};

template <>
struct Codec<WallTime> {
  static json::value encode(WallTime time) { return json::string(format_rfc3339(time)); }
  static Fit decode(const json::value& from, WallTime& out) {
    const auto time = parse_rfc3339(from.is_string() ? std::string_view(from.get_string()) : "");
    if (!time) return expected("a time such as 2020-05-15T00:00:00Z");
    out = *time;
    return {};
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static json::value encode(const std::vector<T>& items) {
    json::array array;
    for (const auto& item : items) array.push_back(Codec<T>::encode(item));
    return array;
  }
  static Fit decode(const json::value& from, std::vector<T>& out) {
    if (!from.is_array()) return expected("a list");
    out.clear();
    for (const auto& item : from.get_array()) {
      const auto misfit = Codec<T>::decode(item, out.emplace_back());
      if (misfit) return misfit->inside("[" + std::to_string(out.size() - 1) + "]");
    }
    return {};
  }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  static json::value encode(const std::map<std::string, T>& entries) {
    json::object object;
    for (const auto& [key, value] : entries) object[to_utf8(key)] = Codec<T>::encode(value);
    return object;
  }
  static Fit decode(const json::value& from, std::map<std::string, T>& out) {
    if (!from.is_object()) return expected("an object");
    out.clear();
    for (const auto& [key, value] : from.get_object()) {
      const auto misfit = Codec<T>::decode(value, out[std::string(key)]);
      if (misfit) return misfit->inside(printable(key));
    }
    return {};
  }
};

template <class T>
requires std::is_enum_v<T>
struct Codec<T> {
  static json::value encode(T enumerator) {
    return json::string(boost::describe::enum_to_string(enumerator, "unknown"));
  }
  static Fit decode(const json::value& from, T& out) {
    const std::string word(from.is_string() ? std::string_view(from.get_string()) : "");
    if (boost::describe::enum_from_string(word.c_str(), out)) return {};
    std::string known;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
      known += (known.empty() ? "" : ", ") + std::string(enumerator.name);
    });
    return expected("one of " + known);
  }
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

// Laying out the described members as a compiler would must give the struct's size. So a member
// that somebody adds to a message and forgets to describe does not compile.
template <class T>
consteval bool is_wholly_described() {
  std::size_t end = 0;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    using Member = std::remove_cvref_t<decltype(std::declval<T>().*member.pointer)>;
    end = (end + alignof(Member) - 1) / alignof(Member) * alignof(Member) + sizeof(Member);
  });
  return (end + alignof(T) - 1) / alignof(T) * alignof(T) == sizeof(T);
}

// `requires` is a word of C++, so that field has a longer name than its member.
inline std::string_view json_name(std::string_view field) {
  return field == "requires_jobs" ? "requires" : field;
}

template <class T>
struct Codec {  // a struct
  static_assert(is_wholly_described<T>(), "list all members, in order, in BOOST_DESCRIBE_STRUCT");

  static json::value encode(const T& message) {
    json::object object;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      encode_member(object, json_name(member.name), message.*member.pointer);
    });
    return object;
  }

  static Fit decode(const json::value& from, T& out) {
    if (!from.is_object()) return expected("an object");
    Fit first;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      if (first) return;
      constexpr bool kOptional = kMayBeAbsent<decltype(member)::pointer>;
      const auto name = json_name(member.name);
      const auto misfit = decode_member<kOptional>(from.get_object(), name, out.*member.pointer);
      if (misfit) first = misfit->inside(name);
    });
    return first;
  }

 private:
  template <class M>
  static void encode_member(json::object& object, std::string_view name, const M& value) {
    if constexpr (!kIsOptional<M>) {
      object[name] = Codec<M>::encode(value);
    } else if (value) {
      encode_member(object, name, *value);
    }
  }

  template <bool optional, class M>
  static Fit decode_member(const json::object& object, std::string_view name, M& out) {
    const auto* found = object.if_contains(name);
    if constexpr (kIsOptional<M>) {
      out.reset();
      if (!found || found->is_null()) return {};
      return Codec<typename M::value_type>::decode(*found, out.emplace());
    } else {
      if (found) return Codec<M>::decode(*found, out);
      return optional ? Fit() : Misfit{"", "missing"};
    }
  }
};

}  // namespace muster::protocol
