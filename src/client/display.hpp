#pragma once

// Where a pipeline is shown while it is followed: redrawn in place on a terminal, line by line
// elsewhere, or not at all. One thread.

#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "client/fleet_view.hpp"
#include "protocol/messages.hpp"

namespace muster::client {

struct Scene {
  const protocol::PipelineStatus* pipeline = nullptr;  // null: not known yet, or told already
  const protocol::FleetStatus* fleet = nullptr;        // null: not to be shown, or not known yet
  ClassNames classes;                                  // of the fleet: those to be shown
  std::vector<std::string> notice;  // {"Server away, waiting."}; empty: all is well
};

class Display {
 public:
  virtual ~Display() = default;
  virtual void show(const Scene& scene, WallTime now) = 0;
  // What is shown now stays as it is; what is shown next comes below whatever was printed since,
  // after an empty line.
  virtual void settle() = 0;
};

// The one that suits standard output.
std::unique_ptr<Display> make_display();
std::unique_ptr<Display> make_silent_display();

bool standard_output_is_terminal();

// Of standard output: its width, where it is a terminal, and whether colours are wanted (a
// terminal, without NO_COLOR).
Style standard_output_style();

}  // namespace muster::client
