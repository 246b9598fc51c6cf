#include "aws/sign.hpp"

#include <algorithm>
#include <ctime>
#include <map>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// "20150830T123600Z"; its first eight characters are the date.
std::string timestamp(WallTime now) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string normalize(std::string_view path) {
  std::vector<std::string> kept;
  for (auto& segment : split(path, '/')) {
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (segment.empty() || segment == "." || segment == "..") continue;
    kept.push_back(std::move(segment));
  }
  const bool folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  return kept.empty() ? "/" : "/" + join(kept, "/") + (folder ? "/" : "");
}

// What is escaped in the path that is sent is escaped once more, as AWS wants it.
std::string canonical_path(const RequestToSign& request, PathForm form) {
  const auto path = form == PathForm::normalized ? normalize(request.path) : request.path;
  auto segments = split(path, '/');
  for (auto& segment : segments) segment = net::encode_component(segment);
  return join(segments, "/");
}

// A malformed escape is taken for what it looks like.
std::string encoded_once(std::string_view text) {
  return net::encode_component(net::decode_component(text).value_or(std::string(text)));
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto& parameter : split(query, '&')) {
    const std::string_view text = parameter;
    const auto equals = std::min(text.find('='), text.size());
    parameters.emplace_back(encoded_once(text.substr(0, equals)),
                            encoded_once(text.substr(std::min(equals + 1, text.size()))));
  }
  std::ranges::sort(parameters);
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    canonical += fmt::format("{}{}={}", canonical.empty() ? "" : "&", name, value);
  }
  return canonical;
}

// Trimmed, and each run of blanks or folded lines within as one blank.
std::string canonical_value(std::string_view value) {
  std::string text;
  for (const char c : trim(value)) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank) text += c;
    if (blank && !text.ends_with(' ')) text += ' ';
  }
  return text;
}

struct CanonicalHeaders {
  std::string names;  // "host;x-amz-date"
  std::string lines;
};

CanonicalHeaders canonical_headers(const RequestToSign& request, const net::Headers& added) {
  std::map<std::string, std::string> merged;
  const auto merge = [&](const auto& headers) {
    for (const auto& [name, value] : headers) {
      auto [entry, fresh] = merged.try_emplace(lower(name), canonical_value(value));
      if (!fresh) entry->second += "," + canonical_value(value);
    }
  };
  merge(request.headers);
  merge(added.all());
  CanonicalHeaders canonical;
  for (const auto& [name, value] : merged) {
    canonical.names += (canonical.names.empty() ? "" : ";") + name;
    canonical.lines += fmt::format("{}:{}\n", name, value);
  }
  return canonical;
}

std::string signing_key(const Credentials& credentials, const SigningScope& scope,
                        std::string_view date) {
  const auto of_date = hmac_sha256("AWS4" + credentials.secret_access_key, date);
  const auto of_region = hmac_sha256(of_date, scope.region);
  const auto of_service = hmac_sha256(of_region, scope.service);
  return hmac_sha256(of_service, "aws4_request");
}

}  // namespace

net::Headers sign(const RequestToSign& request, const Credentials& credentials,
                  const SigningScope& scope, WallTime now) {
  const auto time = timestamp(now);
  const auto date = time.substr(0, 8);
  net::Headers added;
  added.set("X-Amz-Date", time);
  if (!credentials.session_token.empty()) {
    added.set("X-Amz-Security-Token", credentials.session_token);
  }
  const auto headers = canonical_headers(request, added);
  const auto canonical_request = fmt::format(
      "{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request, scope.path_form),
      canonical_query(request.query), headers.lines, headers.names, sha256_hex(request.body));

  const auto range = fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
  const auto to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, range, sha256_hex(canonical_request));
  added.set("Authorization",
            fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                        credentials.access_key_id, range, headers.names,
                        hmac_sha256_hex(signing_key(credentials, scope, date), to_sign)));
  return added;
}

}  // namespace muster::aws
