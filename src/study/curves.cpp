#include "study/curves.hpp"

#include <algorithm>

namespace muster::study {

void Curves::add(Millis when, const simulation::Levels& levels) {
  const auto until = std::min(when, end_);
  while (latest_ < until) {
    const auto next = std::min(until, begin_of(point_ + 1));
    const auto lasted = (next - latest_).count();
    auto& sum = sums_[point_];
    sum.waiting += levels_.waiting * lasted;
    sum.desired += levels_.desired * lasted;
    sum.live += levels_.live * lasted;
    sum.busy += levels_.busy * lasted;
    latest_ = next;
    if (latest_ >= begin_of(point_ + 1) && point_ + 1 < kPoints) ++point_;
  }
  levels_ = levels;
}

void Curves::next_world() {
  add(end_, {});
  latest_ = Millis(0);
  point_ = 0;
}

std::vector<CurvePoint> Curves::points() const {
  std::vector<CurvePoint> points;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const auto lasted =
        static_cast<double>(std::max<std::int64_t>((begin_of(i + 1) - begin_of(i)).count(), 1));
    const auto mean = [&](std::int64_t sum) { return static_cast<double>(sum) / lasted; };
    points.push_back(
        {mean(sums_[i].waiting), mean(sums_[i].desired), mean(sums_[i].live), mean(sums_[i].busy)});
  }
  return points;
}

}  // namespace muster::study
