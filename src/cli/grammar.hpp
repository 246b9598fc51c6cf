#pragma once

// What the command line may be: every command with its options and their help, as CLI11 has it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace CLI {
class App;
}

namespace muster::cli {

class Grammar {
 public:
  Grammar();
  ~Grammar();

  CLI::App& app();

  // Once the app has parsed: what is to be run, or the words that 'muster help' was given.
  const std::optional<Options>& chosen() const;
  const std::optional<std::vector<std::string>>& help_about() const;

 private:
  class Definition;
  std::unique_ptr<Definition> definition_;
};

}  // namespace muster::cli
