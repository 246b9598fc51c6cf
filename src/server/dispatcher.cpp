#include "server/dispatcher.hpp"

#include <algorithm>
#include <limits>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "db/sync_count.hpp"
#include "server/answers.hpp"
#include "server/topics.hpp"

namespace muster::server {
namespace {

// Asked for the time at least every second, a longer silence is one in which the server did not
// run (stopped, swapped out, its machine asleep), and nobody's lease is charged for it.
constexpr Millis kLongestStall = std::chrono::seconds(3);

// Between what is said to a person who looks on.
constexpr Millis kStreamPause = std::chrono::milliseconds(200);
constexpr std::size_t kStreamsAtOnce = 32;
constexpr std::size_t kMostStreams = 1'000;  // of a token

const Error kStopping{ErrorKind::unavailable, "the server is stopping; try again"};

net::Response nothing_there(const net::Request& request, const Router::Match& match) {
  if (match.allowed.empty()) return error_response(nothing_at(request));
  const std::vector<std::string> methods(match.allowed.begin(), match.allowed.end());
  auto response = answer(405, protocol::Message{fmt::format("{} takes {}", printable(request.path),
                                                            join(methods, ", "))});
  response.headers.set("Allow", join(methods, ", "));
  return response;
}

net::Response too_many_streams() {
  return answer(429, protocol::Message{fmt::format(
                         "{} streams of events are open with this token already: close pages that "
                         "nobody looks at, or use another token",
                         kMostStreams)});
}

}  // namespace

struct Dispatcher::Waiting {
  std::uint64_t arrival = 0;
  net::Request request;
  std::shared_ptr<net::Exchange> exchange;
  MonotonicTime arrived{};
  std::chrono::steady_clock::time_point measured_from;  // arrived, more exactly
  std::string_view method, pattern;                     // of its route; empty until it is handled
  bool waited = false;                                  // parked, once or more often
  bool resumed = false;
  bool kept = false;  // parked by a group that was committed
  bool last_chance = false;
  bool streams = false;             // its answer has begun, and goes on
  bool being_sent = false;          // a piece of it, from the moment when it was made
  bool is_due = false;              // is to be asked again once that is sent, or in due_
  std::optional<std::string> seen;  // as the latest piece has it
  std::string owner;                // of a stream
  std::vector<std::string> topics;  // while parked
  std::unique_ptr<Timer> deadline;  // while parked

