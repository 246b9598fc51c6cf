#pragma once

// An answer of AWS as a tree, whether it came as XML or as JSON, so that what reads it needs
// neither library. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace muster::aws {

struct Node {
  std::string name;  // of the element or member; empty at the top of JSON and within its arrays
  std::string text;  // of what has no children
  std::vector<Node> children;

  // The first child so named, or by a path of such: "Error/Code". Null if there is none.
  const Node* find(std::string_view path) const;
  // Its text; empty if there is none.
  std::string text_at(std::string_view path) const;
};

// Namespaces and attributes are dropped. More than 32 levels or 200,000 nodes are an error, as is
// anything that is not whole. Errors do not quote the text.
Result<Node> parse_xml(std::string_view text);
Result<Node> parse_json(std::string_view text);

}  // namespace muster::aws
