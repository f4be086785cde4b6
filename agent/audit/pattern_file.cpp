#include "agent/audit/pattern_file.hpp"

#include "agent/audit/domain/limits.hpp"
#include "agent/audit/routes.hpp"
#include "agent/audit/tls_listener.hpp"
#include "common/io/files.hpp"

namespace gantry::audit {

Result<std::shared_ptr<const PatternFile>> read_patterns(const std::filesystem::path& file, const Schema& schema) {
    const auto text = files::read_all(file, limits::pattern_file_bytes_max);
    if (!text) return text.error();
    auto parsed = PatternFile::parse(*text, file.string(), schema);
    if (!parsed) return parsed.error();
    return std::make_shared<const PatternFile>(std::move(*parsed));
}

Zone zone_for(const PatternFile& patterns, const Host& host) {
    if (host.zone.is_set() || patterns.zone().empty()) return host.zone;
    const auto zone = Zone::named(patterns.zone());  // its name was checked with the file
    return zone ? *zone : host.zone;
}

Result<void> check_files(const Options& options, const Schema& schema) {
    if (!options.routes.empty()) {
        if (const auto routes = read_routes({}, options.routes); !routes) return routes.error();
    }
    if (!options.patterns.empty()) {
        if (const auto patterns = read_patterns(options.patterns, schema); !patterns) return patterns.error();
    }
    if (!options.tls.host.empty()) return check_certificates(options);
    return {};
}

}  // namespace gantry::audit
