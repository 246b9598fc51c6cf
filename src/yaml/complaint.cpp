#include "yaml/complaint.hpp"

#include <algorithm>
#include <array>

namespace muster::yaml {

namespace {

struct Words {
  std::string_view complaint;  // as in yaml-cpp's exceptions.h
  std::string_view plain;
};

constexpr std::array kWords{
    Words{"illegal map value", "a ':' is not allowed here; a text with ': ' in it needs quotes"},
    Words{"illegal map key", "a key is not allowed here; look at the indentation"},
    Words{"illegal block entry", "a '-' is not allowed here; look at the indentation"},
    Words{"illegal flow end", "there is nothing open that this could close"},
    Words{"illegal EOF in scalar", "a quote was opened before this, and never closed"},
    Words{"end of sequence flow not found", "a '[' was opened before this, and never closed"},
    Words{"end of map flow not found", "a '{' was opened before this, and never closed"},
    Words{"end of sequence not found",
          "the list before this goes on differently; look at the "
          "indentation and at a missing '-'"},
    Words{"end of map not found",
          "the mapping before this goes on differently; look at the "
          "indentation and at a missing ':'"},
    Words{"unknown token", "this cannot begin a text; put it in quotes"},
};

bool is_indented_by_a_tab(std::string_view line) {
  const auto start = line.find_first_not_of(' ');
  return start != std::string_view::npos && line[start] == '\t';
}

}  // namespace

std::string in_plain_words(std::string_view complaint, std::string_view line) {
  if (is_indented_by_a_tab(line)) return "a tab cannot indent; use blanks";
  const auto* found = std::find_if(kWords.begin(), kWords.end(),
                                   [&](const auto& words) { return words.complaint == complaint; });
  return std::string(found == kWords.end() ? complaint : found->plain);
}

}  // namespace muster::yaml
