#include "agent/isolation.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace muster::agent {
namespace {

// It becomes an argument, and must be read as an image: no option, no blank, nothing to unfold.
bool is_image_name(const std::string& text) {
  constexpr std::size_t kLongest = 500;
  const auto fits = [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
           std::string_view("._-/:@").find(letter) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kLongest &&
         std::isalnum(static_cast<unsigned char>(text.front())) != 0 &&
         std::all_of(text.begin(), text.end(), fits);
}

void read_image(yaml::MapReader& reader, Isolation& isolation) {
  const bool wanted = isolation.kind == Isolation::Kind::podman;
  if (reader.take(kIsolationImageKey) == nullptr) {
    if (wanted) {
      reader.problem_at(
          kIsolationKey,
          fmt::format("podman needs {}, as docker.io/library/debian:12", kIsolationImageKey));
    }
    return;
  }
  if (!wanted) {
    reader.problem_at(kIsolationImageKey, "is for 'isolation: podman': set that, or remove it");
    return;
  }
  isolation.image = reader.text(kIsolationImageKey).value_or("");
  if (is_image_name(isolation.image)) return;
  reader.problem_at(kIsolationImageKey,
                    "is no name of an image, as docker.io/library/debian:12 is one");
}

void read_hidden(yaml::MapReader& reader, Isolation& isolation) {
  for (const auto& path : reader.texts(kIsolationHideKey)) isolation.hidden.emplace_back(path);
  if (isolation.hidden.empty()) return;
  if (isolation.kind != Isolation::Kind::bubblewrap) {
    reader.problem_at(kIsolationHideKey,
                      "is for 'isolation: bubblewrap', as only that shows directories of the "
                      "machine: set it, or remove this");
  }
  const auto absolute = [](const auto& path) { return path.is_absolute(); };
  if (!std::ranges::all_of(isolation.hidden, absolute)) {
    reader.problem_at(kIsolationHideKey, "must be absolute paths");
  }
}

}  // namespace

std::string word_of(Isolation::Kind kind) {
  switch (kind) {
    case Isolation::Kind::none:
      return "none";
    case Isolation::Kind::bubblewrap:
      return "bubblewrap";
    case Isolation::Kind::podman:
      return "podman";
  }
  return "";
}

Isolation read_isolation(yaml::MapReader& reader) {
  Isolation isolation;
  const auto kind = reader.choice(kIsolationKey, {"none", "bubblewrap", "podman"}).value_or(0);
  isolation.kind = static_cast<Isolation::Kind>(kind);
  isolation.network = reader.choice(kIsolationNetworkKey, {"shared", "none"}).value_or(0) == 0;
  if (!isolation && reader.take(kIsolationNetworkKey) != nullptr) {
    reader.problem_at(kIsolationNetworkKey,
                      "is for 'isolation: bubblewrap' or 'podman': set one, or remove it");
  }
  read_image(reader, isolation);
  read_hidden(reader, isolation);
  return isolation;
}

}  // namespace muster::agent
