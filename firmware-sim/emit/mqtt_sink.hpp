#pragma once
#include <memory>

#include "firmware-sim/emit/options.hpp"
#include "firmware-sim/emit/sink.hpp"

namespace gantry::sim {

/// Plays every agent: own epoch, chain, signed frames, hello, receipts, resend within the credit given. A record is
/// forgotten on its receipt only.
std::unique_ptr<Sink> make_mqtt_sink(const Fleet& fleet, const RunOptions& run);

}  // namespace gantry::sim
