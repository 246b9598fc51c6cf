#include "metrics/registry.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::metrics {
namespace {

constexpr std::size_t kLongestValue = 200;
constexpr std::string_view kOther = "other";

constexpr Definition kLeftOut{
    Kind::counter, "muster_metrics_beyond_limit_total",
    "Values of series that a metric had no room for: a counter has them in one labelled other."};

// Of text that printable() has made valid UTF-8 without control characters, as one scrape with a
// wrong byte is lost as a whole.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out += name;
  out += "=\"";
  append_escaped(out, printable(value, kLongestValue));
  out += '"';
}

std::size_t labels_of(const Definition& definition) {
  return static_cast<std::size_t>(std::ranges::find(definition.labels, "") -
                                  definition.labels.begin());
}

std::string written(const Definition& definition, Values values) {
  if (values.size() != labels_of(definition)) {
    throw std::logic_error(fmt::format("{} has other labels", definition.name));
  }
  std::string labels;
  const auto* name = definition.labels.begin();
  for (const auto value : values) append_label(labels, *name++, value);
  return labels;
}

std::string all_other(const Definition& definition) {
  std::string labels;
  for (std::size_t i = 0; i < labels_of(definition); ++i) {
    append_label(labels, definition.labels[i], kOther);
  }
  return labels;
}

std::string number(double value) {
  constexpr double kExact = 9e15;  // below it each whole number is itself
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == std::trunc(value) && std::abs(value) < kExact) {
    return fmt::format("{}", static_cast<std::int64_t>(value));
  }
  return fmt::format("{}", value);
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::histogram:
      return "histogram";
  }
  return "untyped";
}

void append_head(std::string& out, const Definition& definition) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", definition.name,
                 definition.help, to_string(definition.kind));
}

void append_line(std::string& out, std::string_view name, std::string_view suffix,
                 std::string_view labels, std::string_view value) {
  out += name;
  out += suffix;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

void append_histogram(std::string& out, const Definition& definition, std::string_view labels,
                      const std::vector<std::uint64_t>& buckets, double sum) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    below += buckets[i];
    const bool last = i == definition.buckets.size();
    const auto with_bound = fmt::format("{}{}le=\"{}\"", labels, labels.empty() ? "" : ",",
                                        last ? std::string("+Inf") : number(definition.buckets[i]));
    append_line(out, definition.name, "_bucket", with_bound, std::to_string(below));
  }
  append_line(out, definition.name, "_sum", labels, number(sum));
  append_line(out, definition.name, "_count", labels, std::to_string(below));
}

}  // namespace

Registry::Series* Registry::series_of(const Definition& definition, Values labels) {
  auto& family = families_[definition.name];
  family.definition = &definition;
  auto key = written(definition, labels);
  auto found = family.series.find(key);
  if (found == family.series.end()) {
    if (family.series.size() >= most_series_) {
      ++left_out_;
      if (definition.kind == Kind::gauge) return nullptr;
      key = all_other(definition);
    }
    found = family.series.try_emplace(std::move(key)).first;
  }
  if (definition.kind == Kind::histogram) {
    found->second.buckets.resize(definition.buckets.size() + 1);
  }
  return &found->second;
}

void Registry::add(const Definition& counter, Values labels, double amount) {
  if (auto* series = series_of(counter, labels)) series->value += amount;
}

void Registry::set(const Definition& gauge, Values labels, double value) {
  if (auto* series = series_of(gauge, labels)) series->value = value;
}

void Registry::observe(const Definition& histogram, Values labels, double value) {
  auto* series = series_of(histogram, labels);
  const auto bound = std::ranges::lower_bound(histogram.buckets, value);
  ++series->buckets[static_cast<std::size_t>(bound - histogram.buckets.begin())];
  series->value += value;
}

void Registry::clear(const Definition& metric) {
  families_.erase(metric.name);
}

void Registry::clear(const Definition& metric, std::string_view first) {
  const auto family = families_.find(metric.name);
  if (family == families_.end()) return;
  std::string begin;
  append_label(begin, metric.labels.front(), first);
  std::erase_if(family->second.series,
                [&](const auto& series) { return series.first.starts_with(begin); });
}

std::string Registry::text() const {
  std::string out;
  for (const auto& [name, family] : families_) {
    if (family.series.empty()) continue;
    append_head(out, *family.definition);
    for (const auto& [labels, series] : family.series) {
      if (family.definition->kind == Kind::histogram) {
        append_histogram(out, *family.definition, labels, series.buckets, series.value);
      } else {
        append_line(out, name, "", labels, number(series.value));
      }
    }
  }
  append_head(out, kLeftOut);
  append_line(out, kLeftOut.name, "", "", number(left_out_));
  return out;
}

}  // namespace muster::metrics
