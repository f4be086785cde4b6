#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "server/domain/rules/pack.hpp"

namespace gantry::judging {

struct RuleFiles {
    std::vector<rules::PackText> texts;
    std::shared_ptr<const rules::RulePack> pack;
};

// The `*.toml` files of a folder in the order of their names. Throws std::invalid_argument with file, line and reason.
RuleFiles read_rules(const std::filesystem::path& folder);

}  // namespace gantry::judging
