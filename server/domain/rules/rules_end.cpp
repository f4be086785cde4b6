#include "server/domain/rules/run.hpp"

namespace gantry::rules {

std::span<const RuleFunction> end_functions() { return {}; }

}  // namespace gantry::rules
