#include "server/domain/rules/registry.hpp"

#include <algorithm>

namespace gantry::rules {
namespace {

std::vector<const RuleFunction*> collect() {
    std::vector<const RuleFunction*> out;
    for (const auto group :
         {permit_functions(), use_functions(), quality_functions(), proof_functions(), record_functions(),
          dose_functions(), integrity_functions(), end_functions(), warning_functions(), plan_functions()}) {
        for (const RuleFunction& function : group) out.push_back(&function);
    }
    return out;
}

}  // namespace

std::span<const RuleFunction* const> all_functions() {
    static const std::vector<const RuleFunction*> functions = collect();
    return functions;
}

const RuleFunction* find_function(std::string_view name) {
    const auto functions = all_functions();
    const auto found = std::ranges::find(functions, name, &RuleFunction::name);
    return found == functions.end() ? nullptr : *found;
}

}  // namespace gantry::rules
