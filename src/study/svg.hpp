#pragma once

// The parts of a plot, as SVG: scales, axes with round ticks, words. Pure.
//
// Colours are CSS variables of the page, so that one drawing serves light and dark.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::study::svg {

struct Point {
  double x = 0, y = 0;
};

// Where on the paper a plot's data lie.
struct Frame {
  double left = 0, top = 0, right = 0, bottom = 0;
};

// Round numbers from `low` to `high`, about `wanted` of them; whole ones only, if so wanted.
std::vector<double> round_ticks(double low, double high, int wanted, bool whole = false);

// From a range of values to a range of the paper.
class Scale {
 public:
  Scale(double low, double high, double from, double to);
  // Even steps for tens, hundreds, thousands: for values that differ by much. `low` is above 0.
  static Scale of_magnitudes(double low, double high, double from, double to);
  // What is below its range, such as 0, is there: at a place of its own.
  Scale with_less_at(double place) const;

  double operator()(double value) const;
  std::vector<double> ticks(int wanted, bool whole = false) const;
  double low() const { return low_; }
  bool is_of_magnitudes() const { return magnitudes_; }

 private:
  double low_, high_, from_, to_;
  bool magnitudes_ = false;
  std::optional<double> less_at_;
};

enum class Anchor { start, middle, end };

// "12,345", "0.5": as few digits as tell it from its neighbours.
std::string number(double value);
std::string text(Point at, std::string_view words, Anchor anchor, std::string_view style = "");
std::string line(Point from, Point to, std::string_view style);
std::string circle(Point at, double radius, std::string_view style);
std::string path(const std::vector<Point>& points, std::string_view style);
// Filled down to `bottom`.
std::string area(const std::vector<Point>& points, double bottom, std::string_view style);

// How wide words are, nearly, in the page's small type; of wide fonts and bold words not less.
double width_of(std::string_view words);

// Grid lines with their numbers, and what the numbers mean.
std::string axis_x(const Frame& frame, const Scale& scale, const std::vector<double>& ticks,
                   std::string_view meaning);
std::string axis_y(const Frame& frame, const Scale& scale, const std::vector<double>& ticks,
                   std::string_view meaning);

// The whole drawing. `about` is what a screen reader says of it.
std::string drawing(double width, double height, std::string_view about, std::string_view content);

}  // namespace muster::study::svg
