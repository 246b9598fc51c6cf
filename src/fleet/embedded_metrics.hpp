#pragma once

// Metrics as CloudWatch takes them from a log: lines in its embedded metric format, one a class,
// with every sample since the last. What AWS Lambda prints goes there by itself.
// Source: "Specification: Embedded metric format" of Amazon CloudWatch's user guide.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fleet/loop.hpp"

namespace muster::fleet {

class EmbeddedMetrics final : public DecisionObserver {
 public:
  // `function` is a dimension beside the class, so that two that scale one class are told apart.
  explicit EmbeddedMetrics(std::string function) : function_(std::move(function)) {}

  void decided(const std::vector<ClassPass>& classes) override;

  // The lines, without line ends, for what was decided since this was last called.
  std::vector<std::string> take_lines(WallTime now);

  // Of the latest pass that decided anything since the lines were last taken.
  const std::vector<ClassPass>& latest() const { return latest_; }

 private:
  using Samples = std::map<std::string_view, std::vector<std::int64_t>>;  // by metric

  const std::string function_;
  std::map<std::string, Samples> classes_;
  std::vector<ClassPass> latest_;
};

}  // namespace muster::fleet
