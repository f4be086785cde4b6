#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "agent/dicom/service.hpp"
#include "common/core/result.hpp"

namespace gantry::dicom {

struct ScpOptions {
    std::string bind_address = "127.0.0.1";
    int port = 0;  // 0: any free one
};

// The DICOM server: C-ECHO, C-STORE of structured reports, MPPS N-CREATE and N-SET. Any called AE title is accepted;
// the calling one decides the route. A thread an association, limits::associations_max of them. A peer that connects
// and stays silent holds only its own connection: its association request is awaited outside DCMTK, and a peer silent
// for limits::network_timeout is cut off.
class Scp {
public:
    explicit Scp(Service& service);
    ~Scp();
    // Errc::unavailable when the address is taken, malformed when it is none.
    Result<void> listen(const ScpOptions& options);
    int port() const;
    // Until `stop`; then no new association is taken, and those under way end after the message they are at.
    void run(const std::stop_token& stop);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::dicom
