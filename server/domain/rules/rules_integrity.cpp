#include "server/domain/rules/run.hpp"

namespace gantry::rules {

std::span<const RuleFunction> integrity_functions() { return {}; }

}  // namespace gantry::rules
