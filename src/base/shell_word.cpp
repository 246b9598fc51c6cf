#include "base/shell_word.hpp"

#include <algorithm>
#include <cctype>

namespace muster {

std::string shell_word(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '/' || c == '.';
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string word;
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return "'" + word + "'";
}

}  // namespace muster
