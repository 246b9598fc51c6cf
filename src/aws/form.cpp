#include "aws/form.hpp"

#include "net/http.hpp"

namespace muster::aws {

namespace {

// A blank as "+", not "%20": both are right, and moto verifies signatures over this one.
void append_encoded(std::string& form, std::string_view text) {
  for (std::size_t start = 0;;) {
    const auto blank = std::min(text.find(' ', start), text.size());
    form += net::encode_component(text.substr(start, blank - start));
    if (blank == text.size()) return;
    form += '+';
    start = blank + 1;
  }
}

}  // namespace

std::string encode_form(const Parameters& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (!form.empty()) form += '&';
    append_encoded(form, name);
    form += '=';
    append_encoded(form, value);
  }
  return form;
}

}  // namespace muster::aws
