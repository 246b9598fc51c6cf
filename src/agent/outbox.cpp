#include "agent/outbox.hpp"

#include <algorithm>

namespace muster::agent {
namespace {

constexpr std::size_t kLargestUpload = 512 * 1024;
constexpr Millis kEndCheck(100);
// Most steps that end soon end in less, and so does most of what comes after one. Nobody who looks
// at a job sees the difference.
constexpr Millis kUpdatePause(10);

}  // namespace

void Outbox::push(std::size_t step, protocol::StepUpdate update) {
  const std::lock_guard lock(mutex_);
  UpdateEntry entry{step, std::move(update), system_clock().monotonic() + kUpdatePause};
  auto* last = entries_.empty() ? nullptr : std::get_if<UpdateEntry>(&entries_.back());
  if (last != nullptr && last->step == step && !last->given) {
    *last = std::move(entry);
  } else {
    entries_.push_back(std::move(entry));
  }
  changed_.notify_all();
}

std::size_t Outbox::take(std::size_t step, std::string_view bytes) {
  if (dropped_.contains(step)) return bytes.size();
  const auto count = spool_.write(bytes);
  if (count == 0) return 0;
  auto* last = entries_.empty() ? nullptr : std::get_if<OutputEntry>(&entries_.back());
  if (last != nullptr && last->step == step) {
    last->length += count;
  } else {
    entries_.push_back(OutputEntry{step, count});
  }
  changed_.notify_all();
  return count;
}

void Outbox::append(std::size_t step, std::string_view bytes, WorkEnd& end) {
  std::unique_lock lock(mutex_);
  for (;;) {
    bytes.remove_prefix(take(step, bytes));
    if (bytes.empty() || closed_ || (spool_.size() > 0 && end.requested())) return;
    changed_.wait_for(lock, kEndCheck);
  }
}

// Whether there is something that need not wait for more.
bool Outbox::is_ready() const {
  if (closed_ || entries_.size() > 1) return true;
  if (entries_.empty()) return false;
  const auto* update = std::get_if<UpdateEntry>(&entries_.front());
  return update == nullptr || update->given || system_clock().monotonic() >= update->due;
}

bool Outbox::has_last() const {
  if (!closed_ || entries_.size() != 1) return false;
  const auto* update = std::get_if<UpdateEntry>(&entries_.front());
  return update != nullptr && !update->given;
}

std::optional<OutgoingUpdate> Outbox::last() const {
  const std::lock_guard lock(mutex_);
  if (!has_last()) return std::nullopt;
  const auto& update = std::get<UpdateEntry>(entries_.front());
  return OutgoingUpdate{update.step, update.update};
}

bool Outbox::is_delivered() const {
  const std::lock_guard lock(mutex_);
  return closed_ && (entries_.empty() || has_last());
}

Result<std::optional<Outgoing>> Outbox::front(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return closed_ || !entries_.empty(); });
  while (!stop.stop_requested() && !is_ready()) {
    changed_.wait_for(lock, stop, kUpdatePause, [&] { return is_ready(); });
  }
  if (stop.stop_requested() || entries_.empty() || has_last()) return std::optional<Outgoing>();
  if (auto* update = std::get_if<UpdateEntry>(&entries_.front())) {
    update->given = true;
    return std::optional<Outgoing>(OutgoingUpdate{update->step, update->update});
  }
  const auto& output = std::get<OutputEntry>(entries_.front());
  auto bytes = spool_.read(std::min<std::uint64_t>(output.length, kLargestUpload));
  if (!bytes) return bytes.error();
  return std::optional<Outgoing>(OutgoingOutput{output.step, sent_[output.step], *bytes});
}

void Outbox::arrived(std::uint64_t held) {
  const std::lock_guard lock(mutex_);
  if (auto* output = std::get_if<OutputEntry>(&entries_.front())) {
    output_arrived(*output, held);
  } else {
    entries_.pop_front();
  }
  remove_dropped();
  changed_.notify_all();
}

void Outbox::drop_output(std::size_t step) {
  const std::lock_guard lock(mutex_);
  dropped_.insert(step);
  remove_dropped();
  changed_.notify_all();
}

bool Outbox::is_dropped(const Entry& entry) const {
  const auto* output = std::get_if<OutputEntry>(&entry);
  return output != nullptr && dropped_.contains(output->step);
}

// From the front only: the spool gives its bytes back in order.
void Outbox::remove_dropped() {
  while (!entries_.empty() && is_dropped(entries_.front())) {
    spool_.remove(std::get<OutputEntry>(entries_.front()).length);
    entries_.pop_front();
  }
}

void Outbox::output_arrived(OutputEntry& entry, std::uint64_t held) {
  auto& sent = sent_[entry.step];
  if (held < sent) {
    // The server has lost what it had acknowledged. What is left is worth having all the same.
    sent = held;
    return;
  }
  const auto count = std::min(held - sent, entry.length);
  spool_.remove(count);
  sent += count;
  entry.length -= count;
  if (entry.length == 0) entries_.pop_front();
}

void Outbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace muster::agent
