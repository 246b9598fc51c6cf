#pragma once

// What fuzz targets hold results to. A check that fails ends the program, for whoever searches, or
// runs what was found, to see.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"

namespace muster::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void check(bool holds, std::string_view what, std::string_view found = {}) {
  if (holds) return;
  const auto shown = printable(found, 2000);
  std::fprintf(stderr, "does not hold: %.*s\n%s\n", static_cast<int>(what.size()), what.data(),
               shown.c_str());
  std::abort();
}

// Fit for a terminal and a log: valid UTF-8, and lines without a control character.
inline void check_harmless(std::string_view text, std::string_view what) {
  check(printable_lines(text) == text, what, text);
}

// As base/error.hpp has it, and no longer than somebody reads.
inline void check_error(const Error& error) {
  constexpr std::size_t kLongest = 100'000;
  check(!error.message.empty(), "an error says what is wrong");
  check(error.message.size() <= kLongest, "an error is bounded", error.message);
  check_harmless(error.message, "an error is harmless on a terminal");
}

}  // namespace muster::fuzz
