#include "server/judging/rule_files.hpp"

#include <algorithm>
#include <stdexcept>

#include "common/io/files.hpp"

namespace gantry::judging {

RuleFiles read_rules(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator{folder})
        if (entry.path().extension() == ".toml") paths.push_back(entry.path());
    std::ranges::sort(paths);
    RuleFiles out;
    for (const auto& path : paths) out.texts.push_back({path.filename().string(), files::read_all(path).value()});
    auto pack = rules::parse_pack(out.texts);
    if (!pack) throw std::invalid_argument{folder.string() + "/" + pack.error().message};
    out.pack = std::make_shared<const rules::RulePack>(std::move(*pack));
    return out;
}

}  // namespace gantry::judging
