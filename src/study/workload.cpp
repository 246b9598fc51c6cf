#include "study/workload.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "base/text.hpp"
#include "study/trace_times.hpp"

namespace muster::study {

namespace {

using simulation::Distribution;
using simulation::Random;

constexpr Millis kHour = std::chrono::hours(1);
constexpr Millis kDay = 24 * kHour;
constexpr int kMostDays = 1000;
constexpr Millis kLeastPause = std::chrono::seconds(1);  // from one burst to the next
constexpr std::int64_t kMostStages = 20;
constexpr int kRunsRemembered = 20;
constexpr std::int64_t kMostTasks = 10'000;  // of a stage, or pipelines of a burst
constexpr std::int64_t kMostRate = 100'000;  // pipelines an hour

// How busy each hour of a working day is, in thousandths of the busiest.
constexpr std::array<std::int64_t, 24> kWorkingDay = {20,  20,  20,   20,  20,  30,  60,   200,
                                                      500, 850, 1000, 950, 700, 850, 1000, 1000,
                                                      900, 700, 350,  180, 120, 80,  50,   30};
constexpr std::int64_t kWeekend = 40;

// When a trace begins: on a Monday, at midnight.
constexpr WallTime kMonday{std::chrono::sys_days(std::chrono::year(2026) / 1 / 5)};

std::int64_t weight_at(Millis time) {
  const auto day = time / kDay % 7;
  return day >= 5 ? kWeekend : kWorkingDay[static_cast<std::size_t>(time / kHour % 24)];
}

class Generator {
 public:
  Generator(const Workload& workload, Random random) : workload_(workload), random_(random) {}

  // False: they are too many.
  bool run() { return workload_.shape == Workload::Shape::bursts ? bursts() : one_by_one(); }
  const std::vector<TraceTask>& tasks() const { return tasks_; }
  std::int64_t pipelines() const { return pipelines_; }

 private:
  // At the busiest hour's rate; at other times some are left out by chance.
  bool one_by_one() {
    const auto gap = Distribution::exponential(kHour * 1000 / workload_.rate);
    for (Millis at = gap.draw(random_); at < workload_.length; at += gap.draw(random_)) {
      const bool busy =
          workload_.shape == Workload::Shape::poisson || random_.chance(weight_at(at));
      if (busy && !pipeline(at)) return false;
    }
    return true;
  }

  bool bursts() {
    for (auto at = workload_.first; at < workload_.length;) {
      for (auto left = random_.between(workload_.least_size, workload_.most_size); left > 0;
           --left) {
        if (!pipeline(at + random_.between(Millis(0), workload_.within))) return false;
      }
      at += std::max(workload_.every.draw(random_), kLeastPause);
    }
    return true;
  }

  bool pipeline(Millis at) { return workload_.chained ? chain(at) : as_if_none_waited(at); }

  bool as_if_none_waited(Millis at) {
    for (const auto width : workload_.stages) {
      Millis longest{};
      for (std::int64_t i = 0; i < width; ++i) {
        const auto duration = std::min(workload_.run.draw(random_), workload_.longest);
        tasks_.push_back({0, at, duration});
        longest = std::max(longest, duration);
      }
      at += longest;
    }
    return tasks_.size() <= kMostTraceTasks;
  }

  bool chain(Millis at) {
    bool comes = true;
    for (std::size_t stage = 0; stage < workload_.stages.size(); ++stage) {
      Millis longest{};
      bool any_fails = false;
      for (std::int64_t i = 0; i < workload_.stages[stage]; ++i) {
        const auto task = tasks_.emplace_back(chained_task(at, stage, comes));
        longest = std::max(longest, task.duration);
        any_fails |= task.place->fails;
      }
      at += std::max(longest, Millis(1));
      comes = comes && !any_fails;
    }
    ++pipelines_;
    return tasks_.size() <= kMostTraceTasks;
  }

  TraceTask chained_task(Millis at, std::size_t stage, bool comes) {
    const auto usual = std::min(workload_.run.draw(random_), workload_.longest);
    const auto varying = Distribution::lognormal(usual, workload_.vary);
    const auto now = std::min(varying.draw(random_), workload_.longest);
    const InPipeline place{pipelines_, static_cast<std::int64_t>(stage), took_before(varying),
                           random_.chance(workload_.fail), comes};
    return {0, at, now, place};
  }

