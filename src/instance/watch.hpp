#pragma once

// Looks for notices in the instance's metadata, and runs a command at the first. One thread.

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "aws/instance_metadata.hpp"
#include "aws/retry.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "instance/notice.hpp"

namespace muster::instance {

class Watch {
 public:
  // `metadata` must outlive it.
  Watch(aws::InstanceMetadata& metadata, std::vector<std::string> command, Millis interval)
      : metadata_(metadata), command_(std::move(command)), interval_(interval) {}

  // Until `stop` is requested.
  void run(const std::stop_token& stop);

 private:
  void look(const std::stop_token& stop);
  void tell(Topic topic, const std::string& notice);
  void note_trouble(const std::string& trouble);
  bool is_due() const;
  void carry_out(const std::stop_token& stop);
  Millis pause() const;

  aws::InstanceMetadata& metadata_;
  const std::vector<std::string> command_;
  const Millis interval_;
  const aws::Patience patience_ = aws::usual_patience();
  std::set<Topic> told_;              // no notice is told twice
  bool in_trouble_ = false;           // the service does not answer, which is told
  std::optional<MonotonicTime> due_;  // when the command is run; nothing: no notice, or it is done
  int failed_ = 0;                    // how often it was run in vain
};

}  // namespace muster::instance