  bool goes_on() const { return streams || being_sent; }
};

struct Dispatcher::Answer {
  Entry entry;
  std::variant<net::Response, Piece> what;
};

Dispatcher::Dispatcher(store::Store& store, Router router, const Clock& clock, Loop loop)
    : store_(&store),
      router_(std::move(router)),
      clock_(&clock),
      loop_(std::move(loop)),
      service_(store.service_time()),
      service_counted_(clock.monotonic()),
      syncs_before_(db::sync_count()) {}

store::Now Dispatcher::now() {
  const auto monotonic = clock_->monotonic();
  if (!service_stands_) service_ += std::min(monotonic - service_counted_, kLongestStall);
  service_counted_ = monotonic;
  return {clock_->wall(), service_};
}

// --- In -------------------------------------------------------------------------------------

void Dispatcher::submit(net::Request request, std::shared_ptr<net::Exchange> exchange) {
  auto entry = std::make_shared<Waiting>();
  entry->arrival = ++arrivals_;
  entry->request = std::move(request);
  entry->exchange = std::move(exchange);
  entry->arrived = clock_->monotonic();
  entry->measured_from = std::chrono::steady_clock::now();
  add(std::move(entry));
}

void Dispatcher::submit(std::function<void(store::Store&, const store::Now&)> task) {
  tasks_.push_back(std::move(task));
  add(nullptr);
}

void Dispatcher::add(Entry entry) {
  if (entry) group_.push_back(std::move(entry));
  if (std::exchange(scheduled_, true)) return;
  // Not at once: what else has arrived by then shares the transaction.
  loop_.post([this] { handle_group(); });
}

void Dispatcher::drain() {
  draining_ = true;
  while (!streams_.empty()) end(*streams_.begin()->second);
  std::erase_if(group_, [](const Entry& entry) { return entry->streams; });
  for (const auto& [arrival, entry] : parked_) group_.push_back(entry);
  for (const auto& entry : group_) unpark(*entry);
  handle_group();
}

// --- One group ------------------------------------------------------------------------------

void Dispatcher::handle_group() {
  scheduled_ = false;
  std::vector<Answer> answers;
  const bool with_tasks = !tasks_.empty();
  if (auto undone = handle_in_transaction(std::exchange(group_, {}), answers)) {
    const bool alone = undone->open.size() == 1 && !with_tasks;
    // On a full disk those that only read can be answered, and should not share others' fate.
    if (undone->error.kind == ErrorKind::exhausted && !alone) {
      handle_each_alone(std::move(undone->open), answers);
    } else {
      refuse(*undone, answers);
    }
  }
  for (auto& answer : answers) deliver(std::move(answer));
}

void Dispatcher::deliver(Answer answer) {
  const auto& entry = answer.entry;
  if (const auto* first = std::get_if<Piece>(&answer.what);
      first != nullptr && !entry->streams && has_enough(first->owner)) {
    unpark(*entry);
    answer.what = too_many_streams();
  }
  if (!entry->streams) tell_answered(*entry, answer);
  if (auto* piece = std::get_if<Piece>(&answer.what)) return go_on(entry, std::move(*piece));
  if (entry->streams) return end(*entry);
  entry->exchange->send(std::get<net::Response>(std::move(answer.what)));
}

// Of an answer that goes on when it begins.
void Dispatcher::tell_answered(const Waiting& entry, const Answer& answer) {
  if (onlooker_ == nullptr) return;
  const auto* piece = std::get_if<Piece>(&answer.what);
  const auto& response = piece != nullptr ? piece->response : std::get<net::Response>(answer.what);
  Answered told{entry.method, entry.pattern, response.status, std::nullopt};
  if (!entry.waited) told.took = std::chrono::steady_clock::now() - entry.measured_from;
  onlooker_->answered(told);
}

void Dispatcher::handle_each_alone(std::vector<Entry> open, std::vector<Answer>& answers) {
  for (std::size_t i = 0; i < open.size(); ++i) {
    const auto entry = open[i];  // a copy, as `open` grows
    const auto undone = handle_in_transaction({entry}, answers);
    if (!undone) continue;
    for (const auto& other : undone->open) {
      if (other == entry) {
        refuse({undone->error, {entry}}, answers);
      } else {
        open.push_back(other);  // it was woken by what is undone now, and has a turn of its own
      }
    }
  }
}

void Dispatcher::refuse(const Undone& undone, std::vector<Answer>& answers) {
  for (const auto& entry : undone.open) {
    answers.push_back({entry, error_response(for_caller(undone.error))});
  }
}

// Adds to `answers` once they are committed.
std::optional<Dispatcher::Undone> Dispatcher::handle_in_transaction(std::vector<Entry> group,
                                                                    std::vector<Answer>& answers) {
  readings_.forget();
  std::vector<Answer> of_this;
  auto touched = group;
  std::set<std::string> perhaps_ended;
  AfterCommit after_commit;
  std::vector<store::Milestone> milestones;
  std::uint64_t output_bytes = 0;
  const auto changed_before = store_->database().changes_so_far();
  try {
    db::Transaction transaction(store_->database());
    for (auto& task : std::exchange(tasks_, {})) task(*store_, now());
    changes_ = store_->take_changes();
    for (;;) {
      for (const auto& entry : group) handle(entry, of_this);
      auto changes = std::exchange(changes_, {});
      group = woken(changes);
      perhaps_ended.merge(changes.perhaps_ended);
      std::move(changes.after_commit.begin(), changes.after_commit.end(),
                std::back_inserter(after_commit));
      std::ranges::move(changes.milestones, std::back_inserter(milestones));
      output_bytes += changes.output_bytes;
      if (group.empty()) break;
      touched.insert(touched.end(), group.begin(), group.end());
    }
    // Before the commit: were it to fail after that, what has happened would be denied.
    note_endings(perhaps_ended, after_commit);
    transaction.commit();
    store_->queue().steps().keep_notes();
    count(touched.size());
    for (const auto& entry : touched) entry->kept = true;
    for (const auto& say : after_commit) say();
    store_->fleet_history().happened(milestones, now());
    if (onlooker_ != nullptr) onlooker_->happened(milestones, output_bytes);
    std::move(of_this.begin(), of_this.end(), std::back_inserter(answers));
    if (store_->database().changes_so_far() != changed_before) service_stands_ = false;
    return std::nullopt;
  } catch (const db::Failure& failure) {
    return undo(touched, failure.error());
  } catch (const std::exception& fault) {
    return undo(touched, {ErrorKind::internal, fault.what()});
  }
}

void Dispatcher::count(std::uint64_t requests) {
  if (requests == 0) return;
  ++effort_.groups;
  effort_.requests += requests;
  effort_.largest = std::max(effort_.largest, requests);
}

Dispatcher::Effort Dispatcher::effort() const {
  auto effort = effort_;
  effort.syncs = db::sync_count() - syncs_before_;
  effort.readings = readings_.made();
  return effort;
}

void Dispatcher::note_endings(const std::set<std::string>& pipelines, AfterCommit& after_commit) {
  for (const auto& id : pipelines) {
    const auto ending = store_->pipelines().ending(id);
    if (!ending) continue;
    after_commit.emplace_back([id, ending] {
      log::info("pipeline ended", {{"pipeline", id},
                                   {"number", std::to_string(ending->number)},
                                   {"result", ending->state}});
    });
  }
}

// Nothing of this group has happened. Those who waited before it still wait; the others are open,
// also those whom it has parked, since what they had changed before they waited is undone as well.
Dispatcher::Undone Dispatcher::undo(const std::vector<Entry>& touched, const Error& error) {
  log::error("a group of requests was undone",
             {{"requests", std::to_string(touched.size())}, {"error", error.message}});
  store_->take_changes();
  changes_ = {};
  store_->runners().count_anew();
  store_->queue().steps().take_back_notes();
  service_stands_ = true;  // while nothing can be noted, nobody is silent
  Undone undone{error, {}};
  std::set<std::uint64_t> seen;  // one that was parked and woken was touched twice
  for (const auto& entry : touched) {
    const bool parked = parked_.contains(entry->arrival);
    if (std::exchange(entry->being_sent, false)) entry->is_due = false;
    if (entry->streams) {  // what it had to say it says later
      unpark(*entry);
      ask_again(entry);
      continue;
    }
    if ((parked && entry->kept) || !seen.insert(entry->arrival).second) continue;
    if (parked) unpark(*entry);
    if (!entry->kept) entry->resumed = false;
    undone.open.push_back(entry);
  }
  return undone;
}

void Dispatcher::handle(const Entry& entry, std::vector<Answer>& answers) {
  auto outcome = ask_handler(*entry);
  if (const auto* wait = std::get_if<Park>(&outcome)) return park(entry, *wait);
  if (auto* piece = std::get_if<Piece>(&outcome)) {
    if (draining_) return answers.push_back({entry, error_response(kStopping)});
    entry->being_sent = true;
    park(entry, piece->park);  // at once: what changes now, in this transaction, is news for it
    return answers.push_back({entry, std::move(*piece)});
  }
  answers.push_back({entry, std::get<net::Response>(std::move(outcome))});
}

// The one catch at a request's top. What a failed handler has changed is undone, and nobody is
// woken for it; if SQLite has undone the whole group with it, so that no answer of the group is
// true any more, that is thrown.
Outcome Dispatcher::ask_handler(Waiting& entry) {
  const auto match = router_.match(entry.request.method, entry.request.path);
  entry.method = match.method;
  entry.pattern = match.pattern;
  if (match.handler == nullptr) return nothing_there(entry.request, match);
  Call call{.request = entry.request,
            .parameters = match.parameters,
            .store = *store_,
            .board = board_,
            .readings = readings_,
            .now = now(),
            .seen = entry.seen,
            .resumed = entry.resumed,
            .waited = clock_->monotonic() - entry.arrived,
            .last_chance = entry.last_chance || draining_};
  try {
    db::Savepoint savepoint(store_->database());
    auto outcome = (*match.handler)(call);
    auto changes = store_->take_changes();
    if (!outcome) return error_response(outcome.error());
    savepoint.release();
    changes_.add(std::move(changes));
    return *std::move(outcome);
  } catch (const db::Failure& failure) {
    log::error("a request failed", {{"path", entry.request.path}, {"error", failure.what()}});
    if (!store_->database().in_transaction()) throw;
    store_->take_changes();
    return error_response(for_caller(failure.error()));
  } catch (const std::exception& fault) {
    store_->take_changes();
    log::error("a fault of ours", {{"path", entry.request.path}, {"error", fault.what()}});
    return error_response(for_caller({ErrorKind::internal, fault.what()}));
  }
}

// --- Waiting --------------------------------------------------------------------------------

void Dispatcher::park(const Entry& entry, const Park& park) {
  entry->resumed = entry->waited = true;
  entry->topics = park.topics;
  for (const auto& name : entry->topics) topics_[name][entry->arrival] = entry;
  parked_[entry->arrival] = entry;
  entry->deadline = loop_.after(park.patience, [this, weak = std::weak_ptr(entry)] {
    const auto due = weak.lock();
    if (!due || !parked_.contains(due->arrival)) return;
    unpark(*due);
    due->last_chance = true;
    due->goes_on() ? ask_again(due) : add(due);
  });
}

std::size_t Dispatcher::parked_streams() const {
  return static_cast<std::size_t>(
      std::count_if(streams_.begin(), streams_.end(),
                    [this](const auto& one) { return parked_.contains(one.first); }));
}

void Dispatcher::unpark(const Waiting& entry) {
  for (const auto& name : entry.topics) {
    const auto found = topics_.find(name);
    if (found == topics_.end()) continue;
    found->second.erase(entry.arrival);
    if (found->second.empty()) topics_.erase(found);
  }
  parked_.erase(entry.arrival);
}

// Those whom the changes may concern. Of those who wait for a task only as many as there are
// tasks, first come, first served: a hundred idle runners are not woken for one.
std::vector<Dispatcher::Entry> Dispatcher::woken(const store::Changes& changes) {
  constexpr auto kAll = std::numeric_limits<std::int64_t>::max();
  std::vector<Entry> entries;
  for (const auto& [resource_class, name] : changes.drained) {
    take_first(topic::runner(resource_class, name), kAll, entries);
  }
  for (const auto& [resource_class, count] : changes.queued) hot_.insert(resource_class);
  for (auto it = hot_.begin(); it != hot_.end();) {
    const auto before = entries.size();
    const auto name = topic::queue(*it);
    if (topics_.contains(name)) take_first(name, store_->queue().unclaimed(*it), entries);
    it = entries.size() == before ? hot_.erase(it) : std::next(it);
  }
  for (const auto& name : changes.demand) take_first(topic::demand(name), kAll, entries);
  for (const auto& id : changes.pipelines) take_first(topic::pipeline(id), kAll, entries);
  for (const auto& id : changes.canceled_tasks) take_first(topic::cancel(id), kAll, entries);
  for (const auto& id : changes.outputs) take_first(topic::output(id), kAll, entries);
  if (!changes.pipelines.empty()) take_first(topic::pipelines(), kAll, entries);
  if (changes.fleets || !changes.demand.empty()) take_first(topic::fleet(), kAll, entries);
  return entries;
}

void Dispatcher::take_first(const std::string& topic, std::int64_t most, std::vector<Entry>& into) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  std::vector<Entry> taken;
  for (const auto& [arrival, entry] : found->second) {
    if (static_cast<std::int64_t>(taken.size()) >= most) break;
    if (!entry->exchange->abandoned()) taken.push_back(entry);
  }
  for (auto& entry : taken) {
    unpark(*entry);
    entry->goes_on() ? ask_again(entry) : into.push_back(std::move(entry));
  }
}

