#include "aws/profile.hpp"

#include <filesystem>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr std::uint64_t kLongestFile = 1 << 20;

std::string path_of(const Environment& environment, const char* variable, const char* usual) {
  const auto home = environment("HOME").value_or("");
  auto path = environment(variable).value_or(usual);
  return path.starts_with("~/") && !home.empty() ? home + path.substr(1) : path;
}

Result<std::map<std::string, Settings>> read_sections(const std::string& path) {
  // As AWS's tools: a home that may not be entered (ProtectHome=) has no such file.
  std::error_code hidden;
  if (!std::filesystem::exists(path, hidden)) return std::map<std::string, Settings>{};
  const auto text = read_file(path, kLongestFile);
  if (!text) return text.error();
  auto sections = parse_ini(*text);
  if (!sections) return sections.error().within(printable(path));
  return sections;
}

// The config file's sections are "profile NAME" and "services NAME", the name perhaps in quotes.
const Settings* find_section(const std::map<std::string, Settings>& sections, std::string_view kind,
                             std::string_view name) {
  for (const auto& [title, settings] : sections) {
    const std::string_view text = title;
    if (!text.starts_with(kind)) continue;
    const auto rest = text.substr(kind.size());
    auto found = trim(rest);
    if (found.size() == rest.size()) continue;  // no blank between
    if (found.size() > 1 && (found.front() == '"' || found.front() == '\'') &&
        found.back() == found.front()) {
      found = found.substr(1, found.size() - 2);
    }
    if (found == name) return &settings;
  }
  return nullptr;
}

const Settings* find_named(const std::map<std::string, Settings>& sections,
                           const std::string& name) {
  const auto found = sections.find(name);
  return found == sections.end() ? nullptr : &found->second;
}

}  // namespace

std::optional<std::string> Profile::get(const std::string& setting) const {
  const auto found = settings.find(setting);
  if (found == settings.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

Result<Profile> load_profile(const Environment& environment) {
  const auto config_path = path_of(environment, "AWS_CONFIG_FILE", "~/.aws/config");
  const auto credentials_path =
      path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  const auto config = read_sections(config_path);
  if (!config) return config.error();
  const auto credentials = read_sections(credentials_path);
  if (!credentials) return credentials.error();

  const auto wanted = environment("AWS_PROFILE");
  Profile profile{.name = wanted.value_or("default"),
                  .files = printable(fmt::format("{} and {}", config_path, credentials_path))};
  const auto* configured = find_section(*config, "profile", profile.name);
  if (!configured && profile.name == "default") configured = find_named(*config, "default");
  const auto* secret = find_named(*credentials, profile.name);
  profile.exists = configured || secret;
  if (wanted && !profile.exists) {
    return Error{
        ErrorKind::unauthenticated,
        fmt::format("AWS_PROFILE names the profile '{}', which is in neither {} nor {}",
                    printable(*wanted), printable(config_path), printable(credentials_path))};
  }
  if (secret) profile.settings = *secret;
  if (configured) profile.settings.insert(configured->begin(), configured->end());
  if (const auto services = profile.get("services")) {
    if (const auto* section = find_section(*config, "services", *services)) {
      profile.services = *section;
    }
  }
  return profile;
}

}  // namespace muster::aws
