#include "server/domain/rules/run.hpp"

namespace gantry::rules {

std::span<const RuleFunction> warning_functions() { return {}; }

}  // namespace gantry::rules
