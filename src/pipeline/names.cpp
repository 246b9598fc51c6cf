#include "pipeline/names.hpp"

#include <algorithm>

namespace muster::pipeline {

namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_letter(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

template <class Allowed>
bool is_made_of(std::string_view text, Allowed allowed) {
  return !text.empty() && text.size() <= kLongestName &&
         std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

bool is_job_name(std::string_view name) {
  return is_made_of(name,
                    [](char c) {
                      return is_letter(c) || is_digit(c) || c == ' ' || c == '_' || c == '-';
                    }) &&
         is_letter(name.front());
}

bool is_environment_name(std::string_view name) {
  return is_made_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; }) &&
         !is_digit(name.front());
}

bool is_resource_class(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return false;
  const auto in_namespace = [](char c) {
    return is_lower(c) || is_digit(c) || c == '_' || c == '-';
  };
  const auto in_name = [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == ':' || c == '+';
  };
  return is_made_of(name.substr(0, slash), in_namespace) &&
         is_made_of(name.substr(slash + 1), in_name);
}

}  // namespace muster::pipeline
