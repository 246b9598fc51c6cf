#pragma once

// A child process in a process group of its own.
//
// Not thread-safe: one thread owns a Child. Descriptors other than 0, 1 and 2 never reach it.
// A Child that goes out of scope is left alone: ending it, and reaping it, is the owner's work.

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "process/orphans.hpp"

namespace muster::process {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
  std::string home;
};

// By name, from the system's user database.
Result<User> find_user(const std::string& name);

// Who this process runs as. Without a name where the database has none.
User own_user();

struct Command {
  std::vector<std::string> arguments;              // [0] is looked up in the environment's PATH
  std::map<std::string, std::string> environment;  // the whole of it: nothing is inherited
  std::string directory;                           // empty: ours
  std::optional<User> user;                        // drop to it: groups, gid, uid, no_new_privs
  bool no_new_privileges = false;                  // no_new_privs without a user, too
  // Ours to give; duplicated onto 0, 1, 2 in the child. -1: /dev/null.
  int standard_input = -1;
  int standard_output = -1;
  int standard_error = -1;
  bool new_session = true;  // its own session and process group (setsid)
  // It is killed when the thread that starts it ends, whatever ends that. Only this one process:
  // for the case that nobody is left who could end_descendants(). Programs that gain privileges
  // (sudo) lose it.
  bool ends_with_starter = false;
  // From its fork until it runs its program. Then it is killed: other processes of its user can
  // stop it before it does, and a directory on a network may not answer, while its starter waits.
  Millis start_patience = std::chrono::minutes(1);
};

// How a process ended.
struct Exit {
  int code = 0;    // of a normal end
  int signal = 0;  // that ended it; 0: it ended normally
  bool success() const { return code == 0 && signal == 0; }
  // As a shell reports it: the code, or 128 + signal.
  int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

// Names one process for ever: its id, and when it started (clock ticks since boot, field 22 of
// /proc/PID/stat), and the boot (/proc/sys/kernel/random/boot_id), because ids are used again.
struct Identity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string boot_id;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// Nothing if no such process lives (a zombie does not live).
std::optional<Identity> identify(pid_t pid);
bool is_alive(const Identity& identity);

class Child {
 public:
  // Starts the command. An error says why it could not be started (no such program, no such
  // directory, no permission): nothing runs then.
  static Result<Child> start(const Command& command);

  // Of a process that we have forked and not yet reaped. After an error it has been ended.
  static Result<Child> adopt(pid_t pid);

  // Of a process that a helper of ours has forked, reaps, and tells the end of: by a message in
  // `reports`, the status as of waitpid(2). If `reports` ends without one the helper was killed,
  // and it counts as killed, too. `pidfd` may be of a process that has ended.
  static Child of_helper(pid_t pid, UniqueFd pidfd, UniqueFd reports);

  Child(Child&&) noexcept = default;
  Child& operator=(Child&&) noexcept = default;

  pid_t pid() const { return pid_; }
  // Readable once it has ended.
  int pidfd() const { return reports_ ? reports_.get() : pidfd_.get(); }

  // Reaps it if it has ended within `patience`. Call again after nothing; after an Exit, never.
  std::optional<Exit> wait(Millis patience);

  void signal(int number) const;        // to the process
  void signal_group(int number) const;  // to its whole process group

 private:
  Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Exit reported() const;

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd reports_;  // if it is a helper's
  // If it is our own. Last: before them g++ 12 takes the descriptors of a moved one for a pointer.
  WaitedFor waited_for_;
};

// Ends all that descends from this process, however it daemonized (see become_subreaper): stops
// them so that none can fork away, then kills, reaps, and repeats until none is left or
// `patience` is over. The number of processes that were ended. Those in `spare` are left alone.
Result<int> end_descendants(Millis patience, const std::vector<pid_t>& spare = {});

// Likewise what descends from `root`, a subreaper that reaps what is its child; not itself.
Result<int> end_descendants_of(pid_t root, Millis patience, const std::vector<pid_t>& spare = {});

// What of that lives now.
std::vector<Identity> descendants(const std::vector<pid_t>& spare = {});

// Likewise of an ancestor of ours, as far as we may, but for its child from which we descend.
// not_found, if it is no ancestor, or not that process any more. `boot_id` is not looked at.
Result<int> end_relatives(const Identity& ancestor, Millis patience, std::vector<pid_t> spare);

// Orphaned descendants become our children, so that end_descendants() finds them.
void become_subreaper();

// Nobody but root can read this process's memory, environment or descriptors, and it leaves no
// core file. For a process that holds a token, and perhaps shares its user with jobs. What it forks
// inherits both; what it executes, that it leaves no core file.
void forbid_inspection();

// SIGTERM and SIGINT as events, for a program with threads.
// Construct before any thread starts (it blocks the signals for all of them).
class SignalWatch {
 public:
  SignalWatch(std::initializer_list<int> signals);
  int fd() const { return fd_.get(); }                   // readable when a signal waits
  std::optional<int> wait(Millis patience);              // the next signal, or nothing
  std::optional<int> wait(const std::stop_token& over);  // likewise, once `over` is requested

 private:
  UniqueFd fd_;
};

inline constexpr std::string_view kStandardPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Where programs are found and a shell expects to work: PATH, LANG, TERM, TZ and the like from our
// environment, and nothing else.
std::map<std::string, std::string> plain_environment();

}  // namespace muster::process
