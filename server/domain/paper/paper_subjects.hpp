#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "server/domain/paper/paper_filing.hpp"

// Whom a paper concerns: the key by which the papers of one device are found among all.
namespace gantry::paper {

// device, org, site: their ids. named: the id of a body, instrument, person or permit that other papers quote. all:
// everybody (id empty), for what is matched by model and serial number.
enum class Scope { device, org, site, named, all };
std::string_view name(Scope scope);

struct Subject {
    Scope scope = Scope::device;
    std::string id;
    auto operator<=>(const Subject&) const = default;
};

// Sorted, each once. `filing` has passed the schema; what names nobody gives an empty list. Errc::malformed when the
// body is no JSON object.
Result<std::vector<Subject>> subjects_of(const PaperFiling& filing);

// The papers that this one quotes and that are judged with it: test body, instruments, inspector, supplier, permit.
Result<std::vector<Subject>> quoted_by(const PaperFiling& filing);

}  // namespace gantry::paper
