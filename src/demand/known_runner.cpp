#include "demand/known_runner.hpp"

namespace muster::demand {

namespace {

std::optional<WallTime> when(const std::optional<std::string>& told, Millis lead) {
  if (!told) return std::nullopt;
  const auto time = parse_rfc3339(*told);
  return time ? std::optional(*time + lead) : std::nullopt;
}

}  // namespace

fleet::KnownRunner known_runner(const protocol::RunnerName& listed, Millis lead) {
  return {listed.name,
          {},
          false,
          when(listed.first_connected, lead),
          when(listed.last_connected, lead),
          when(listed.last_used, lead)};
}

}  // namespace muster::demand
