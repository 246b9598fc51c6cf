#pragma once

// git, as a program that is asked questions: without prompts, pagers, hooks or optional locks, and
// with the person's own environment (GIT_DIR and the like hold).

#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace muster::client {

struct GitAnswer {
  int code = 0;  // as a shell reports it
  std::string output;
  std::string message;  // what it said on standard error
};

class Git {
 public:
  // Works in `directory`; keeps what it reads and writes in `scratch`, which must exist as long.
  Git(std::filesystem::path directory, std::filesystem::path scratch, std::stop_token stop);

  // Set for every later call.
  void set(std::string variable, std::string value);

  // Runs to the end. An error only if git could not be started, was stopped, or said too much.
  Result<GitAnswer> ask(std::vector<std::string> arguments) const;
  // The output, without the last newline; a failure of git is an error with its message.
  Result<std::string> get(std::vector<std::string> arguments) const;
  // With both ends in files.
  Result<void> pump(std::vector<std::string> arguments, const std::filesystem::path& input,
                    const std::filesystem::path& output) const;

 private:
  Result<GitAnswer> run(std::vector<std::string> arguments, const std::filesystem::path& input,
                        const std::filesystem::path& output) const;

  std::filesystem::path directory_;
  std::filesystem::path scratch_;
  std::stop_token stop_;
  std::map<std::string, std::string> environment_;
};

}  // namespace muster::client
