// The settings of an agent and those of an instance: read, or refused with reasons.

#include "agent/settings.hpp"
#include "fuzz/check_problems.hpp"
#include "instance/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const auto text = fuzz::text_of(data, size);

  const auto agent = agent::read_settings(text, {}, "host");
  if (const auto* problems = std::get_if<yaml::Problems>(&agent)) {
    fuzz::check_problems(*problems);
  } else {
    const auto& [settings, warnings] = std::get<agent::LoadedSettings>(agent);
    fuzz::check(!settings.url.empty(), "an agent has a server");
    fuzz::check(settings.token.empty() || agent::holds_token(text), "a token is seen", text);
    for (const auto& warning : warnings) fuzz::check_harmless(warning, "a warning is harmless");
  }

  const auto instance = instance::read_config(text);
  if (const auto* problems = std::get_if<yaml::Problems>(&instance)) {
    fuzz::check_problems(*problems);
  } else {
    fuzz::check(!std::get<instance::Config>(instance).group.empty(), "an instance has a group");
  }
  return 0;
}
