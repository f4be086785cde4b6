#include "common/io/clock.hpp"

#include <sys/timex.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace gantry::clock {
namespace {

std::int64_t read_ms(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

std::int64_t utc_ms() { return read_ms(CLOCK_REALTIME); }
std::int64_t boottime_ms() { return read_ms(CLOCK_BOOTTIME); }
std::int64_t monotonic_ms() { return read_ms(CLOCK_MONOTONIC); }

Sync sync_state() {
    timex query{};  // modes = 0: read only, needs no privilege
    const int state = adjtimex(&query);
    if (state < 0) return Sync::unknown;
    return state == TIME_ERROR || (query.status & STA_UNSYNC) ? Sync::unsync : Sync::sync;
}

std::string machine_boot_id() {
    std::string text;
    std::ifstream{"/proc/sys/kernel/random/boot_id"} >> text;
    std::erase(text, '-');
    return text.size() == 32 ? text : std::string(32, '0');
}

std::string rfc3339(std::int64_t utc_ms) {
    std::int64_t seconds = utc_ms / 1000;
    std::int64_t millis = utc_ms % 1000;
    if (millis < 0) {
        millis += 1000;
        --seconds;
    }
    const time_t when = static_cast<time_t>(seconds);
    tm parts{};
    gmtime_r(&when, &parts);
    char text[48];
    const auto size = ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(millis));
    return text;
}

}  // namespace gantry::clock
