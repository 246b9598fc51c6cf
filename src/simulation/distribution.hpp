#pragma once

// How long something takes in a simulated world: always the same, or by chance.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "simulation/random.hpp"

namespace muster::simulation {

class Distribution {
 public:
  static Distribution constant(Millis value);
  static Distribution exponential(Millis mean);
  // The logarithm is normal: half are below `median`, a sixth above median times e^sigma. `sigma`
  // is in thousandths. The tail ends at six sigma.
  static Distribution lognormal(Millis median, std::int64_t sigma_thousandths);

  // Heavy-tailed: at least `least`, and 2^alpha times as few are above twice any length. `alpha` is
  // in thousandths, at least 500.
  static Distribution pareto(Millis least, std::int64_t alpha_thousandths);

  // "90s", "exponential:90s", "lognormal:90s:0.3", "pareto:60s:1.5". A duration is at most a year;
  // sigma is at most 5, and alpha 0.5 to 5.
  static Result<Distribution> parse(std::string_view text);
  std::string to_text() const;

  // Its length, mean, median or least.
  Millis scale() const { return scale_; }
  // What nothing that is drawn is shorter than, and can be as short as, or nearly.
  Millis least() const;
  // Never negative, at most a year.
  Millis draw(Random& random) const;

 private:
  enum class Kind { constant, exponential, lognormal, pareto };
  Distribution(Kind kind, Millis scale, std::int64_t shape)
      : kind_(kind), scale_(scale), shape_thousandths_(shape) {}
  std::int64_t lognormal_at(std::int64_t deviation) const;

  Kind kind_;
  Millis scale_;
  std::int64_t shape_thousandths_;  // sigma or alpha
};

}  // namespace muster::simulation
