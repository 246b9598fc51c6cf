#pragma once

// The metrics of a process, and how Prometheus reads them.
//
//   registry.add(kRequests, {"GET", "2xx"});
//   registry.observe(kRequestSeconds, {"GET"}, 0.004);
//   reply(registry.text());
//
// A series appears when it is first named. Belongs to one thread, or to who locks it.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/definition.hpp"

namespace muster::metrics {

// As Prometheus asks for it by default: text, version 0.0.4.
inline constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

class Registry {
 public:
  // Series of one metric; a name from outside may be in their labels. Past it a counter and a
  // histogram go on in one whose labels are all "other", so that sums stay true, and a gauge's is
  // left out.
  static constexpr std::size_t kMostSeries = 5'000;

  explicit Registry(std::size_t most_series = kMostSeries) : most_series_(most_series) {}

  void add(const Definition& counter, Values labels, double amount = 1);
  // Also of a counter that is kept elsewhere.
  void set(const Definition& gauge, Values labels, double value);
  void observe(const Definition& histogram, Values labels, double value);
  // All its series are gone: for a gauge that is set anew for what there is now.
  void clear(const Definition& metric);
  // Those of a metric whose first label is this.
  void clear(const Definition& metric, std::string_view first);

  // All there is, sorted by name and labels.
  std::string text() const;

 private:
  struct Series {
    double value = 0;  // of a histogram the sum
    std::vector<std::uint64_t>
        buckets;  // of a histogram, each for itself; the last is for the rest
  };
  struct Family {
    const Definition* definition = nullptr;
    std::map<std::string, Series, std::less<>> series;  // by its labels as they are written
  };
  Series* series_of(const Definition& definition, Values labels);

  std::size_t most_series_;
  std::map<std::string_view, Family> families_;
  double left_out_ = 0;
};

}  // namespace muster::metrics
