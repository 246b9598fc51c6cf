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

  // "90s", "exponential:90s", "lognormal:90s:0.3". A duration is at most a year, sigma at most 5.
  static Result<Distribution> parse(std::string_view text);
  std::string to_text() const;

  // Never negative, at most a year.
  Millis draw(Random& random) const;

 private:
  enum class Kind { constant, exponential, lognormal };
  Distribution(Kind kind, Millis scale, std::int64_t sigma)
      : kind_(kind), scale_(scale), sigma_thousandths_(sigma) {}

  Kind kind_;
  Millis scale_;
  std::int64_t sigma_thousandths_;
};

}  // namespace muster::simulation
