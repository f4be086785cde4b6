#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "common/core/schema.hpp"
#include "server/domain/lifecycle.hpp"
#include "server/domain/lifecycle_table.hpp"
#include "server/domain/paper/sheet.hpp"

// The first day of every user: a fleet that exists already, in a table of the hospital's own. Reading it changes
// nothing, so a dry run is this and no more.
namespace gantry::paper {

struct ImportOptions {
    std::int64_t now_ms = 0;                                  // of the import; a baseline without a day begins now
    std::int64_t zone_minutes = 480;                          // dates in cells are days of this zone
    std::string org{}, site{}, tz{};                          // of rows that leave them empty
    std::map<std::string, State, std::less<>> state_words{};  // what people call the states, beside their codes
};

// What a table calls the states in Chinese and English.
std::map<std::string, State, std::less<>> state_words_of(const LifecycleTable& table);

struct ImportedDevice {
    int line = 0;
    std::map<std::string, std::string> entry;  // members of the register entry by name: id, name, maker, record_key, …
    std::string sheet_json;                    // device_sheet as it may be filed, RFC 8785
    Declaration baseline;                      // baseline.declared; who declares it and when, the caller fills in
};

struct ImportError {
    int line = 0;
    std::string column;  // heading as it stands in the table; empty: the row as a whole
    std::string got, want;
    bool operator==(const ImportError&) const = default;
};

inline constexpr std::size_t import_errors_max = 1'000;  // kept; all are counted

struct ImportReport {
    std::size_t rows = 0;
    std::vector<ImportedDevice> devices;  // of the rows without an error
    std::vector<ImportError> errors;
    std::size_t error_count = 0;
    std::vector<std::string> unknown_columns;  // headings that were passed over
};

// The first row holds the headings, in Chinese or English, in any order. `papers` is config/schema/papers.toml. Errors
// are of the table as a whole (Errc::malformed: no heading, a needed column missing or there twice); what is wrong with
// a row stands in the report, every fault of it at once.
Result<ImportReport> import_devices(const Schema& papers, std::span<const SheetRow> rows, const ImportOptions& options);

}  // namespace gantry::paper
