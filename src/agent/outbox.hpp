#pragma once

// What the server has yet to hear about a task, in the order in which it happened: updates of
// steps, and their output. Filled by the threads that run the task, emptied by its Delivery.
// Thread-safe.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

#include "agent/spool.hpp"
#include "agent/work_end.hpp"
#include "protocol/messages.hpp"

namespace muster::agent {

struct OutgoingUpdate {
  std::size_t step = 0;
  protocol::StepUpdate update;
};

struct OutgoingOutput {
  std::size_t step = 0;
  std::uint64_t offset = 0;  // in the step's output
  std::string bytes;
};

using Outgoing = std::variant<OutgoingUpdate, OutgoingOutput>;

class Outbox {
 public:
  explicit Outbox(Spool spool) : spool_(std::move(spool)) {}

  // Takes the place of an update of the same step that is still the last entry and was not given
  // out: a step that ends at once is told once.
  void push(std::size_t step, protocol::StepUpdate update);

  // Waits while the spool is full: a job cannot produce for ever what nobody takes. Gives up,
  // and drops the rest, once the work must end.
  void append(std::size_t step, std::string_view bytes, WorkEnd& end);

  // The oldest entry, which stays. Waits for one, and an update that is alone a moment for more.
  // Nothing when `stop` is requested, or when the outbox is closed and holds nothing but last().
  Result<std::optional<Outgoing>> front(std::stop_token stop);

  // Of an outbox that is closed: the only entry, if it is an update that was not given out.
  std::optional<OutgoingUpdate> last() const;

  // Of an outbox that is closed: all but last() has arrived.
  bool is_delivered() const;

  // The oldest entry, or of its output the bytes before `held`, has arrived.
  void arrived(std::uint64_t held = 0);

  // Nobody takes this step's output any more: what waits is dropped, and what is still to come.
  void drop_output(std::size_t step);

  // Nothing more comes.
  void close();

 private:
  struct UpdateEntry {
    std::size_t step;
    protocol::StepUpdate update;
    MonotonicTime due;   // to be given out; before that only if more is to be told
    bool given = false;  // may be on its way, and stays as it is
  };
  struct OutputEntry {
    std::size_t step;
    std::uint64_t length;
  };
  using Entry = std::variant<UpdateEntry, OutputEntry>;

  bool has_last() const;
  bool is_ready() const;
  std::size_t take(std::size_t step, std::string_view bytes);
  bool is_dropped(const Entry& entry) const;
  void remove_dropped();
  void output_arrived(OutputEntry& entry, std::uint64_t held);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Spool spool_;
  std::deque<Entry> entries_;
  std::map<std::size_t, std::uint64_t> sent_;  // bytes of each step's output
  std::set<std::size_t> dropped_;              // steps; the oldest entry is never output of these
  bool closed_ = false;
};

}  // namespace muster::agent
