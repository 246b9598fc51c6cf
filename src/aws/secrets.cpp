#include "aws/secrets.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr Service kSecretsManager{"secrets_manager", "secretsmanager", "secretsmanager", true};
constexpr Service kParameterStore{"ssm", "ssm", "ssm"};

}  // namespace

Result<SecretsManager> SecretsManager::open(Session& session, net::HttpClient& http,
                                            std::string region, const std::stop_token& stop,
                                            Patience patience) {
  auto client =
      Client::open(session, http, kSecretsManager, std::move(region), stop, std::move(patience));
  if (!client) return client.error();
  return SecretsManager(std::move(*client));
}

Result<std::string> SecretsManager::value(const std::string& id, const std::stop_token& stop) {
  const auto what = fmt::format("the secret '{}' in {}", printable(id), client_.region());
  const auto answer = client_.json("GetSecretValue", "secretsmanager",
                                   fmt::format(R"({{"SecretId":{}}})", json_text(id)), stop);
  if (!answer) return answer.error().within(what);
  if (const auto* text = answer->find("SecretString")) return text->text;
  std::string bytes;
  const auto* binary = answer->find("SecretBinary");
  if (binary && base64_decode(binary->text, bytes)) return bytes;
  return Error{ErrorKind::unavailable, what + " has no value in the answer of AWS"};
}

Result<ParameterStore> ParameterStore::open(Session& session, net::HttpClient& http,
                                            std::string region, const std::stop_token& stop,
                                            Patience patience) {
  auto client =
      Client::open(session, http, kParameterStore, std::move(region), stop, std::move(patience));
  if (!client) return client.error();
  return ParameterStore(std::move(*client));
}

Result<std::string> ParameterStore::value(const std::string& name, const std::stop_token& stop) {
  const auto what = fmt::format("the parameter '{}' in {}", printable(name), client_.region());
  const auto answer =
      client_.json("GetParameter", "AmazonSSM",
                   fmt::format(R"({{"Name":{},"WithDecryption":true}})", json_text(name)), stop);
  if (!answer) return answer.error().within(what);
  if (const auto* value = answer->find("Parameter/Value")) return value->text;
  return Error{ErrorKind::unavailable, what + " has no value in the answer of AWS"};
}

}  // namespace muster::aws
