#include "server/ingest/config_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "common/io/files.hpp"
#include "server/domain/lifecycle_table.hpp"

namespace gantry::ingest {
namespace {

// Name and text of every *.toml, by name.
std::map<std::string, std::string> read_folder(const std::filesystem::path& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator{folder})
        if (entry.path().extension() == ".toml")
            out.emplace(entry.path().filename().string(), files::read_all(entry.path()).value());
    return out;
}

// A base that is not there is left out: the loader says so.
std::string with_bases(const std::string& own, const std::map<std::string, std::string>& texts) {
    constexpr int deep_enough = 8;  // a circle is refused by the loader
    std::string whole = own;
    std::string last = own;
    for (int depth = 0; depth < deep_enough; ++depth) {
        const std::string base = base_of_table(last);
        const auto found = texts.find(base);
        if (base.empty() || found == texts.end()) break;
        whole = table_with_base(whole, base, found->second);
        last = found->second;
    }
    return whole;
}

}  // namespace

std::vector<std::string> read_lifecycle_tables(const std::filesystem::path& folder) {
    const auto texts = read_folder(folder);
    std::vector<std::string> out;
    std::map<std::string, std::string> by_id;  // table id -> file
    for (const auto& [name, own] : texts) {
        const std::string text = with_bases(own, texts);
        const auto table = LifecycleTable::parse(text, (folder / name).string());
        if (!table) throw std::invalid_argument{table.error().message};
        const auto [place, fresh] =
            by_id.emplace(fmt::format("{}/{}", table_key(table->modality()), table->version()), name);
        if (!fresh)
            throw std::invalid_argument{fmt::format("{}:1: table {}: {} is it already, want another version",
                                                    (folder / name).string(), table->id(), place->second)};
        out.push_back(text);
    }
    if (out.empty()) throw std::invalid_argument{fmt::format("{}: no lifecycle table (*.toml)", folder.string())};
    return out;
}

std::vector<paper::Catalogue> read_catalogues(const std::filesystem::path& folder) {
    std::vector<paper::Catalogue> out;
    for (const auto& [name, text] : read_folder(folder)) {
        auto catalogue = paper::parse_catalogue(text, (folder / name).string());
        if (!catalogue) throw std::invalid_argument{catalogue.error().message};
        out.push_back(std::move(*catalogue));
    }
    if (auto done = paper::check_catalogues(out); !done)
        throw std::invalid_argument{fmt::format("{}: {}", folder.string(), done.error().message)};
    return out;
}

}  // namespace gantry::ingest
