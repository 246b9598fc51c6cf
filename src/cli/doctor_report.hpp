#pragma once

// How findings are shown.

#include <string>

#include "doctor/finding.hpp"

namespace muster::cli {

struct FindingStyle {
  bool color = false;
  bool symbols = false;  // ✓ and the like, where the locale has them; else words
};
// Of this process's standard output.
FindingStyle finding_style();

// A paragraph for each subject, in the order of their first findings, and a line that sums up.
std::string findings_text(const doctor::Findings& findings, const FindingStyle& style);

// An array of {check, subject, verdict, text}.
std::string findings_json(const doctor::Findings& findings);

}  // namespace muster::cli
