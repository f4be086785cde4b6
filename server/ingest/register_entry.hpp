#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/core/crypto.hpp"
#include "common/core/ids.hpp"
#include "server/domain/leaf_json.hpp"

// A device as it stands in the register: who it is and by which key its records are known.
namespace gantry::ingest {

struct RegisterEntry {
    DeviceId id;
    std::optional<PublicKey> record_key{};  // none: no agent yet; what comes under its name is refused
    std::string name{}, maker{}, model{}, serial{}, udi{}, modality{}, org{}, site{}, tz{};  // empty: not told
    bool operator==(const RegisterEntry&) const = default;
};

inline constexpr std::size_t register_text_max = 128;  // bytes of one text: three lines on a type plate

// {"id":"ct-0001","record_key":"<64 hex>","maker":…,"model":…,"serial":…,"site":…,"tz":…,"modality":"CT","name":…}.
// Members it does not know are refused with the nearest known one. A device may have no record key yet.
Result<RegisterEntry> parse_register_entry(std::string_view json);

// The fact that enters the log, and back.
FactLeaf register_fact(const RegisterEntry& entry);
Result<RegisterEntry> entry_of_fact(const FactLeaf& fact);

}  // namespace gantry::ingest
