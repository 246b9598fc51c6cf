#pragma once

// From argv to Options, as the grammar says. Only this and grammar.cpp know CLI11.

#include <string>
#include <variant>
#include <vector>

#include "cli/command_info.hpp"
#include "cli/options.hpp"

namespace muster::cli {

// There is nothing to run: help or the version was asked for, or the command line is wrong.
struct Answer {
  int code = 0;
  std::string output;  // for standard output
  std::string error;   // for standard error
};

// `arguments` without the program's name. Reads the environment for options that have a variable.
std::variant<Options, Answer> parse(const std::vector<std::string>& arguments);

// The root, with all commands below it.
CommandInfo command_info();

}  // namespace muster::cli
