#include "history/record.hpp"

#include "history/record_members.hpp"

namespace muster::history {

using namespace scaling;

// Found by their Place, and so in its namespace.
// --- Snapshots and decisions --------------------------------------------------------------------

static void read(const json::value& value, const Place& at, InstanceState& into) {
  into = named<InstanceState>(value, at, "state of an instance",
                              [](InstanceState state) { return fleet::to_string(state); });
}

static void read(const json::value& value, const Place& at, Rule& into) {
  into = named<Rule>(value, at, "rule", [](Rule rule) { return scaling::to_string(rule); });
}

static void read(const json::value& value, const Place& at, Demand& into) {
  Members members(value, at);
  if (members.has("unknown")) {
    DemandUnknown unknown;
    members.must("unknown", unknown.why).end();
    into = std::move(unknown);
    return;
  }
  DemandReading reading;
  members.must("unclaimed", reading.unclaimed)
      .must("running", reading.running)
      .must("read_at", reading.read_at)
      .end();
  into = reading;
}

static void read(const json::value& value, const Place& at, Foreseen& into) {
  Members(value, at)
      .must("expected_at", into.expected_at)
      .must("tasks", into.tasks)
      .must("freed", into.freed)
      .end();
}

static void read(const json::value& value, const Place& at, Instance& into) {
  Members(value, at)
      .must("id", into.id)
      .must("state", into.state)
      .must("launched_at", into.launched_at)
      .must("requested", into.requested)
      .may("group", into.group)
      .may("used_at", into.used_at)
      .may("slots", into.slots)
      .may("running", into.running)
      .end();
}

static void read(const json::value& value, const Place& at, Group& into) {
  Members(value, at)
      .must("name", into.name)
      .must("most", into.most)
      .must("came", into.came)
      .must("refused", into.refused)
      .end();
}

static void read(const json::value& value, const Place& at, Shortage& into) {
  Members(value, at)
      .must("group", into.group)
      .must("refusals", into.refusals)
      .must("until", into.until)
      .must("why", into.why)
      .end();
}

static void read(const json::value& value, const Place& at, Rate& into) {
  Members(value, at).must("most", into.most).must("per_ms", into.per).end();
}

static void read(const json::value& value, const Place& at, SpendCap& into) {
  Members(value, at).must("instance_hours", into.instance_hours).must("per_ms", into.per).end();
}

static void read(const json::value& value, const Place& at, Warm& into) {
  Members(value, at)
      .must("percent_of_busy", into.percent_of_busy)
      .must("least", into.least)
      .must("most", into.most)
      .end();
}

static void read(const json::value& value, const Place& at, Policy& into) {
  Members(value, at)
      .must("min", into.min)
      .must("max", into.max)
      .may("slots", into.slots)
      .must("headroom", into.headroom)
      .must("warm", into.warm)
      .must("scale_in_delay_ms", into.scale_in_delay)
      .must("launch_rate", into.launch_rate)
      .must("scale_in_rate", into.scale_in_rate)
      .must("spend_cap", into.spend_cap)
      .must("soon_free", into.soon_free)
      .may("foresight", into.foresight)
      .may("reuses", into.reuses)
      .must("boot_timeout_ms", into.boot_timeout)
      .must("boot_backoff_first_ms", into.boot_backoff_first)
      .must("boot_backoff_most_ms", into.boot_backoff_most)
      .may("shortage_backoff_first_ms", into.shortage_backoff_first)
      .may("shortage_backoff_most_ms", into.shortage_backoff_most)
      .must("demand_max_age_ms", into.demand_max_age)
      .must("reaps", into.reaps)
      .must("drains", into.drains)
      .must("withdraw_after", into.withdraw_after)
      .must("longest_life_ms", into.longest_life)
      .end();
}

static void read(const json::value& value, const Place& at, Surplus& into) {
  Members(value, at).must("since", into.since).must("least", into.least).end();
}

static void read(const json::value& value, const Place& at, Used& into) {
  Members(value, at).must("until", into.until).must("amount", into.amount).end();
}

static void read(const json::value& value, const Place& at, Spend& into) {
  Members(value, at)
      .must("used", into.used)
      .must("counted_until", into.counted_until)
      .must("living", into.living)
      .end();
}

static void read(const json::value& value, const Place& at, Turnover& into) {
  Members(value, at)
      .must("boot_ms", into.boot)
      .must("ended", into.ended)
      .must("run_time_ms", into.run_time)
      .must("recent", into.recent)
      .must("waiting", into.waiting)
      .must("counted_at", into.counted_at)
      .must("unclaimed", into.unclaimed)
      .must("running", into.running)
      .end();
}

static void read(const json::value& value, const Place& at, State& into) {
  Members(value, at)
      .must("failed_boots_in_a_row", into.failed_boots_in_a_row)
      .must("backoff_until", into.backoff_until)
      .must("given_up", into.given_up)
      .must("given_up_at", into.given_up_at)
      .may("reaped_at", into.reaped_at)
      .may("waiting_since", into.waiting_since)
      .may("quiet_since", into.quiet_since)
      .must("surplus", into.surplus)
      .must("launches", into.launches)
      .must("drains", into.drains)
      .must("spend", into.spend)
      .must("turnover", into.turnover)
      .may("shortages", into.shortages)
      .end();
}

static void read(const json::value& value, const Place& at, PlanShare& into) {
  Members(value, at).must("limit", into.limit).must("share", into.share).end();
}

static void read(const json::value& value, const Place& at, Snapshot& into) {
  Members(value, at)
      .must("now", into.now)
      .must("demand", into.demand)
      .may("foreseen", into.foreseen)
      .must("instances", into.instances)
      .may("groups", into.groups)
      .skip("outsiders")  // of logs that are older than that none of them counts, and the next
      .must("instances_unknown", into.instances_unknown)
      .must("failed_boots", into.failed_boots)
      .may("unlisted_at_work", into.unlisted_at_work)
      .may("returned_boots", into.returned_boots)
      .skip("at_work")
      .must("failed_launches", into.failed_launches)
      .must("launch_trouble", into.launch_trouble)
      .must("any_boot_succeeded", into.any_boot_succeeded)
      .must("boot_took_ms", into.boot_took)
      .must("policy", into.policy)
      .may("place_max", into.place_max)
      .must("state", into.state)
      .must("schedule", into.schedule)
      .must("policy_until", into.policy_until)
      .must("plan_share", into.plan_share)
      .end();
}

// What a decision counts. More is no decision of ours, and who goes on with it would never end.
struct Number {
  std::int64_t& value;
};
static void read(const json::value& value, const Place& at, Number& into) {
  read(value, at, into.value);
  if (into.value < 0 || into.value > 2 * kMostInstances) {
    refuse(at, fmt::format("{} is no number of instances", into.value));
  }
}
static Members& must_count(Members& members, std::string_view name, std::int64_t& value) {
  Number number{value};
  return members.must(name, number);
}

// Of logs that are older than what is counted.
static Members& may_count(Members& members, std::string_view name, std::int64_t& value) {
  Number number{value};
  return members.may(name, number);
}

static void read(const json::value& value, const Place& at, Counts& into) {
  Members members(value, at);
  must_count(members, "booting", into.booting);
  must_count(members, "idle", into.idle);
  must_count(members, "busy", into.busy);
  must_count(members, "spent", into.spent);
  must_count(members, "draining", into.draining);
  may_count(members, "lost", into.lost);
  members.skip("live").end();
}

static void read(const json::value& value, const Place& at, Placed& into) {
  Members members(value, at);
  members.must("group", into.group);
  must_count(members, "launch", into.launch);
  must_count(members, "withdraw", into.withdraw);
  members.end();
}

static void read(const json::value& value, const Place& at, Reason& into) {
  Members(value, at)
      .must("rule", into.rule)
      .must("wanted", into.wanted)
      .must("allowed", into.allowed)
      .must("subject", into.subject)
      .must("detail", into.detail)
      .skip("words")
      .end();
}

static void read(const json::value& value, const Place& at, Decision& into) {
  Members members(value, at);
  must_count(members, "launch", into.launch);
  must_count(members, "withdraw", into.withdraw);
  must_count(members, "desired", into.desired);
  members.may("places", into.places)
      .must("drain", into.drain)
      .must("reap", into.reap)
      .must("counts", into.counts)
      .must("next", into.next)
      .must("reasons", into.reasons)
      .must("revisit_at", into.revisit_at)
      .end();
  if (into.reasons.empty()) refuse(at, "'reasons' is empty, and every decision has one");
}

// --- Records ------------------------------------------------------------------------------------

namespace {

// Nothing: it ends before its JSON does.
std::optional<json::value> parse(std::string_view text) {
  if (text.size() > kLongestRecord) {
    refuse({}, fmt::format("{} bytes are more than a record may have ({})", text.size(),
                           kLongestRecord));
  }
  json::stream_parser parser;
  boost::system::error_code wrong;
  parser.write(text.data(), text.size(), wrong);
  if (!wrong) parser.finish(wrong);
  if (wrong == json::error::incomplete) return std::nullopt;
  if (wrong) refuse({}, fmt::format("this is no JSON: {}", wrong.message()));
  return parser.release();
}

json::value parse_whole(std::string_view text) {
  auto value = parse(text);
  if (!value) refuse({}, "it ends before its JSON does");
  return std::move(*value);
}

void check_version(const Place& at, std::int64_t version) {
  if (version >= 1 && version <= fleet::kRecordVersion) return;
  refuse(at, fmt::format("{} is not a version that this muster reads, which are 1 to {}: use the "
                         "one that wrote it, or a newer one",
                         version, fleet::kRecordVersion));
}

void read_record(const json::value& value, const Place& at, Line& into) {
  Members members(value, at);
  std::int64_t version = 0;
  if (!members.has("version")) {
    const bool older = members.has("snapshot") && members.has("decision");
    if (!older) refuse(at, "this is no record of a decision: 'version' is missing");
    ++into.older;
    return;
  }
  members.must("version", version);
  check_version(Place{&at, "version"}, version);
  auto& pass = into.records.emplace_back();
  members.must("resource_class", pass.resource_class)
      .must("snapshot", pass.snapshot)
      .must("decision", pass.decision)
      .end();
}

}  // namespace

Result<fleet::ClassPass> read_record(std::string_view resource_class, std::string_view snapshot,
                                     std::string_view decision) {
  try {
    fleet::ClassPass pass{std::string(resource_class), {}, {}};
    read(parse_whole(snapshot), Place{nullptr, "snapshot"}, pass.snapshot);
    read(parse_whole(decision), Place{nullptr, "decision"}, pass.decision);
    return pass;
  } catch (const Refusal& refusal) {
    return refusal.error;
  }
}

Result<Line> read_line(std::string_view text) {
  try {
    Line line;
    const auto value = parse(text);
    line.cut_off = !value;
    if (!value) return line;
    const Place top;
    if (!value->is_array()) read_record(*value, top, line);
    for (std::size_t i = 0; value->is_array() && i < value->get_array().size(); ++i) {
      read_record(value->get_array()[i], Place{&top, "", i}, line);
    }
    return line;
  } catch (const Refusal& refusal) {
    return refusal.error;
  }
}

}  // namespace muster::history
