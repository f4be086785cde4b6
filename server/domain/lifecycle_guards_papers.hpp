#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/lifecycle_guards.hpp"
#include "server/domain/paper/dates.hpp"

// What the guards that papers answer have in common; for lifecycle_guards_*.cpp. A paper counts as of the moment at
// which the declaration takes effect; which papers there are is what is on file now.
namespace gantry::guards {

inline std::int64_t at(const GuardContext& c) { return c.event.at_ms; }
inline std::string day(std::int64_t at_ms) { return paper::time_text(at_ms).substr(0, 10); }
inline std::string text_or_empty(const GuardContext& c, std::string_view key) {
    const std::string* found = c.declared.text(key);
    return found ? *found : std::string{};
}
inline bool names(const std::vector<std::string>& ids, const std::string& id) {
    return std::ranges::find(ids, id) != ids.end();
}

const paper::Document* document_of(const GuardContext& c, std::initializer_list<std::string_view> kinds);
const paper::Certificate* certificate_of(const GuardContext& c, const std::string& subject, std::string_view kind,
                                         std::int64_t at_ms);
// The room that the declaration names, else the one that the device is in, and the date of what was done there.
std::optional<Refused> want_room(const GuardContext& c, std::optional<std::int64_t> paper::Room::*date,
                                 std::string_view what, std::string_view who);

}  // namespace gantry::guards
