#include "aws/document.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <boost/json.hpp>
#include <pugixml.hpp>

namespace muster::aws {

namespace {

constexpr std::size_t kMostLevels = 32;
constexpr std::size_t kMostNodes = 200'000;

Error malformed(std::string_view format, std::string_view why) {
  return {ErrorKind::invalid, fmt::format("this is not whole {}: {}", format, why)};
}

// Copies either library's tree; false if it is beyond the bounds.
class Copy {
 public:
  bool xml(const pugi::xml_node& from, Node& to, std::size_t level = 0) {
    if (!admit(level)) return false;
    const std::string_view name = from.name();
    to.name = name.substr(name.find(':') + 1);
    to.text = from.text().get();
    return std::ranges::all_of(from.children(), [&](const pugi::xml_node& child) {
      return child.type() != pugi::node_element ||
             xml(child, to.children.emplace_back(), level + 1);
    });
  }

  bool json(const boost::json::value& from, Node& to, std::size_t level = 0) {
    if (!admit(level)) return false;
    if (const auto* object = from.if_object()) {
      return std::ranges::all_of(*object, [&](const auto& member) {
        auto& child = to.children.emplace_back();
        child.name = member.key();
        return json(member.value(), child, level + 1);
      });
    }
    if (const auto* array = from.if_array()) {
      return std::ranges::all_of(*array, [&](const auto& element) {
        return json(element, to.children.emplace_back(), level + 1);
      });
    }
    if (const auto* text = from.if_string()) {
      to.text = std::string_view(*text);
    } else if (!from.is_null()) {
      to.text = boost::json::serialize(from);
    }
    return true;
  }

 private:
  bool admit(std::size_t level) { return level < kMostLevels && ++nodes_ <= kMostNodes; }

  std::size_t nodes_ = 0;
};

}  // namespace

const Node* Node::find(std::string_view path) const {
  const auto slash = std::min(path.find('/'), path.size());
  const auto child = std::ranges::find(children, path.substr(0, slash), &Node::name);
  if (child == children.end()) return nullptr;
  return slash == path.size() ? &*child : child->find(path.substr(slash + 1));
}

std::string Node::text_at(std::string_view path) const {
  const auto* node = find(path);
  return node ? node->text : "";
}

Result<Node> parse_xml(std::string_view text) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size(), pugi::parse_default);
  if (!parsed) {
    return malformed("XML", fmt::format("{} at byte {}", parsed.description(), parsed.offset));
  }
  Node root;
  if (!Copy().xml(document.document_element(), root)) return malformed("XML", "too much of it");
  return root;
}

Result<Node> parse_json(std::string_view text) {
  boost::json::error_code error;
  const auto value = boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
  if (error) return malformed("JSON", error.message());
  Node root;
  if (!Copy().json(value, root)) return malformed("JSON", "too much of it");
  return root;
}

}  // namespace muster::aws
