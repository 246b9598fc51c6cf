#include "doctor/class_secret.hpp"

#include <fmt/core.h>

#include "aws/region_and_endpoint.hpp"
#include "aws/secrets.hpp"
#include "base/text.hpp"
#include "doctor/ask.hpp"
#include "instance/class_token.hpp"

namespace muster::doctor {

namespace {

constexpr auto kCheck = "class-token";

Result<std::string> read(aws::Session& session, const GroupUse& use) {
  const auto named = aws::region_in_arn(use.token_secret);
  return ask("AWS", [&](const std::stop_token& stop) -> Result<std::string> {
    net::HttpClient http;
    auto secrets =
        aws::SecretsManager::open(session, http, named.empty() ? use.region : named, stop);
    if (!secrets) return secrets.error();
    return secrets->value(use.token_secret, stop);
  });
}

void judge_failure(Notes& notes, const std::string& secret, const Error& error) {
  switch (error.kind) {
    case ErrorKind::forbidden:
      return notes.unknown(
          kCheck, fmt::format("the secret '{}' is not looked at, as these credentials may not read "
                              "it; the scaler's must not: run doctor with your own",
                              printable(secret)));
    case ErrorKind::not_found:
      return notes.bad(kCheck, error.message + ": create it, or correct token_secret");
    case ErrorKind::invalid:  // it is to be deleted, or its name is none
      return notes.bad(kCheck, error.message);
    default:
      return notes.failed(kCheck, error, Asked::for_the_doctor);
  }
}

}  // namespace

Findings judge_class_secret(const GroupUse& use, const Result<std::string>& kept,
                            const std::string& personal) {
  Notes notes(use.subject());
  if (!kept) {
    judge_failure(notes, use.token_secret, kept.error());
    return notes.take();
  }
  const auto token = instance::class_token_in(*kept, use.token_secret);
  if (token && *token == personal) {
    notes.bad(kCheck, fmt::format("the secret '{}' holds the scaler's own personal token, which "
                                  "instances must not have: put the class's token into it",
                                  printable(use.token_secret)));
  } else if (token) {
    notes.good(kCheck, fmt::format("the secret '{}' holds a token", printable(use.token_secret)));
  } else {
    notes.bad(kCheck, token.error().message);
  }
  return notes.take();
}

Findings examine_class_secrets(aws::Session& session, const std::vector<GroupUse>& uses,
                               const std::string& personal) {
  Findings findings;
  for (const auto& use : uses) {
    if (!use.token_secret.empty()) {
      append(findings, judge_class_secret(use, read(session, use), personal));
      continue;
    }
    Notes notes(use.subject());
    notes.unknown(kCheck,
                  "not looked at: set auto_scaling_group.token_secret to the secret that holds the "
                  "token of its runners");
    append(findings, notes.take());
  }
  return findings;
}

}  // namespace muster::doctor
