#pragma once

// A token that AWS keeps: in Secrets Manager, or as a parameter of Systems Manager.

#include <functional>
#include <stop_token>
#include <string>

#include "base/time.hpp"
#include "demand/token_source.hpp"

namespace muster::demand {

struct AwsToken {
  enum class Keeper { secrets_manager, parameter_store };
  Keeper keeper = Keeper::secrets_manager;
  std::string name;    // or ARN, whose region then counts
  std::string region;  // empty: that of the environment, as AWS's tools find it
  std::string field;   // of a value that is a JSON object; empty: the value is the token
};

// Asked for now, and waited for 10 s at most. ErrorKind::cancelled: `stop` was requested first.
Result<std::string> read_token_kept_by_aws(const AwsToken& where, const std::stop_token& stop);

// Asked for once a minute, or when it was refused (see remembered()).
TokenSource token_kept_by_aws(AwsToken where);

// `fetch`, at most once a minute; for a token that was refused at once, and then every ten seconds.
// While it fails, what it last gave is given, so that a short trouble with the keeper of the token
// does not stop the scaling. A fetch that was cancelled is as none.
TokenSource remembered(std::function<Result<std::string>(const std::stop_token&)> fetch,
                       const Clock& clock);

// The token in what is kept. The error does not quote it.
Result<std::string> token_of(const std::string& kept, const AwsToken& where);

}  // namespace muster::demand
