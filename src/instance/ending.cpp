#include "instance/ending.hpp"

#include <algorithm>
#include <string_view>

#include "base/log.hpp"

namespace muster::instance {

namespace {

bool says(const Error& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

// As AWS words it: "Instance Id not found - No managed instance found for instance ID: …" of one
// that is in no group, or has left it.
bool is_in_no_group(const Error& refusal) {
  return says(refusal, "Instance Id not found") || says(refusal, "No managed instance") ||
         says(refusal, "not part of");
}

}  // namespace

// AWS has one code for all that is wrong with a call, so that words must tell. What they might be
// beside those that are known is taken for the minimum: asking without lowering it does no harm.
Next next_after(const Error& refusal, aws::Replaced asked) {
  if (refusal.kind == ErrorKind::forbidden) return Next::nothing;
  if (refusal.kind != ErrorKind::invalid) return Next::again;
  if (!says(refusal, "ValidationError") || is_in_no_group(refusal)) return Next::nothing;
  return asked == aws::Replaced::no ? Next::replaced : Next::nothing;
}

Next Ending::attempt(const std::stop_token& over) {
  do {
    const auto answer = ports_.terminate(replaced_, over);
    accepted_ = answer.has_value();
    if (accepted_) return Next::nothing;
    if (over.stop_requested()) return Next::again;  // what was interrupted is no refusal
    latest_ = answer.error();
    next_ = next_after(latest_, replaced_);
    log::warn("the group does not end this instance", {{"error", latest_.message}});
    if (next_ == Next::replaced) replaced_ = aws::Replaced::yes;
  } while (next_ == Next::replaced);
  return next_;
}

Result<void> Ending::outcome() const {
  return accepted_ ? ok() : latest_;
}

Result<void> Ending::ask_until(const std::stop_token& over) {
  for (int failed = 1; !over.stop_requested(); ++failed) {
    if (attempt(over) != Next::again) break;
    ports_.patience.sleep(aws::pause_after(failed, ports_.patience.random()), over);
  }
  return outcome();
}

Result<void> Ending::ask_once(const std::stop_token& over) {
  if (!accepted_ && next_ == Next::again) attempt(over);
  return outcome();
}

}  // namespace muster::instance
