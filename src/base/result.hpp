#pragma once

// Result<T>: a value, or the Error that kept us from it. What adapters and parsers return.
//
//   Result<int> parse(...) { if (bad) return Error{ErrorKind::invalid, "..."}; return 3; }
//   auto n = parse(...);
//   if (!n) return n.error().within("reading the limit");
//
// Exceptions are for broken invariants; a library's exceptions end at the adapter that calls it.

#include <utility>

#include <tl/expected.hpp>

#include "base/error.hpp"

namespace muster {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  using Base::Base;
  Result(Error error) : Base(tl::unexpect, std::move(error)) {}  // NOLINT: errors convert
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
  using Base = tl::expected<void, Error>;

 public:
  using Base::Base;
  Result() = default;
  Result(Error error) : Base(tl::unexpect, std::move(error)) {}  // NOLINT: errors convert
};

// For functions that return Result<void>: `return ok();` reads better than `return {};`.
inline Result<void> ok() {
  return {};
}

}  // namespace muster
