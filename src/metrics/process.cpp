#include "metrics/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/time.hpp"
#include "base/version.hpp"

namespace muster::metrics {
namespace {

constexpr Definition kBuild{
    Kind::gauge, "muster_build_info", "1, for the version that runs.", {"version"}};
constexpr Definition kCpu{Kind::counter, "process_cpu_seconds_total",
                          "Processor time of this process, in seconds."};
constexpr Definition kMemory{Kind::gauge, "process_resident_memory_bytes",
                             "Memory of this process, in bytes."};
constexpr Definition kStart{Kind::gauge, "process_start_time_seconds",
                            "When this process was started, in seconds since 1970."};

double seconds(const timeval& time) {
  constexpr double kMicrosecond = 1e-6;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * kMicrosecond;
}

// As it is initialised before main(), this is the start to within milliseconds.
const WallTime started = system_clock().wall();

}  // namespace

void describe_process(Registry& registry) {
  registry.set(kBuild, {version()}, 1);
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    registry.set(kCpu, {}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  double whole = 0;
  double resident = 0;  // in pages
  if (std::ifstream("/proc/self/statm") >> whole >> resident) {
    registry.set(kMemory, {}, resident * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  }
  registry.set(kStart, {}, std::chrono::duration<double>(started.time_since_epoch()).count());
}

}  // namespace muster::metrics
