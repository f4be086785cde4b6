#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/domain/fold.hpp"

namespace gantry {

// A leaf that is rare in a device's life and that a rule may ask for by itself: all but use, watching and
// what the rules themselves found. `type` is the record type, event or fact; of a record inside a `rehomed` one its
// own.
struct MomentOf {
    std::int64_t at_ms = 0;
    std::string type;
};
// nullopt for the frequent ones, and for a `rehomed` record whose original is stored. Never fails: what cannot be read
// is no moment.
std::optional<MomentOf> moment_of(const LeafEvent& leaf);

// When a record says that it happened: its source's word, else when the agent took it in, and never later than the
// receipt allows.
std::int64_t event_time_of(const RecordHead& record, std::int64_t recv_ms);

// The record that a stored record's bytes are about: itself, or the one inside it when it is `rehomed`. The views live
// in `inner`, which is changed when something was unwrapped, or in `bytes`.
Result<RecordView> record_inside(std::string_view bytes, std::string& inner);

}  // namespace gantry
