#include "store/steps.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"

namespace muster::store {
namespace {

// That a file cannot be opened, or is gone, says nothing of the attempt.
Error cannot_keep(const Error& error) {
  log::error("cannot keep a step's output", {{"error", error.message}});
  const bool full = error.kind == ErrorKind::exhausted;
  return {full ? ErrorKind::exhausted : ErrorKind::internal,
          "a step's output cannot be kept; the log of the server says why"};
}

}  // namespace

std::int64_t Steps::declared(const std::string& job_id) {
  auto rows = db_->query("SELECT json_array_length(spec, '$.steps') FROM job WHERE id = ?", job_id);
  return rows.next() ? rows.integer(0) : 0;
}

Result<void> Steps::update(const Attempt& attempt, std::int64_t position,
                           const protocol::StepUpdate& update) {
  if (update.ended_at || !protocol::is_open(update.state)) {
    const auto synced = outputs_->sync({attempt.task_id, attempt.number, position});
    if (!synced) return cannot_keep(synced.error());
  }
  static constexpr std::string_view kWords[] = {"running",  "success",  "failed",
                                                "canceled", "timedout", "background"};
  db_->execute(
      "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
      "name = excluded.name, state = excluded.state, exit_code = excluded.exit_code, "
      "started_at = excluded.started_at, ended_at = excluded.ended_at "
      "WHERE step.ended_at IS NULL AND step.state IN ('running', 'background')",
      attempt.task_id, attempt.number, position, printable(update.name, 500),
      kWords[static_cast<std::size_t>(update.state)], update.exit_code, update.started_at,
      update.ended_at);
  return ok();
}

bool Steps::has_ended(const Attempt& attempt, std::int64_t position) {
  auto rows = db_->query(
      "SELECT ended_at IS NOT NULL OR state NOT IN ('running', 'background') FROM step "
      "WHERE task_id = ? AND attempt = ? AND position = ?",
      attempt.task_id, attempt.number, position);
  return rows.next() && rows.boolean(0);
}

bool Steps::has_any(const Attempt& attempt) {
  return db_
      ->query("SELECT 1 FROM step WHERE task_id = ? AND attempt = ? LIMIT 1", attempt.task_id,
              attempt.number)
      .next();
}

bool Steps::end_open(const Attempt& attempt, WallTime now) {
  std::vector<std::int64_t> open;
  for (auto rows = db_->query("SELECT position FROM step WHERE task_id = ? AND attempt = ? AND "
                              "state IN ('running', 'background')",
                              attempt.task_id, attempt.number);
       rows.next();) {
    open.push_back(rows.integer(0));
  }
  if (open.empty()) return false;
  for (const auto position : open) {
    const auto synced = outputs_->sync({attempt.task_id, attempt.number, position});
    if (!synced) log::error("cannot keep a step's output", {{"error", synced.error().message}});
  }
  db_->execute(
      "UPDATE step SET state = CASE state WHEN 'running' THEN 'failed' ELSE state END, "
      "ended_at = ? WHERE task_id = ? AND attempt = ? AND state IN ('running', 'background')",
      now, attempt.task_id, attempt.number);
  return true;
}

void Steps::note(const Attempt& attempt, const std::string& job_id, const std::string& text,
                 WallTime now) {
  const auto note = place_note(attempt, job_id, text);
  notes_.push_back(note);
  if (const auto noted = outputs_->append(note.where, outputs_->size(note.where), note.text);
      !noted) {
    log::error("cannot note a lapsed lease in the output", {{"error", noted.error().message}});
  }
  end_open(attempt, now);
  if (note.is_in_running_step) return;
  db_->execute(
      "INSERT INTO step (task_id, attempt, position, name, state, started_at, ended_at) "
      "VALUES (?, ?, ?, 'Runner Instance Failure', 'failed', ?4, ?4)",
      attempt.task_id, attempt.number, note.where.step, now);
}

void Steps::take_back_note(const Attempt& attempt, const std::string& job_id,
                           const std::string& text) {
  remove(place_note(attempt, job_id, text));
}

void Steps::take_back_notes() {
  std::move(notes_.begin(), notes_.end(), std::back_inserter(wrong_notes_));
  notes_.clear();
  std::erase_if(wrong_notes_, [this](const Note& note) { return remove(note); });
}

bool Steps::remove_wrong_notes(const OutputKey& where) {
  const auto is_there = [&](const Note& note) { return note.where == where; };
  std::erase_if(wrong_notes_, [&](const Note& note) { return is_there(note) && remove(note); });
  return std::none_of(wrong_notes_.begin(), wrong_notes_.end(), is_there);
}

bool Steps::remove(const Note& note) {
  const auto done = outputs_->remove_from_end(note.where, note.text);
  if (!done) log::error("cannot take back a note", {{"error", done.error().message}});
  return static_cast<bool>(done);
}

Steps::Note Steps::place_note(const Attempt& attempt, const std::string& job_id,
                              const std::string& text) {
  const auto step = running(attempt);
  return {{attempt.task_id, attempt.number, step ? *step : declared(job_id)},
          (step ? "\n" : "") + text + ".\n",
          step.has_value()};
}

std::optional<std::int64_t> Steps::running(const Attempt& attempt) {
  auto rows = db_->query(
      "SELECT max(position) FROM step WHERE task_id = ? AND attempt = ? AND state = 'running'",
      attempt.task_id, attempt.number);
  return rows.next() ? rows.optional_integer(0) : std::nullopt;
}

}  // namespace muster::store
