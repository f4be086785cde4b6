#pragma once

#include <filesystem>
#include <memory>

#include "agent/audit/commands.hpp"
#include "agent/audit/domain/pattern.hpp"

namespace gantry::audit {

Result<std::shared_ptr<const PatternFile>> read_patterns(const std::filesystem::path& file, const Schema& schema);

// The zone of a log's times: that of --tz, else the pattern file's, else none.
Zone zone_for(const PatternFile& patterns, const Host& host);

}  // namespace gantry::audit
