#include "instance/watch.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/sleep.hpp"
#include "base/text.hpp"
#include "process/program.hpp"

namespace muster::instance {

void Watch::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    look(stop);
    if (is_due()) carry_out(stop);
    sleep_for(pause(), stop);
  }
}

void Watch::look(const std::stop_token& stop) {
  std::string trouble;
  bool rubbish = false;
  for (const auto& [topic, path] : kPlaces) {
    const auto answer = metadata_.get(std::string(path), stop);
    if (stop.stop_requested()) return;
    if (!answer && answer.error().kind == ErrorKind::not_found) continue;
    if (rubbish && !has_form(topic)) continue;
    const auto notice = answer ? notice_in(topic, *answer) : answer.error();
    if (!notice) {
      rubbish = rubbish || answer.has_value();
      trouble = notice.error().message;
    } else if (*notice) {
      tell(topic, **notice);
    }
  }
  note_trouble(trouble);
}

void Watch::tell(Topic topic, const std::string& notice) {
  if (!told_.insert(topic).second) return;
  log::warn("this instance drains", {{"notice", notice}});
  if (told_.size() == 1) due_ = system_clock().monotonic();
}

void Watch::note_trouble(const std::string& trouble) {
  if (trouble.empty() == !in_trouble_) return;
  in_trouble_ = !trouble.empty();
  if (in_trouble_) {
    log::warn("the instance metadata service does not answer as it should; a notice may be missed",
              {{"error", trouble}});
  } else {
    log::info("the instance metadata service answers again");
  }
}

bool Watch::is_due() const {
  return due_ && system_clock().monotonic() >= *due_;
}

void Watch::carry_out(const std::stop_token& stop) {
  const auto done = process::output_of(
      {.arguments = command_, .environment = process::inherited_environment({"NOTIFY_SOCKET"})}, {},
      stop);
  if (stop.stop_requested()) return;
  if (done) {
    due_.reset();
    log::info("the command for a notice has been run", {{"command", join(command_, " ")}});
    return;
  }
  const auto wait = aws::pause_after(++failed_, patience_.random());
  due_ = system_clock().monotonic() + wait;
  log::error("the command for a notice failed; it is run again",
             {{"error", done.error().message}, {"in", format_duration(wait)}});
}

// A command that failed may be run again sooner than we would look.
Millis Watch::pause() const {
  if (!due_) return interval_;
  return std::clamp(*due_ - system_clock().monotonic(), Millis(0), interval_);
}

}  // namespace muster::instance
