#pragma once

#include "db/database.hpp"

namespace muster::store {

// Every version of the server's database, oldest first. A released script is never edited.
db::Migrations migrations();

}  // namespace muster::store
