#pragma once

// The steps of attempts, and the notes that the server leaves in their output. Belongs to one
// thread, inside its transaction; the output itself is in no transaction.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "db/database.hpp"
#include "protocol/messages.hpp"
#include "store/attempt.hpp"
#include "store/files.hpp"

namespace muster::store {

class Steps {
 public:
  Steps(db::Database& database, OutputFiles& outputs) : db_(&database), outputs_(&outputs) {}

  // How many the job declares. The first position after them is the server's: no agent may write
  // there.
  std::int64_t declared(const std::string& job_id);

  // Its output is on the disk if it has ended. A step that has ended stays as it is: what says
  // otherwise is a repetition that comes late.
  Result<void> update(const Attempt& attempt, std::int64_t position,
                      const protocol::StepUpdate& update);
  bool has_ended(const Attempt& attempt, std::int64_t position);
  bool has_any(const Attempt& attempt);

  // Whether there was one. What ran in the background has ended with its runner; that is no failure
  // of its own.
  bool end_open(const Attempt& attempt, WallTime now);

  // Adds a line where a person looks first: at the end of the step that runs. If none does, all
  // output has been declared complete, and the note gets a step of its own. Ends what is open.
  void note(const Attempt& attempt, const std::string& job_id, const std::string& text,
            WallTime now);
  // The transaction was committed: what was noted in it stays.
  void keep_notes() { notes_.clear(); }
  // It was undone: the attempt lives, and its output goes on where it was.
  void take_back_notes();
  // Whether no note is left there that should not be. Output that came behind one would be lost.
  bool remove_wrong_notes(const OutputKey& where);
  // As take_back_notes(), of a process before this one, if the note is there.
  void take_back_note(const Attempt& attempt, const std::string& job_id, const std::string& text);

 private:
  struct Note {
    OutputKey where;
    std::string text;
    bool is_in_running_step = false;
  };
  Note place_note(const Attempt& attempt, const std::string& job_id, const std::string& text);
  std::optional<std::int64_t> running(const Attempt& attempt);

  bool remove(const Note& note);

  db::Database* db_;
  OutputFiles* outputs_;
  std::vector<Note> notes_;        // of the transaction
  std::vector<Note> wrong_notes_;  // of transactions that were undone, and still there
};

}  // namespace muster::store
