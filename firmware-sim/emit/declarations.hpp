#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "firmware-sim/emit/sink.hpp"

namespace gantry::sim {

struct DeclarationTally {
    std::uint64_t sent = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
};

/// Where people's declarations go, in order: POST URL/api/v1/devices/{id}/declarations, papers to URL/api/v1/papers; a
/// file; or nowhere.
class Declarations {
public:
    virtual ~Declarations() = default;
    virtual void take(std::uint32_t device, const SimEvent& event) = 0;
    virtual void close() {}
    DeclarationTally tally() const { return tally_; }

protected:
    DeclarationTally tally_;
};

std::unique_ptr<Declarations> declarations_to_file(const Fleet& fleet, const std::string& path);
/// `url` is http://HOST:PORT on the own machine. Waits up to `patience` for the collector to answer, then EmitError 69.
std::unique_ptr<Declarations> declarations_to_http(const Fleet& fleet, const std::string& url,
                                                   std::chrono::milliseconds patience);

}  // namespace gantry::sim
