// What a job prints, on its way to a person's terminal: nothing in it is obeyed but colours.

#include "client/terminal_text.hpp"
#include "fuzz/check.hpp"

namespace muster::fuzz {
namespace {

// Without the colours: ESC [, digits and semicolons, m.
std::string without_colors(std::string_view text) {
  std::string rest;
  while (!text.empty()) {
    if (text.starts_with("\x1b[")) {
      const auto end = text.find_first_not_of("0123456789;:", 2);
      if (end != std::string_view::npos && text[end] == 'm') {
        text.remove_prefix(end + 1);
        continue;
      }
    }
    rest += text.front();
    text.remove_prefix(1);
  }
  return rest;
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const auto text = fuzz::text_of(data, size);
  const auto plain = client::harmless(text, false);
  fuzz::check(client::harmless(plain, false) == plain, "what is harmless stays as it is", plain);
  fuzz::check(plain.find('\x1b') == std::string::npos, "no escape sequence is left", plain);
  const auto colored = fuzz::without_colors(client::harmless(text, true));
  fuzz::check(colored.find('\x1b') == std::string::npos, "no sequence but colours is left",
              colored);

  const auto shown = printable(text, size * 4 + 10);
  fuzz::check(utf8_prefix(shown) == shown.size(), "what is printable is UTF-8", shown);
  fuzz::check(printable(shown, shown.size()) == shown, "what is printable stays as it is", shown);
  fuzz::check(to_utf8(text).size() <= 3 * size, "replacements are bounded");
  for (const auto& row : client::table({{"a", "b"}, {std::string(text), "c"}}, 40)) {
    fuzz::check(client::columns(row) <= 40, "a row is no wider than its table", row);
  }
  client::Line line({.width = 20, .color = false});
  line.add(shown);
  fuzz::check(client::columns(line.text()) <= 20, "a line is no wider than its style", line.text());
  return 0;
}
