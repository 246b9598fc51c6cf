// What the thread sanitizer is told, in each program that it is built into: also in those that are
// started without our environment, as a scaler starts its instances. $TSAN_OPTIONS has the last
// word. It calls this at any moment, so nothing here is sanitized, allocates, or takes a lock.

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

extern "C" {

const char* __tsan_default_options();
const char* __tsan_default_suppressions();
void __sanitizer_report_error_summary(const char* summary);
void __sanitizer_set_death_callback(void (*callback)());

// The first race ends the program, with an exit code that no part of it has (66), so that its test
// fails and its report is the last that was said. We start other programs while we have threads.
const char* __tsan_default_options() {
  return "halt_on_error=1:second_deadlock_stack=1:die_after_fork=0";
}

// Only what a library does that we cannot mend, and each with the reason. A race of ours is mended.
const char* __tsan_default_suppressions() {
  return "";
}

}  // extern "C"

namespace {

// An instance's log goes with it, but for the last line, which is told in the log of its scaler. So
// the last line is the one that says what it was.
constexpr std::size_t kLongest = 400;
char last_words[kLongest + 1];
std::size_t length = 0;

void say_last_words() {
  if (length > 0) ::syscall(SYS_write, STDERR_FILENO, last_words, length);
}

[[maybe_unused]] const bool prepared = (__sanitizer_set_death_callback(say_last_words), true);

}  // namespace

extern "C" void __sanitizer_report_error_summary(const char* summary) {
  for (length = 0; length < kLongest && summary[length] != '\0'; ++length) {
    last_words[length] = summary[length];
  }
  last_words[length++] = '\n';
  say_last_words();
}
