#pragma once

// Machines of any other kind: a program of the user launches, lists and ends them. It is run as
//
//   PROGRAM… list CLASS            prints {"instances": [{"id": "vm-1",
//                                    "launched_at": "2026-01-01T00:00:00Z", "draining": false}]}
//   PROGRAM… launch CLASS COUNT    starts them, prints {"ids": ["vm-2", "vm-3"]}
//   PROGRAM… drain CLASS ID        asks one to take no further task; must not end a running one
//   PROGRAM… end CLASS ID          ends one that never connected, or is older than any task
//
// and ends with exit code 0. Several classes may be listed at the same time. When we are stopped, a
// `list` is ended at once, and any other after 2 s, if it has not ended by itself. An id is the
// name of the runner on that machine: 1 to 128 visible ASCII characters. An instance that is not
// listed any more has ended; one that was just launched may take two minutes to be listed.

#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "fleet/ports.hpp"

namespace muster::capacity {

struct CommandSettings {
  std::vector<std::string> program;  // and its first arguments
  Millis timeout = std::chrono::minutes(1);
  bool single_task = true;
};

class CommandCapacity final : public fleet::CapacityProvider {
 public:
  explicit CommandCapacity(std::map<std::string, CommandSettings> classes);

  Result<fleet::CapacityList> list(const std::stop_token& stop) override;
  Result<std::vector<std::string>> launch(const fleet::Place& place, std::int64_t count,
                                          const std::stop_token& stop) override;
  Result<void> drain(const std::string& id, const std::stop_token& stop) override;
  Result<void> reap(const std::string& id, const std::stop_token& stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  Result<std::vector<std::string>> launched_by_program(const std::string& resource_class,
                                                       std::int64_t count,
                                                       const std::stop_token& stop);
  Result<std::string> ask(const std::string& resource_class, const std::vector<std::string>& words,
                          const std::stop_token& stop, Millis grace) const;
  // `printed`: by the program, asked for that class.
  Result<void> read_list(const std::string& name, const Result<std::string>& printed,
                         fleet::CapacityList& all);

  const std::map<std::string, CommandSettings> classes_;
  std::map<std::string, fleet::CapacityInstance> known_;  // by id, as the latest list() was told
};

}  // namespace muster::capacity
