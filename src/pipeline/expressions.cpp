#include "pipeline/expressions.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::pipeline {

namespace {

constexpr std::string_view kExpression =
    "expressions are not supported yet; write \\<< for a literal <<";

// An expression opens and closes on one line; so a here-document (`cat <<EOF > file`) is none.
bool has_expression(std::string_view text) {
  for (auto open = text.find("<<"); open != std::string_view::npos; open = text.find("<<", open)) {
    const bool escaped = open > 0 && text[open - 1] == '\\';
    open += 2;
    const auto line = text.substr(open, text.find('\n', open) - open);
    if (!escaped && line.find(">>") != std::string_view::npos) return true;
  }
  return false;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (auto at = text.find("\\<<"); at != std::string_view::npos; at = text.find("\\<<")) {
    plain += text.substr(0, at);
    plain += "<<";
    text.remove_prefix(at + 3);
  }
  return plain.append(text);
}

class Resolver {
 public:
  explicit Resolver(yaml::Problems& problems) : problems_(problems) {}

  void resolve(yaml::Value& value, const std::string& path) {
    value.text = resolved(value.text, value.at, path);
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      resolve(value.items[i], fmt::format("{}[{}]", path, i));
    }
    for (auto& [key, at, inner] : value.entries) {
      const auto shown = printable(key, 60);
      const auto inner_path = path.empty() ? shown : path + "." + shown;
      key = resolved(key, at, inner_path);
      resolve(inner, inner_path);
    }
  }

 private:
  std::string resolved(const std::string& text, yaml::Position at, const std::string& path) {
    if (has_expression(text)) report(problems_, {at, path, std::string(kExpression)});
    return unescape(text);
  }

  yaml::Problems& problems_;
};

}  // namespace

void resolve_expressions(yaml::Value& document, yaml::Problems& problems) {
  Resolver(problems).resolve(document, "");
}

}  // namespace muster::pipeline
