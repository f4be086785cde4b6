#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "server/domain/paper/papers.hpp"

// Whether a device needs a configuration licence: a dated list, config/catalogue/<name>.toml, never a property of a
// kind of device.
namespace gantry::paper {

enum class LicenceClass : std::uint8_t {
    none,  // not listed
    a,     // licensed by the national health commission
    b,     // by the provincial one
    unknown,
};
std::string_view name(LicenceClass licence);  // "none", "A", "B", "unknown"

struct CatalogueRow {
    std::string id;
    LicenceClass licence = LicenceClass::none;
    std::vector<std::string> modality, guided_by;  // empty: does not matter
    std::vector<std::string> model_has;            // words in lower case; empty: does not matter
    std::optional<std::int64_t> rows_min, field_mt_min, price_cny_min, price_cny_below;
    bool first_configured = false;
    std::string en, zh;
};

struct Catalogue {
    std::string name;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = forever_ms;
    std::vector<std::string> unclear;  // modalities of which it cannot tell whether a row means them
    std::vector<CatalogueRow> rows;
};

// Reads one file. An error is "file:line: reason".
Result<Catalogue> parse_catalogue(std::string_view toml, std::string_view file_name);

// Whether no two catalogues hold on one day. An error names both. Gaps are allowed: there the answer is unknown.
Result<void> check_catalogues(std::span<const Catalogue> catalogues);

struct LicenceNeed {
    LicenceClass licence = LicenceClass::unknown;
    bool required = false;             // whatever is unknown: every class that it may be of needs a licence
    std::string catalogue;             // name of the one that judged; empty: none held on that day
    std::string row;                   // id of the row that was met; empty: none, or unknown
    std::string en, zh;                // why, for people
    std::vector<std::string> missing;  // fields of the device sheet that would decide it
};

// By the catalogue that holds at `at_ms`, for which the day of purchase is meant. A value that the sheet does not tell
// gives `unknown`, never `none`, unless every value gives the same.
LicenceNeed licence_needed(std::span<const Catalogue> catalogues, const DeviceSheet& sheet, std::int64_t at_ms);

}  // namespace gantry::paper
