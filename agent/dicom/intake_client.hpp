#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "agent/dicom/pipeline.hpp"
#include "common/io/files.hpp"

namespace gantry::dicom {

// One agent's intake socket. Lines are pipelined: all are written, then all answers awaited, so that they share a
// commit. The connection is kept; after any failure it is closed and made anew at the next delivery.
class IntakeClient : public Target {
public:
    IntakeClient(std::filesystem::path socket, std::chrono::milliseconds timeout)
        : socket_{std::move(socket)}, timeout_{timeout} {}

    // A line counts as accepted only on its `ok`. Failures: Errc::unavailable (nobody listens, timeout, closed, `full`,
    // `io`) may pass; malformed, schema and too_large are the intake's verdict on a line.
    Delivery deliver(const std::vector<std::string>& lines) override;

private:
    struct Exchange;
    bool exchange_some(Exchange& exchange, std::chrono::steady_clock::time_point deadline);
    std::filesystem::path socket_;
    std::chrono::milliseconds timeout_;
    UniqueFd connection_;
};

}  // namespace gantry::dicom
