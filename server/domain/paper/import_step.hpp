#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/core/schema.hpp"
#include "server/domain/paper/import.hpp"

// What a row of a fleet's table changes, given what is known of the device: the same table twice changes nothing the
// second time.
namespace gantry::paper {

struct KnownDevice {
    std::map<std::string, std::string> entry{};  // members of the register entry; empty: not in the register
    std::string sheet_json{};                    // its device_sheet in force; empty: none
    State state = State::none;
};

// What goes into the log for one row, all of it or nothing.
struct ImportChange {
    std::map<std::string, std::string> entry{};  // the whole entry as it is to stand; empty: as before
    std::optional<Declaration> sheet{};          // device_sheet to be filed
    std::optional<Declaration> baseline{};       // baseline.declared
    bool is_nothing() const { return entry.empty() && !sheet && !baseline; }
};

enum class ImportAction : std::uint8_t { added, changed, unchanged, refused };
std::string_view name(ImportAction action);

struct ImportStep {
    ImportAction action = ImportAction::unchanged;
    ImportChange change;              // empty when nothing changes or the row is refused
    std::vector<ImportError> errors;  // why it is refused
};

// Who imports; `role` speaks in the filing, the baseline keeps its own.
struct ImportedBy {
    std::string actor;
    Role role = Role::hm;
};

// Cells that the table leaves empty keep what is known. A record key never changes. A device that has a state keeps
// it: its life goes on by declarations, not by tables. `papers` is config/schema/papers.toml.
ImportStep import_step(const Schema& papers, const ImportedDevice& row, const KnownDevice& known, const ImportedBy& by);

}  // namespace gantry::paper
