#pragma once
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "firmware-sim/model/fleet.hpp"

namespace gantry::sim {

/// Ends the program with this exit code and message.
struct EmitError : std::runtime_error {
    EmitError(int code, const std::string& message) : std::runtime_error{message}, exit_code{code} {}
    int exit_code;
};
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_unavailable = 69;
inline constexpr int exit_io = 74;

/// What became of the run, for the summary. `answered` = the other side took it: ok line, receipt, or DICOM success.
struct Tally {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    std::uint64_t errors = 0;
    std::uint64_t resent = 0;
    std::uint64_t reconnects = 0;
    double latency_p50_ms = -1;  ///< Negative: not measured on this route.
    double latency_p99_ms = -1;
};

/// Where events go. `take` may block for room; it keeps the order per device. Throws EmitError when there is no hope.
class Sink {
public:
    virtual ~Sink() = default;
    virtual void take(std::uint32_t device, const SimEvent& event) = 0;
    /// Serves the network for so long; called whenever the run has to wait for the clock.
    virtual void serve(std::chrono::milliseconds time) = 0;
    /// Waits until everything taken is answered; false when time ran out.
    virtual bool drain(std::chrono::milliseconds time) = 0;
    virtual Tally tally() const = 0;
};

/// True once SIGINT or SIGTERM came: finish what was taken, take no more.
bool stop_requested() noexcept;
void install_stop_signals();

}  // namespace gantry::sim
