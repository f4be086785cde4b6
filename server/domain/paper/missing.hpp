#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "server/domain/lifecycle.hpp"
#include "server/domain/paper/catalogue.hpp"
#include "server/domain/paper/papers.hpp"

// Which papers a device still owes in the state that it is in: config/papers/required.toml.
namespace gantry::paper {

struct RequiredPaper {
    std::string kind;
    std::array<bool, state_count> owed_in{};
    std::vector<std::string> modalities;    // empty: all
    std::vector<std::string> satisfied_by;  // any one of these, as the table's heading describes them
    bool when_licence_needed = false;
    std::string who, basis, en, zh;
};

// Reads the table. An error is "file:line: reason"; a selector, state or actor that is not known is one.
Result<std::vector<RequiredPaper>> parse_required_papers(std::string_view toml, std::string_view file_name);

struct MissingPaper {
    std::string kind;  // of the table, or "device_sheet.<field>": needed to tell whether a licence is needed
    State state = State::none;
    std::string en, zh;
    std::string who;  // actors as the lifecycle tables write them
    std::string basis;
    bool operator==(const MissingPaper&) const = default;
};

// In the order of the table. `papers` are those of the device (papers_for); a device whose sheet is not filed owes the
// sheet and what every kind of device owes.
std::vector<MissingPaper> missing_papers(std::span<const RequiredPaper> required, State state,
                                         const DevicePapers& papers, std::span<const Catalogue> catalogues,
                                         std::int64_t now_ms);

}  // namespace gantry::paper
