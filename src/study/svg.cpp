#include "study/svg.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::study::svg {

namespace {

constexpr double kLineHeight = 14;

// The smallest of 1, 2, 5, 10, 20, … that is not below.
double round_step(double least) {
  if (least <= 0) return 1;
  const auto magnitude = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * magnitude >= least * 0.999) return factor * magnitude;
  }
  return 10 * magnitude;
}

// Of a stretch at one height only its ends: most of a quiet week is one.
std::string coordinates(const std::vector<Point>& points) {
  const auto level = [&](std::size_t i) { return std::lround(points[i].y * 10); };
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool within =
        i > 0 && i + 1 < points.size() && level(i - 1) == level(i) && level(i) == level(i + 1);
    if (within) continue;
    text += fmt::format("{}{:.1f} {:.1f}", text.empty() ? "M" : "L", points[i].x, points[i].y);
  }
  return text;
}

std::string css(std::string_view style) {
  return style.empty() ? "" : fmt::format(" class=\"{}\"", style);
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int wanted, bool whole) {
  auto step = round_step((high - low) / wanted);
  if (whole) step = std::max(step, 1.0);
  std::vector<double> ticks;
  const auto first = std::ceil(low / step - 1e-9);
  for (auto i = first; i * step <= high + step * 1e-9; ++i) {
    ticks.push_back(i == 0 ? 0 : i * step);  // never -0
  }
  return ticks;
}

Scale::Scale(double low, double high, double from, double to)
    : low_(low), high_(high > low ? high : low + 1), from_(from), to_(to) {}

Scale Scale::of_magnitudes(double low, double high, double from, double to) {
  Scale scale(low, high, from, to);
  scale.magnitudes_ = true;
  return scale;
}

Scale Scale::with_less_at(double place) const {
  auto scale = *this;
  scale.less_at_ = place;
  return scale;
}

double Scale::operator()(double value) const {
  if (less_at_ && value < low_) return *less_at_;
  const auto share = magnitudes_ ? std::log(value / low_) / std::log(high_ / low_)
                                 : (value - low_) / (high_ - low_);
  return from_ + share * (to_ - from_);
}

std::vector<double> Scale::ticks(int wanted, bool whole) const {
  if (!magnitudes_) return round_ticks(low_, high_, wanted, whole);
  const auto times = high_ / low_;
  const auto factors = times > 100  ? std::vector<double>{1}
                       : times > 10 ? std::vector<double>{1, 2, 5}
                                    : std::vector<double>{1, 1.5, 2, 3, 4, 5, 7};
  std::vector<double> ticks;
  for (auto tens = std::pow(10, std::floor(std::log10(low_))); tens <= high_; tens *= 10) {
    for (const auto factor : factors) {
      if (factor * tens >= low_ && factor * tens <= high_) ticks.push_back(factor * tens);
    }
  }
  return ticks;
}

std::string number(double value) {
  const auto magnitude = std::abs(value);
  if (magnitude >= 1'000'000) return fmt::format("{:g} M", value / 1'000'000);
  if (magnitude >= 10'000) return fmt::format("{:g} k", value / 1'000);
  return fmt::format("{:g}", value);
}

std::string text(Point at, std::string_view words, Anchor anchor, std::string_view style) {
  constexpr std::string_view kAnchors[] = {"start", "middle", "end"};
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>", at.x, at.y,
                     kAnchors[static_cast<std::size_t>(anchor)], css(style), escape_html(words));
}

std::string line(Point from, Point to, std::string_view style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"{}/>", from.x,
                     from.y, to.x, to.y, css(style));
}

std::string circle(Point at, double radius, std::string_view style) {
  return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"{}/>", at.x, at.y, radius,
                     css(style));
}

std::string path(const std::vector<Point>& points, std::string_view style) {
  return fmt::format("<path d=\"{}\"{}/>", coordinates(points), css(style));
}

std::string area(const std::vector<Point>& points, double bottom, std::string_view style) {
  if (points.empty()) return "";
  auto closed = points;
  closed.push_back({points.back().x, bottom});
  closed.push_back({points.front().x, bottom});
  return fmt::format("<path d=\"{}Z\"{}/>", coordinates(closed), css(style));
}

double width_of(std::string_view words) {
  return 6.6 * static_cast<double>(words.size());
}

std::string axis_x(const Frame& frame, const Scale& scale, const std::vector<double>& ticks,
                   std::string_view meaning) {
  std::string drawn;
  for (const auto tick : ticks) {
    const auto x = scale(tick);
    drawn += line({x, frame.top}, {x, frame.bottom}, "grid");
    drawn += text({x, frame.bottom + kLineHeight + 1}, number(tick), Anchor::middle, "tick");
  }
  drawn += line({frame.left, frame.bottom}, {frame.right, frame.bottom}, "axis");
  return drawn + text({(frame.left + frame.right) / 2, frame.bottom + 2 * kLineHeight + 5}, meaning,
                      Anchor::middle, "meaning");
}

std::string axis_y(const Frame& frame, const Scale& scale, const std::vector<double>& ticks,
                   std::string_view meaning) {
  std::string drawn;
  for (const auto tick : ticks) {
    const auto y = scale(tick);
    drawn += line({frame.left, y}, {frame.right, y}, "grid");
    drawn += text({frame.left - 6, y + 4}, number(tick), Anchor::end, "tick");
  }
  return drawn + text({frame.left, frame.top - 9}, meaning, Anchor::start, "meaning");
}

std::string drawing(double width, double height, std::string_view about, std::string_view content) {
  return fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">{}</svg>\n",
                     width, height, escape_html(about), content);
}

}  // namespace muster::study::svg
