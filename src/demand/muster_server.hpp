#pragma once

// The queue of `muster server`: GET /api/muster/v1/demand, with long polls (docs/protocol.md).

#include <mutex>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "demand/server_access.hpp"
#include "fleet/ports.hpp"
#include "net/http_client.hpp"

namespace muster::demand {

class MusterServer final : public fleet::DemandSource {
 public:
  MusterServer(ServerAccess access, const std::vector<std::string>& resource_classes,
               const Clock& clock = system_clock());

  std::map<std::string, fleet::ClassDemand> read(std::stop_token stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  void back_off(std::stop_token stop);

  const ServerAccess access_;
  const std::vector<std::string> classes_;
  const std::string query_;  // naming the classes
  const Clock& clock_;

  net::HttpClient reading_;  // of the thread that calls read()
  net::HttpClient waiting_;  // of the thread that calls wait_for_change()
  int failures_ = 0;         // in a row, of the waiting thread

  std::mutex mutex_;
  std::string version_;  // of the latest reading; empty: there is none. Guarded by mutex_
};

}  // namespace muster::demand
