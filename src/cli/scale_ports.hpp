#pragma once

// From the configuration to what the loop runs between: the only place that chooses adapters.

#include <memory>

#include "base/result.hpp"
#include "cli/scale_config.hpp"
#include "fleet/loop.hpp"

namespace muster::cli {

std::unique_ptr<fleet::DemandSource> make_queue(const ScaleConfig& config);

// How often a queue is read that does not tell by itself when it changes.
Millis poll_interval(const ScaleConfig& config);

// Of a look only, launch() and drain() must not be called, and nothing else changes anything.
enum class Purpose { scale, look };
Result<std::unique_ptr<fleet::CapacityProvider>> make_capacity(const ScaleConfig& config,
                                                               Purpose purpose);

// Tells a Muster server of each pass, where the queue is one's.
std::unique_ptr<fleet::DecisionObserver> make_observer(const ScaleConfig& config);

// "http://127.0.0.1:8480": where the queue is read, for a log.
std::string queue_in_words(const ScaleConfig& config);

}  // namespace muster::cli
