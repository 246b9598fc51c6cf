#include "aws/region_and_endpoint.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::aws {

namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};
// The last stands for all other regions.
constexpr Partition kPartitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"", "amazonaws.com", "api.aws"},
};

std::string upper(std::string_view text) {
  std::string raised(text);
  for (char& c : raised) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return raised;
}

Result<Endpoint> parse_endpoint(std::string_view text, std::string_view from) {
  const auto refuse = [&] {
    return Error{
        ErrorKind::invalid,
        fmt::format("{} is not an address such as https://host or http://localhost:4566", from)};
  };
  const bool plain = text.find_first_of("@?#\\") == std::string_view::npos &&
                     std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
  const auto colon = text.find("://");
  if (!plain || colon == std::string_view::npos) return refuse();
  Endpoint endpoint{.scheme = std::string(text.substr(0, colon)), .set_by = std::string(from)};
  auto rest = text.substr(colon + 3);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const auto slash = std::min(rest.find('/'), rest.size());
  endpoint.host = rest.substr(0, slash);
  endpoint.path = rest.substr(slash);
  const bool known = endpoint.scheme == "http" || endpoint.scheme == "https";
  if (!known || endpoint.host.empty() || endpoint.host.front() == ':') return refuse();
  return endpoint;
}

struct Setting {
  std::string value;
  std::string from;
};

std::optional<Setting> configured_endpoint(const Service& service, const Environment& environment,
                                           const Profile& profile) {
  if (is_true(environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
      is_true(profile.get("ignore_configured_endpoint_urls"))) {
    return std::nullopt;
  }
  for (const auto& variable :
       {"AWS_ENDPOINT_URL_" + upper(service.id), std::string("AWS_ENDPOINT_URL")}) {
    if (const auto value = environment(variable)) return Setting{*value, variable};
  }
  const auto setting = std::string(service.id) + ".endpoint_url";
  if (const auto found = profile.services.find(setting); found != profile.services.end()) {
    return Setting{found->second, fmt::format("{} of the profile's services", setting)};
  }
  if (const auto value = profile.get("endpoint_url")) {
    return Setting{*value, "endpoint_url of the profile " + printable(profile.name)};
  }
  return std::nullopt;
}

bool is_switched_on(const Environment& environment, const char* variable, const Profile& profile,
                    const char* setting) {
  const auto value = environment(variable);
  return is_true(value ? value : profile.get(setting));
}

}  // namespace

Result<std::string> checked_region(std::string region, std::string_view from) {
  const bool fits = !region.empty() && region.front() != '-' && region.size() <= 40 &&
                    std::ranges::all_of(region, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (fits) return region;
  return Error{ErrorKind::invalid, fmt::format("{}: '{}' is not a region such as eu-west-1", from,
                                               printable(region, 60))};
}

std::string region_in_arn(const std::string& name) {
  const auto parts = split(name, ':');
  return parts.front() == "arn" && parts.size() > 3 ? parts[3] : "";
}

Result<std::string> configured_region(const Environment& environment, const Profile& profile) {
  for (const auto* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto value = environment(variable)) return checked_region(std::move(*value), variable);
  }
  if (auto value = profile.get("region")) {
    return checked_region(std::move(*value), "the profile's region");
  }
  return std::string();
}

Result<std::string> find_region(const Environment& environment, const Profile& profile,
                                InstanceMetadata& instance, const std::stop_token& stop) {
  auto configured = configured_region(environment, profile);
  if (!configured || !configured->empty()) return configured;
  const auto own = instance.get("placement/region", stop);
  if (own) return checked_region(std::string(trim(*own)), "the instance's region");
  return Error{ErrorKind::invalid,
               fmt::format("no AWS region is set: set AWS_REGION, or 'region' for the profile '{}' "
                           "in {} (the instance metadata service knows none: {})",
                           printable(profile.name), profile.files, own.error().message)};
}

Result<Endpoint> find_endpoint(const Service& service, const std::string& region,
                               const Environment& environment, const Profile& profile) {
  if (const auto setting = configured_endpoint(service, environment, profile)) {
    return parse_endpoint(setting->value, setting->from);
  }
  if (auto fits = checked_region(region, "the region"); !fits) return fits.error();
  const auto& partition = *std::ranges::find_if(
      kPartitions, [&](const Partition& each) { return region.starts_with(each.region_prefix); });
  const bool dual_stack =
      is_switched_on(environment, "AWS_USE_DUALSTACK_ENDPOINT", profile, "use_dualstack_endpoint");
  bool fips = is_switched_on(environment, "AWS_USE_FIPS_ENDPOINT", profile, "use_fips_endpoint");
  if (region.starts_with("us-gov-") && !dual_stack && !service.fips_name_in_us_gov) fips = false;
  return Endpoint{
      .scheme = "https",
      .host = fmt::format("{}{}.{}.{}", service.host_prefix, fips ? "-fips" : "", region,
                          dual_stack ? partition.dual_stack_suffix : partition.suffix)};
}

}  // namespace muster::aws
