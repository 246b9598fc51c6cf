#pragma once

// Answers requests in groups: all that have arrived are handled in one transaction, and no answer
// leaves before that transaction is committed. So what was answered is on the disk, and a hundred
// requests cost one write.
//
// Also keeps the parked requests, and handles them again when something they wait for has changed.
// An answer that goes on is handled so again and again: for people to look at, so a little later
// than the change, and a few of them at a time, so that others come between.
// Belongs to the HTTP server's thread.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.hpp"
#include "server/call.hpp"
#include "server/router.hpp"
#include "store/store.hpp"

namespace muster::server {

// A request that is answered now.
struct Answered {
  std::string_view method;  // as Router::Match has them
  std::string_view pattern;
  int status = 0;
  std::optional<std::chrono::duration<double>> took;  // since it arrived; nothing: it had to wait
};

// Is told what happens, on the dispatcher's thread. It must neither throw nor take long.
class Onlooker {
 public:
  virtual ~Onlooker() = default;
  virtual void answered(const Answered& request) = 0;
  // Of a group that is on the disk.
  virtual void happened(const std::vector<store::Milestone>& milestones,
                        std::uint64_t output_bytes) = 0;
};

class Dispatcher {
 public:
  using Timer = net::HttpServer::Timer;

  // What the dispatcher needs of its surroundings.
  struct Loop {
    std::function<void(std::function<void()>)> post;  // run soon, on this thread
    std::function<std::unique_ptr<Timer>(Millis, std::function<void()>)> after;
  };

  Dispatcher(store::Store& store, Router router, const Clock& clock, Loop loop);

  // From now on; it must outlive the dispatcher.
  void watched_by(Onlooker& onlooker) { onlooker_ = &onlooker; }

  void submit(net::Request request, std::shared_ptr<net::Exchange> exchange);

  // Runs `task` in the next group's transaction.
  void submit(std::function<void(store::Store&, const store::Now&)> task);

  // Answers everything that is parked with what can be said now. No more is parked after this.
  void drain();

  // Lets go of parked requests whose peers have gone. Costs a look at each; call now and then.
  void drop_abandoned();

  store::Now now();
  std::size_t parked() const { return parked_.size(); }
  std::size_t parked_streams() const;                      // of these
  std::size_t streams() const { return streams_.size(); }  // answers that go on
  const Board& board() const { return board_; }

  // What the groups have cost so far: those that had a request and were committed, the requests in
  // them, how many the largest had, and how often the database has waited for the disk.
  struct Effort {
    std::uint64_t groups = 0;
    std::uint64_t requests = 0;
    std::uint64_t largest = 0;
    std::uint64_t syncs = 0;
    std::uint64_t readings = 0;  // that were made for streams
  };
  Effort effort() const;

 private:
  struct Waiting;
  struct Answer;
  using Entry = std::shared_ptr<Waiting>;
  struct Undone {
    Error error;
    std::vector<Entry> open;  // not answered
  };
  using AfterCommit = std::vector<std::function<void()>>;

  void add(Entry entry);
  void handle_group();
  std::optional<Undone> handle_in_transaction(std::vector<Entry> group,
                                              std::vector<Answer>& answers);
  void count(std::uint64_t requests);
  void tell_answered(const Waiting& entry, const Answer& answer);
  void note_endings(const std::set<std::string>& pipelines, AfterCommit& after_commit);
  Undone undo(const std::vector<Entry>& touched, const Error& error);
  void handle_each_alone(std::vector<Entry> open, std::vector<Answer>& answers);
  static void refuse(const Undone& undone, std::vector<Answer>& answers);
  void handle(const Entry& entry, std::vector<Answer>& answers);
  Outcome ask_handler(Waiting& entry);
  void deliver(Answer answer);
  void go_on(const Entry& entry, Piece piece);
  void end(const Waiting& stream);
  bool has_enough(const std::string& owner) const;
  void ask_again(const Entry& stream);
  void ask_some_again();
  void park(const Entry& entry, const Park& park);
  void unpark(const Waiting& entry);
  std::vector<Entry> woken(const store::Changes& changes);
  void take_first(const std::string& topic, std::int64_t most, std::vector<Entry>& into);

  store::Store* store_;
  Router router_;
  const Clock* clock_;
  Loop loop_;
  Onlooker* onlooker_ = nullptr;
  Board board_;
  Readings readings_;       // of this group
  store::Changes changes_;  // of this group, and not told to those who wait
  store::ServiceTime service_;
  bool service_stands_ = false;  // since a group was undone, until one changes something
  MonotonicTime service_counted_;
  std::vector<Entry> group_;  // arrived, not handled
  std::vector<std::function<void(store::Store&, const store::Now&)>> tasks_;
  bool scheduled_ = false;
  bool draining_ = false;
  std::uint64_t arrivals_ = 0;
  Effort effort_;
  std::uint64_t syncs_before_;  // of this process
  std::set<std::string> hot_;   // classes with more tasks than were offered to those who wait
  std::map<std::uint64_t, Entry> parked_;                         // by arrival
  std::map<std::string, std::map<std::uint64_t, Entry>> topics_;  // who waits for what, by arrival
  std::map<std::uint64_t, Entry> streams_;                        // that have begun, by arrival
  std::map<std::string, std::size_t> streams_of_;                 // how many of these, by owner
  std::deque<Entry> due_;                                         // of these, to be asked again
  std::unique_ptr<Timer> pause_;                                  // until some of them are
};

}  // namespace muster::server
