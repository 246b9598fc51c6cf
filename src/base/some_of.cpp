#include "base/some_of.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster {

std::string some_of(std::span<const std::string> parts, std::size_t most) {
  const auto shown = join(parts.first(std::min(most, parts.size())), ", ");
  return parts.size() <= most ? shown : fmt::format("{} and {} more", shown, parts.size() - most);
}

}  // namespace muster
