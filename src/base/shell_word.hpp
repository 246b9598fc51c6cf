#pragma once

#include <string>

namespace muster {

// `text` as one word of a POSIX shell: as it is where that is safe, else in single quotes.
std::string shell_word(const std::string& text);

}  // namespace muster