  // As `muster server` tells it: four of five of the latest took no longer.
  Millis took_before(const Distribution& varying) {
    std::array<Millis, kRunsRemembered> runs;
    for (auto& run : runs) run = std::min(varying.draw(random_), workload_.longest);
    const auto most = runs.begin() + kRunsRemembered * 4 / 5 - 1;
    std::ranges::nth_element(runs, most);
    return *most;
  }

  const Workload& workload_;
  Random random_;
  std::vector<TraceTask> tasks_;
  std::int64_t pipelines_ = 0;
};

// --- the words ----------------------------------------------------------------------------------

std::optional<std::int64_t> count_from(std::string_view text, std::int64_t most) {
  const auto count = parse_int(text);
  return count && *count >= 1 && *count <= most ? count : std::nullopt;
}

// "5-20", or "5", which is from 5 to 5.
bool read_size(Workload& workload, std::string_view value) {
  const auto parts = split(value, '-');
  const auto least = count_from(parts.front(), kMostTasks);
  const auto most = count_from(parts.back(), kMostTasks);
  if (parts.size() > 2 || !least || !most || *least > *most) return false;
  workload.least_size = *least;
  workload.most_size = *most;
  return true;
}

bool read_stages(Workload& workload, std::string_view value) {
  workload.stages.clear();
  for (const auto& part : split(value, '-')) {
    const auto width = count_from(part, kMostTasks);
    if (!width) return false;
    workload.stages.push_back(*width);
  }
  return std::ssize(workload.stages) <= kMostStages;
}

bool read_chain(Workload& workload, std::string_view value) {
  workload.chained = true;
  return read_stages(workload, value);
}

// Of one: "0.25" is 250.
bool read_thousandths(std::int64_t& target, std::string_view value, std::int64_t most) {
  const auto read = parse_seconds(value);
  if (!read || read->count() < 0 || read->count() > most) return false;
  target = read->count();
  return true;
}

// "0.5" is 500.
bool read_rate(Workload& workload, std::string_view value) {
  const auto rate = parse_seconds(value);
  if (!rate || rate->count() < 1 || rate->count() > kMostRate * 1000) return false;
  workload.rate = rate->count();
  return true;
}

bool read_days(Workload& workload, std::string_view value) {
  const auto days = count_from(value, kMostDays);
  if (days) workload.length = *days * kDay;
  return days.has_value();
}

bool read_class(Workload& workload, std::string_view value) {
  workload.resource_class = value;
  return !value.empty() && value.size() <= 200 && printable(value) == value &&
         value.find('"') == std::string_view::npos;
}

bool read_duration(Millis& target, std::string_view value) {
  const auto duration = parse_duration(value);
  if (!duration || *duration > kMostDays * kDay) return false;
  target = *duration;
  return true;
}

bool read_distribution(Distribution& target, std::string_view value) {
  const auto distribution = Distribution::parse(value);
  if (distribution) target = *distribution;
  return distribution.has_value();
}

struct Key {
  std::string_view name;
  std::string_view what;  // it may be
  bool (*read)(Workload&, std::string_view);
};

constexpr Key kKeys[] = {
    {"class", "a name", read_class},
    {"days", "a number from 1 to 1000", read_days},
    {"rate", "pipelines an hour, such as 20 or 0.5", read_rate},
    {"stages", "how many tasks each has, such as 1-6-1", read_stages},
    {"chain", "as stages, but each begins when the one before it has really ended", read_chain},
    {"vary", "how much a task of a chain differs from before, a sigma from 0 to 2",
     [](Workload& workload, std::string_view value) {
       return read_thousandths(workload.vary, value, 2'000);
     }},
    {"fail", "which part of the tasks of a chain fails, from 0 to 1",
     [](Workload& workload, std::string_view value) {
       return read_thousandths(workload.fail, value, 1'000);
     }},
    {"run", "a distribution such as lognormal:3m:0.8, pareto:1m:1.5 or 90s",
     [](Workload& workload, std::string_view value) {
       return read_distribution(workload.run, value);
     }},
    {"longest", "a duration such as 5h",
     [](Workload& workload, std::string_view value) {
       return read_duration(workload.longest, value) && workload.longest <= kLongestTask;
     }},
    {"every", "a duration or distribution such as 24h or exponential:2h, of a second at least",
     [](Workload& workload, std::string_view value) {
       return read_distribution(workload.every, value) && workload.every.scale() >= kLeastPause;
     }},
    {"first", "a duration such as 2h",
     [](Workload& workload, std::string_view value) {
       return read_duration(workload.first, value);
     }},
    {"size", "a number or a range such as 5-20", read_size},
    {"within", "a duration such as 10m",
     [](Workload& workload, std::string_view value) {
       return read_duration(workload.within, value);
     }},
};

std::optional<Workload::Shape> shape_of(std::string_view word) {
  if (word == "poisson") return Workload::Shape::poisson;
  if (word == "week") return Workload::Shape::week;
  if (word == "bursts") return Workload::Shape::bursts;
  return std::nullopt;
}

Error wrong(std::string_view spec, std::string_view why) {
  return {ErrorKind::invalid, fmt::format("'{}': {}", printable(spec), why)};
}

Result<void> read_key(Workload& workload, std::string_view spec, std::string_view part) {
  const auto sign = std::min(part.find('='), part.size());
  const auto name = part.substr(0, sign);
  const auto value = part.substr(std::min(sign + 1, part.size()));
  std::vector<std::string_view> names;
  for (const auto& key : kKeys) {
    names.push_back(key.name);
    if (key.name != name) continue;
    if (key.read(workload, value)) return ok();
    return wrong(spec, fmt::format("{} is {}", name, key.what));
  }
  return wrong(spec,
               fmt::format("there is no '{}'{}", printable(name, 40), did_you_mean(name, names)));
}

constexpr std::string_view kOfBursts[] = {"every", "first", "size", "within"};
constexpr std::string_view kOfAChain[] = {"vary", "fail"};

// Why a key would change nothing beside the others; or nothing is said.
std::string_view why_in_vain(const Workload& workload, std::string_view key) {
  const bool are_bursts = workload.shape == Workload::Shape::bursts;
  if (!are_bursts && std::ranges::count(kOfBursts, key) > 0) return "is of bursts alone";
  if (!workload.chained && std::ranges::count(kOfAChain, key) > 0) return "is of a chain alone";
  if (are_bursts && key == "rate") return "is not of bursts: every and size say how many there are";
  if (workload.chained && key == "stages") return "and chain are in each other's place: give one";
  return "";
}

}  // namespace

Result<Workload> parse_workload(std::string_view spec) {
  const auto parts = split(spec, ',');
  const auto shape = shape_of(parts.front());
  if (!shape) return wrong(spec, "it begins with poisson, week or bursts");
  Workload workload;
  workload.shape = *shape;
  std::set<std::string_view> given;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (auto read = read_key(workload, spec, parts[i]); !read) return read.error();
    const auto key = std::string_view(parts[i]).substr(0, parts[i].find('='));
    if (!given.insert(key).second) return wrong(spec, fmt::format("{} is given twice", key));
  }
  for (const auto key : given) {
    const auto why = why_in_vain(workload, key);
    if (!why.empty()) return wrong(spec, fmt::format("{} {}", key, why));
  }
  return workload;
}

Result<Trace> generate(const std::vector<Workload>& workloads, std::uint64_t seed) {
  Trace trace;
  std::int64_t pipelines = 0;
  Random seeds(seed);
  for (const auto& workload : workloads) {
    Generator generator(workload, seeds.fork());
    if (!generator.run() || trace.tasks.size() + generator.tasks().size() > kMostTraceTasks) {
      return Error{
          ErrorKind::invalid,
          fmt::format("that would be more than {} tasks; ask for fewer days or a lower rate",
                      kMostTraceTasks)};
    }
    const auto known = std::ranges::find(trace.classes, workload.resource_class);
    const auto number = static_cast<std::size_t>(known - trace.classes.begin());
    if (known == trace.classes.end()) trace.classes.push_back(workload.resource_class);
    for (auto task : generator.tasks()) {
      task.resource_class = number;
      if (task.place) task.place->pipeline += pipelines;
      trace.tasks.push_back(task);
    }
    pipelines += generator.pipelines();
  }
  std::ranges::stable_sort(trace.tasks, {}, &TraceTask::at);
  if (trace.tasks.empty()) {
    return Error{ErrorKind::invalid, "no task at all came out of that; ask for more days"};
  }
  trace.beginning = kMonday;
  return trace;
}

}  // namespace muster::study
