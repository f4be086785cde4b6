#pragma once
#include <memory>
#include <string>

#include "firmware-sim/emit/sink.hpp"

namespace gantry::sim {

/// Speaks the agents' intake protocol on DIR/<device>.sock: pipelined lines, answers in order. A line is forgotten only
/// when it was answered; after a broken connection or an answer that may pass (full, io) it is sent again.
class IntakeSink final : public Sink {
public:
    IntakeSink(const Fleet& fleet, const std::string& folder, std::chrono::milliseconds connect_timeout);
    ~IntakeSink() override;
    void take(std::uint32_t device, const SimEvent& event) override;
    void serve(std::chrono::milliseconds time) override;
    bool drain(std::chrono::milliseconds time) override;
    Tally tally() const override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::sim
