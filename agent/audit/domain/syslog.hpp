#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/core/result.hpp"

// Syslog as audit trails use it: the message of RFC 5424, and the octet counting of RFC 6587 and RFC 5425 that frames
// it in a stream. A datagram (RFC 5426) is one message. Pure; messages of errors hold nothing of what was read.
namespace gantry::audit {

// Views into the bytes that were parsed. A nil value ("-") is an empty view.
struct SyslogMessage {
    int facility = 0;            // 0 to 23; security audit is 10 or 13
    int severity = 0;            // 0 to 7
    std::string_view timestamp;  // as it stands there; of the form RFC 3339 with at most 6 decimals
    std::string_view host;
    std::string_view app;
    std::string_view process;
    std::string_view id;
    std::string_view structured_data;  // whole, checked
    std::string_view text;             // without its byte order mark
    bool utf8 = false;                 // a byte order mark said so
};

// Strict in the header. Errc::malformed says what is wrong and at which byte; Errc::too_large beyond
// limits::message_bytes_max.
Result<SyslogMessage> parse_syslog(std::string_view bytes);

// One frame at the front of a stream's bytes: `message` is inside them, `bytes` counts length, space and message.
struct SyslogFrame {
    std::string_view message;
    std::size_t bytes = 0;
};

// Nothing while the frame is not complete. Errc::malformed when this is no octet count, Errc::too_large when it
// announces more than limits::message_bytes_max: in both cases the stream cannot be followed any further.
Result<std::optional<SyslogFrame>> next_frame(std::string_view bytes);

}  // namespace gantry::audit