void Dispatcher::drop_abandoned() {
  for (auto it = parked_.begin(); it != parked_.end();) {
    const auto entry = (it++)->second;
    if (entry->exchange->abandoned()) unpark(*entry);
  }
  for (auto it = streams_.begin(); it != streams_.end();) {
    const auto entry = (it++)->second;
    if (entry->exchange->abandoned()) end(*entry);
  }
}

// --- Answers that go on -----------------------------------------------------------------------

void Dispatcher::go_on(const Entry& entry, Piece piece) {
  entry->seen = std::move(piece.seen);
  entry->last_chance = false;
  auto taken = [this, weak = std::weak_ptr(entry)] {
    const auto stream = weak.lock();
    if (!stream) return;
    stream->being_sent = false;
    if (std::exchange(stream->is_due, false)) ask_again(stream);
  };
  if (std::exchange(entry->streams, true)) {
    return entry->exchange->add(std::move(piece.response.body), std::move(taken));
  }
  streams_[entry->arrival] = entry;
  entry->owner = std::move(piece.owner);
  ++streams_of_[entry->owner];
  entry->exchange->begin(std::move(piece.response), std::move(taken));
}

void Dispatcher::end(const Waiting& stream) {
  const auto arrival = stream.arrival;
  unpark(stream);
  std::erase_if(due_, [arrival](const Entry& entry) { return entry->arrival == arrival; });
  if (!streams_.contains(arrival)) return;
  if (const auto mine = streams_of_.find(stream.owner); --mine->second == 0) {
    streams_of_.erase(mine);
  }
  streams_.erase(arrival);  // `stream` may be gone with it
}

bool Dispatcher::has_enough(const std::string& owner) const {
  const auto found = streams_of_.find(owner);
  return found != streams_of_.end() && found->second >= kMostStreams;
}

// Not parked now. If it does not take what it was sent it is not asked either: what happens
// meanwhile it hears of as one change.
void Dispatcher::ask_again(const Entry& stream) {
  if (std::exchange(stream->is_due, true) || stream->being_sent) return;
  due_.push_back(stream);
  if (!pause_) pause_ = loop_.after(kStreamPause, [this] { ask_some_again(); });
}

// A few in each group, and others between these.
void Dispatcher::ask_some_again() {
  pause_.reset();
  for (std::size_t n = 0; n < kStreamsAtOnce && !due_.empty(); ++n) {
    due_.front()->is_due = false;
    add(std::move(due_.front()));
    due_.pop_front();
  }
  if (!due_.empty()) pause_ = loop_.after(Millis(0), [this] { ask_some_again(); });
}

}  // namespace muster::server
