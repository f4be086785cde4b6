#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/core/bytes.hpp"

namespace gantry::testing {

// What a provider answered: the DIMSE status, and the Error ID and Error Comment of its detail.
struct DimseAnswer {
    std::uint16_t status = 0xffff;  // 0xffff: no answer came
    std::uint16_t error_id = 0;
    std::string comment;
};

// A scanner's side of one association, for what storescu and echoscu cannot send. DCMTK's own SCU class has no N-CREATE
// and no N-SET.
class MppsScu {
public:
    // Throws std::runtime_error when the association is not accepted; the message is DCMTK's.
    MppsScu(int port, const std::string& calling_ae);
    ~MppsScu();
    MppsScu(const MppsScu&) = delete;
    MppsScu& operator=(const MppsScu&) = delete;

    DimseAnswer create(const std::string& sop_instance, const Bytes& dataset);
    DimseAnswer set(const std::string& sop_instance, const Bytes& dataset);
    // C-STORE of a data set in explicit little endian.
    DimseAnswer store(const std::string& sop_class, const std::string& sop_instance, const Bytes& dataset);
    bool echo();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::testing
