#pragma once

#include <string>

#include "common/core/bytes.hpp"

namespace gantry::ingest {

// The way to the devices. All functions are called by the sender's thread alone. The real one is MQTT; tests and
// benchmarks put in their own.
class Transport {
public:
    virtual ~Transport() = default;
    virtual void start() = 0;
    // False: not connected, or enough is in flight; nothing was taken.
    virtual bool try_publish(const std::string& topic, ByteView payload, bool retained) = 0;
    virtual bool connected() const = 0;
    virtual void stop() = 0;
};

}  // namespace gantry::ingest
