#include "instance/self.hpp"

#include "instance/runner_config.hpp"

namespace muster::instance {

Self::Self(const aws::Environment& environment)
    : metadata_(environment, http_), session_(environment) {}

Result<std::string> Self::id(const std::stop_token& stop) {
  if (!id_.empty()) return id_;
  const auto answer = metadata_.get("instance-id", stop);
  if (!answer) {
    return Error{
        ErrorKind::unavailable,
        "the instance metadata service does not tell the instance's id: " + answer.error().message};
  }
  auto id = instance_id_in(*answer);
  if (id) id_ = *id;
  return id;
}

Result<std::string> Self::region(const std::stop_token& stop) {
  auto region = session_.region(stop);
  if (!region) return Error{ErrorKind::unavailable, region.error().message};
  return region;
}

}  // namespace muster::instance
