#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gantry {

enum class Errc {
    malformed,    // bytes or text that are not what the format says
    schema,       // well formed, but a type, field or value the schema does not allow
    too_large,    // over a stated limit
    not_found,    // a name that is not known here
    conflict,     // contradicts what is already accepted
    refused,      // understood and not allowed
    unavailable,  // a peer or resource is away; trying later may help
    io,           // the operating system or the store failed
    unauthentic,  // a signature, hash or key is not the expected one
};

// The stable name of an error class, as intake answers and problem documents show it.
constexpr std::string_view name(Errc code) {
    switch (code) {
        case Errc::malformed:
            return "malformed";
        case Errc::schema:
            return "schema";
        case Errc::too_large:
            return "too_large";
        case Errc::not_found:
            return "not_found";
        case Errc::conflict:
            return "conflict";
        case Errc::refused:
            return "refused";
        case Errc::unavailable:
            return "unavailable";
        case Errc::io:
            return "io";
        case Errc::unauthentic:
            return "unauthentic";
    }
    return "unknown";
}

struct Error {
    Errc code;
    std::string message;  // "what failed: got …, want …", ready for a log line or a 4xx body
};

template <class T>
using Result = boost::system::result<T, Error>;

// Found by ADL when somebody calls .value() on a failure.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::runtime_error{error.message};
}

}  // namespace gantry
