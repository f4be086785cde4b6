#pragma once

#include "agent/audit/domain/pseudonym.hpp"
#include "agent/audit/domain/time.hpp"
#include "agent/audit/options.hpp"
#include "common/core/schema.hpp"

namespace gantry::audit {

// What every command is made of, read from the options. Made once, unchanged after.
struct Host {
    Zone zone;
    Pseudonyms pseudonyms;
    Schema schema;
};

// sysexits.h, as interfaces promise them.
namespace exit_codes {
inline constexpr int ok = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int bad_data = 65;
inline constexpr int unavailable = 69;
inline constexpr int io = 74;
inline constexpr int config = 78;
}  // namespace exit_codes

// Each returns an exit code; serve and tail run until SIGTERM or SIGINT.
int run_read(const Options& options, const Host& host);
int run_tail(const Options& options, const Host& host);
int run_serve(const Options& options, const Host& host);

// Reads routes, pattern file and certificates as far as they are given.
Result<void> check_files(const Options& options, const Schema& schema);

}  // namespace gantry::audit
