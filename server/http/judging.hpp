#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "server/domain/due/calendar.hpp"
#include "server/domain/paper/missing.hpp"
#include "server/domain/rules/pack.hpp"

namespace gantry::http {

// What the pages must know of the rules and of what they lead to. Each call on any thread; cheap, no I/O.
class Judging {
public:
    virtual ~Judging() = default;
    virtual std::shared_ptr<const rules::RulePack> pack() const = 0;  // the one in force; never null
    virtual std::vector<due::Entry> due(const due::Filter& filter) const = 0;
    virtual std::size_t devices_judged() const = 0;  // since the start: of the others nothing is known to be due yet
};

// What a device must have on file.
struct PaperDuties {
    std::vector<paper::RequiredPaper> required{};
    std::vector<paper::Catalogue> catalogues{};
};

}  // namespace gantry::http
