#include <set>

#include "server/domain/paper/catalogue.hpp"
#include "server/domain/paper/dates.hpp"
#include "server/domain/paper/table_reader.hpp"

namespace gantry::paper {
namespace {

using namespace table_reader;

constexpr std::size_t rows_max = 200;  // the printed lists have about ten
constexpr std::int64_t ms_of_minute = 60'000;

// Midnight of the zone that the file speaks of.
std::int64_t read_day(const toml::table& in, std::string_view key, std::int64_t zone_minutes) {
    const auto day = ms_of_iso_date(want_text(in, key));
    if (!day) fail(*in.get(key), fmt::format("'{}': want a day, YYYY-MM-DD", key));
    return *day - zone_minutes * ms_of_minute;
}

std::optional<std::int64_t> read_bound(const toml::table& in, std::string_view key) {
    const auto bound = maybe<std::int64_t>(in, key);
    if (bound && *bound < 1) fail(*in.get(key), fmt::format("'{}': got {}, want at least 1", key, *bound));
    return bound;
}

CatalogueRow read_row(const toml::table& in) {
    only_keys(in, {"id", "class", "modality", "guided_by", "model_has", "rows_min", "field_mt_min", "first_configured",
                   "price_cny_min", "price_cny_below", "en", "zh"});
    CatalogueRow row;
    row.id = want_text(in, "id");
    const std::string licence = want_text(in, "class");
    if (licence != "A" && licence != "B")
        fail(*in.get("class"), fmt::format("'class': got '{}', want A or B", licence));
    row.licence = licence == "A" ? LicenceClass::a : LicenceClass::b;
    row.modality = texts(in, "modality");
    row.guided_by = texts(in, "guided_by");
    row.model_has = texts(in, "model_has");
    row.rows_min = read_bound(in, "rows_min");
    row.field_mt_min = read_bound(in, "field_mt_min");
    row.price_cny_min = read_bound(in, "price_cny_min");
    row.price_cny_below = read_bound(in, "price_cny_below");
    row.first_configured = maybe<bool>(in, "first_configured").value_or(false);
    row.en = want_text(in, "en");
    row.zh = want_text(in, "zh");
    if (row.price_cny_min && row.price_cny_below && *row.price_cny_min >= *row.price_cny_below)
        fail(in, "'price_cny_below': want more than price_cny_min");
    if (row.modality.empty() && !row.first_configured)
        fail(in, "got neither modality nor first_configured, want one: the row would list every device");
    return row;
}

Catalogue read_catalogue(const toml::table& in) {
    only_keys(in, {"name", "valid_from", "valid_to", "zone_minutes", "unclear", "row"});
    Catalogue out;
    out.name = want_text(in, "name");
    const auto zone = maybe<std::int64_t>(in, "zone_minutes").value_or(0);
    if (zone < -14 * 60 || zone > 14 * 60)
        fail(*in.get("zone_minutes"), fmt::format("'zone_minutes': got {}, want -840 to 840", zone));
    out.from_ms = read_day(in, "valid_from", zone);
    if (in.contains("valid_to")) out.to_ms = read_day(in, "valid_to", zone);
    if (out.to_ms <= out.from_ms) fail(*in.get("valid_to"), "'valid_to': want a day after valid_from");
    out.unclear = texts(in, "unclear");
    std::set<std::string> seen;
    each_row(in, "row", rows_max, [&](const toml::table& row) {
        out.rows.push_back(read_row(row));
        if (!seen.insert(out.rows.back().id).second)
            fail(row, fmt::format("row '{}' stands twice", out.rows.back().id));
    });
    return out;
}

}  // namespace

Result<Catalogue> parse_catalogue(std::string_view text, std::string_view file_name) {
    Catalogue out;
    if (auto read = read_table(text, file_name, [&](const toml::table& in) { out = read_catalogue(in); }); !read)
        return read.error();
    return out;
}

}  // namespace gantry::paper
