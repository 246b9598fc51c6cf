#pragma once

// Who is in charge, and whether another scaler could come in between.

#include <filesystem>
#include <string>
#include <vector>

#include "doctor/finding.hpp"
#include "lease/lease_table.hpp"
#include "lease/leased_ledger.hpp"

namespace muster::doctor {

// Whether the table is there and may be read and written, who holds each lease, and whether what is
// remembered of each class can be read. `keys` are its
// items, by class. The write is on the condition of a version that no item has, and of a key that
// is no group's: it is always refused, but not before the permission was looked at.
Findings examine_lease(lease::LeaseTable& table, const std::string& name,
                       const lease::LeaseKeys& keys);

// Whether it can be used, whether what is remembered there of these classes can be read, and
// whether a scaler of this machine works on it. For that its lock is tried, and given back at once.
Findings examine_state_directory(const std::filesystem::path& directory,
                                 const std::vector<std::string>& classes);

}  // namespace muster::doctor
