#pragma once

#include <cstdint>
#include <string>
#include <vector>

// Makes the logs of the invented scanners whose patterns are shipped, and says what must come of them.
namespace gantry::audit::testing {

struct MadeLog {
    std::string bytes;               // in the log's own encoding
    std::vector<std::string> lines;  // the same, a line each, without ends
    std::vector<std::string> want;   // "type body" of each event, in order
};

// `acme-ct9`, `huaxing-x64` or `norden-spira`. Same seed, same log. Between the lines that count stand others, some
// with a person's name in them (`SECRET` among them), and some that nearly match.
MadeLog make_log(const std::string& model, std::uint64_t seed, int events);

// UTF-8 in GBK or ISO 8859-1.
std::string encoded(const std::string& utf8, const std::string& charset);

}  // namespace gantry::audit::testing
