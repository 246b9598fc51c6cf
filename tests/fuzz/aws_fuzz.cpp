// What AWS answers, as a document, as a refusal, and in its files of settings.

#include "aws/document.hpp"
#include "aws/fault.hpp"
#include "aws/ini.hpp"
#include "fuzz/check.hpp"

namespace muster::fuzz {
namespace {

struct Extent {
  std::size_t nodes = 0;
  std::size_t levels = 0;
};

void measure(const aws::Node& node, std::size_t level, Extent& extent) {
  ++extent.nodes;
  extent.levels = std::max(extent.levels, level);
  for (const auto& child : node.children) measure(child, level + 1, extent);
}

void check_document(const Result<aws::Node>& document) {
  if (!document) return check_error(document.error());
  Extent extent;
  measure(*document, 1, extent);
  check(extent.nodes <= 200'000 && extent.levels <= 32, "a document is bounded");
}

void check_fault(int status, const std::string& body) {
  constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG";
  const net::ClientResponse response{.status = status, .body = body};
  const auto fault = aws::read_fault(response, {kSecret});
  check(fault.message.find(kSecret) == std::string::npos, "a secret is not told", fault.message);
  check_error(aws::describe(fault, "autoscaling:SetDesiredCapacity", "the role ci"));
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const auto text = fuzz::text_of(data, size);
  fuzz::check_document(aws::parse_xml(text));
  fuzz::check_document(aws::parse_json(text));
  for (const int status : {400, 403, 503}) fuzz::check_fault(status, std::string(text));
  if (const auto settings = aws::parse_ini(text); !settings) fuzz::check_error(settings.error());
  return 0;
}
