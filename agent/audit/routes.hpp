#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace gantry::audit {

// Who a message comes from, by what is known of it. Empty: not known.
struct Sender {
    std::string certificate;  // common name of its TLS certificate, signed by our CA
    std::string peer;         // its address
    std::string ae;           // AE title that the message names
    std::string host;         // HOSTNAME of its syslog header
};

struct Route {
    Sender when;  // empty members: any
    std::filesystem::path intake;
};

// Which device's intake a sender belongs to. TOML:
//   unassigned = "/run/gantry/unassigned-east.sock"   # intake of the pseudo-device for what no route claims
//   [[route]]
//   certificate = "ct-east-1"   # at least one of certificate, peer, ae and host; all that are given must fit
//   intake = "/run/gantry/ct-east-1.sock"
// Among routes that fit, the best is the one with the certificate, then the peer, the AE title, the host: a certificate
// cannot be copied without its key, an address is harder to take than a title, and a host name is only said.
class RouteTable {
public:
    // Unknown keys, doubled routes and routes without a condition are refused, with file and line.
    static Result<RouteTable> parse(std::string_view toml, std::string_view file_name);
    // Everything to one intake, as its own.
    static RouteTable single(const std::filesystem::path& intake);

    struct Choice {
        std::filesystem::path intake;
        bool unassigned = false;
    };
    Choice choose(const Sender& sender) const;
    std::size_t size() const { return routes_.size(); }

private:
    std::filesystem::path unassigned_;
    std::filesystem::path only_;
    std::vector<Route> routes_;
};

// What --intake and --routes of the command line ask for; exactly one is given.
Result<RouteTable> read_routes(const std::filesystem::path& intake, const std::filesystem::path& routes);

}  // namespace gantry::audit
