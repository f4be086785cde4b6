#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "server/domain/due/calendar.hpp"

namespace gantry::judging {

// What comes next for every device, as the last judgement of each left it. In memory only: it follows from the log and
// the calendar. Any thread may read.
class DueBoard {
public:
    struct Device {
        std::string name, org, site;
        std::vector<due::Due> due;
    };
    void put(const std::string& device, Device what);

    // Sorted by time, then device.
    std::vector<due::Entry> entries(const due::Filter& filter) const;
    // How many devices were judged since the start.
    std::size_t devices() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, Device> devices_;
};

}  // namespace gantry::judging
