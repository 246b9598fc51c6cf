#pragma once

// An image that was made of an instance holds that one's files, and with them the mark that it has
// booted before.

#include <string>

#include "base/time.hpp"
#include "instance/self.hpp"

namespace muster::instance {

// Whether `file` has another instance's id than ours, so that we are new, and of its image. Asks
// the metadata service for ours until it tells, for `patience`; what cannot be known is not new.
bool is_of_an_image(const std::string& file, Self& self, Millis patience,
                    const std::stop_token& stop);

}  // namespace muster::instance
