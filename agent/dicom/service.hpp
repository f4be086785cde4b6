#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/dicom/commands.hpp"
#include "agent/dicom/pipeline.hpp"
#include "common/core/bytes.hpp"

namespace gantry::dicom {

// The answer to one DIMSE request. `comment` explains a failure and holds no value of the object.
struct Answer {
    std::uint16_t status = 0;
    std::string comment;
    std::uint16_t error_id = 0;  // 0: none
};

// What the storage and MPPS providers do with a request, without any networking. Thread safe.
class Service {
public:
    Service(const Host& host, Pipeline& pipeline) : host_{host}, pipeline_{pipeline} {}

    // Success only once the intake has every observation of the report; otherwise a status on which the scanner sends
    // again.
    Answer store(ByteView dataset, std::string_view transfer_syntax, std::string_view ae);
    Answer create_step(std::string_view sop_instance, ByteView dataset, std::string_view transfer_syntax,
                       std::string_view ae);
    Answer set_step(std::string_view sop_instance, ByteView dataset, std::string_view transfer_syntax,
                    std::string_view ae);

    struct Counters {
        std::atomic<std::uint64_t> reports{0};
        std::atomic<std::uint64_t> events{0};
        std::atomic<std::uint64_t> steps{0};
        std::atomic<std::uint64_t> refused{0};
        std::atomic<std::uint64_t> unavailable{0};
    };
    const Counters& counters() const { return counters_; }

private:
    Answer answer(const Error& error, std::uint16_t refused_status, std::uint16_t unavailable_status);
    const Host& host_;
    Pipeline& pipeline_;
    Counters counters_;
};

}  // namespace gantry::dicom
