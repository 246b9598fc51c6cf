#pragma once

// Instances as processes of this machine: each a `muster agent`, or one for each of its slots, with
// a directory of its own, in which all that is the instance's is: its record, its log, its working
// directory, its tasks' files. Of several agents each has a part of it, by its number.
//
// The life of an instance, such that the scaler may die between any two steps (S8):
//   1. its directory and record are made, without a process
//   2. the agents are started; they block reading their configuration
//   3. their processes are recorded
//   4. the configuration, with the token, goes through pipes; it never touches the disk
// Died before 4, an agent reads nothing and ends. From 3 on the next scaler adopts them. Only an
// end that is certain (no such process any more) removes a directory; nothing here kills. Once one
// of several agents has ended, the others are asked to take no further task: an instance gives way
// as a whole.

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "capacity/agent_config.hpp"
#include "capacity/instance_record.hpp"
#include "capacity/process_watch.hpp"
#include "fleet/ports.hpp"

namespace muster::capacity {

struct LocalSettings {
  std::filesystem::path state_directory;
  std::map<std::string, AgentSettings> classes;
  // What is run with `agent --config -`.
  std::filesystem::path executable = "/proc/self/exe";
  std::string job_user;  // who jobs run as when we are root; empty: the agent's default
};

class LocalCapacity final : public fleet::CapacityProvider {
 public:
  // Adopts what an earlier scaler left in the state directory. The caller holds its StateLock.
  static Result<std::unique_ptr<LocalCapacity>> open(LocalSettings settings,
                                                     const Clock& clock = system_clock());

  Result<fleet::CapacityList> list(const std::stop_token& stop) override;
  Result<std::vector<std::string>> launch(const fleet::Place& place, std::int64_t count,
                                          const std::stop_token& stop) override;
  Result<void> drain(const std::string& id, const std::stop_token& stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  struct Agent {
    std::string runner;                         // its name
    std::filesystem::path directory;            // its own
    std::optional<process::Identity> identity;  // absent if it had ended before we could look
    std::optional<process::Child> child;        // absent: adopted
    std::shared_ptr<UniqueFd> pidfd;            // absent if it had ended before we could look
    std::optional<std::string> how;             // it ended
  };
  struct Instance {
    InstanceRecord record;
    std::vector<Agent> agents;  // none: never started
  };

  LocalCapacity(LocalSettings settings, const Clock& clock);
  Result<void> adopt();
  void adopt(InstanceRecord record);
  Result<std::string> launch_one(const std::string& resource_class, const AgentSettings& settings,
                                 const std::string& token);
  Result<void> start(Instance& instance, const AgentSettings& settings, const std::string& token);
  struct Pipe {
    UniqueFd reading;
    UniqueFd writing;
  };
  // The pipe by which it is given its configuration.
  Result<Pipe> start_agent(Instance& instance, const AgentSettings& settings, std::int64_t number);
  Result<process::Child> start_process(const InstanceRecord& record, const AgentSettings& settings,
                                       const std::filesystem::path& directory, int config_pipe);
  std::optional<std::string> how_ended(Instance& instance);
  static std::optional<std::string> how_ended(Agent& agent);
  static bool has_lost_an_agent(const Instance& instance);
  void give_way(const std::string& id);
  void bury(const Instance& instance, const std::string& how);
  void remove_directory(const std::filesystem::path& directory);
  std::filesystem::path directory_of(const std::string& id) const;

  const LocalSettings settings_;
  const Clock& clock_;
  const mode_t directory_mode_;
  std::map<std::string, Instance> instances_;
  ProcessWatch watch_;
};

// What open() and list() would see, without adopting, removing or changing anything.
Result<fleet::CapacityList> look_at_local(const std::filesystem::path& state_directory);

}  // namespace muster::capacity
