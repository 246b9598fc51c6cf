#include "instance/class_token.hpp"

#include <fmt/core.h>

#include "aws/document.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "base/token_file.hpp"

namespace muster::instance {

namespace {

constexpr std::string_view kMember = "token";
constexpr std::size_t kLongestToken = 4096;

Error refused(std::string_view secret, std::string_view why) {
  return {ErrorKind::invalid,
          fmt::format("the secret '{}' {}: put the token of a resource class there, alone or as "
                      R"({{"token": "..."}}, with: aws secretsmanager put-secret-value )"
                      "--secret-id {} --secret-string file://class.token",
                      printable(secret), why, shell_word(printable(secret)))};
}

bool is_json(std::string_view text) {
  return text.starts_with('{') || text.starts_with('[') || text.starts_with('"');
}

}  // namespace

Result<std::string> class_token_in(std::string_view kept, std::string_view secret) {
  const auto text = trim(kept);
  if (text.empty()) return refused(secret, "is empty");
  if (text.size() > kLongestToken) return refused(secret, "is too long to be a token");
  auto token = std::string(text);
  if (is_json(text)) {
    const auto document = aws::parse_json(text);
    if (!document) return refused(secret, "begins as JSON and is none");
    const auto* member = document->find(kMember);
    if (member == nullptr) return refused(secret, R"(is JSON without a member "token")");
    token = member->text;
  }
  auto word = token_in(token, "");
  if (!word) return refused(secret, "holds no token, which is one word");
  return word;
}

}  // namespace muster::instance
