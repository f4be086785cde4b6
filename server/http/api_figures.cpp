#include <fmt/format.h>

#include <algorithm>

#include "common/io/clock.hpp"
#include "server/domain/kpi/kpi.hpp"
#include "server/http/api.hpp"
#include "server/judging/figure_reader.hpp"
#include "server/judging/passport.hpp"
#include "server/store/read_papers.hpp"

// Figures, the dictionary that explains them, and the whole file of one device.
namespace gantry::http {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t fleet_age_ms = 5'000;
constexpr std::int64_t default_days = 30;
constexpr std::int64_t one_device_days_max = 15'000;  // forty years
constexpr std::int64_t devices_days_max = 366;        // of several devices
constexpr std::size_t devices_max = 500;              // that one site's or organisation's figures are made of
constexpr std::size_t fleet_limit_max = 100;          // devices on one page of a fleet's figures

struct Period {
    std::int64_t from_ms = 0, to_ms = 0;
};

Checked<Period> period_of(const Params& params, std::int64_t now_ms, std::int64_t days_max) {
    const auto from = params.time("from");
    if (!from) return from.error();
    const auto to = params.time("to");
    if (!to) return to.error();
    Period out;
    out.to_ms = to->value_or(now_ms);
    out.from_ms = from->value_or(std::max<std::int64_t>(0, out.to_ms - default_days * day_ms));
    if (out.from_ms >= out.to_ms)
        return bad_parameter(
            "from", fmt::format("got {}, want earlier than to = {}", time_text(out.from_ms), time_text(out.to_ms)));
    if (out.to_ms - out.from_ms > days_max * day_ms)
        return bad_parameter("from", fmt::format("got {} days up to `to`, want at most {}",
                                                 (out.to_ms - out.from_ms) / day_ms, days_max));
    return out;
}

void write_head(JsonWriter& json, const Period& period, std::int64_t now_ms, std::size_t devices,
                std::int64_t coverage) {
    json.field("from", time_text(period.from_ms))
        .field("to", time_text(std::max(period.from_ms, std::min(period.to_ms, now_ms))));
    json.field("devices", static_cast<std::uint64_t>(devices)).field("coverage_permille", coverage);
}

void write_figures(JsonWriter& json, std::span<const kpi::Figure> figures) {
    json.key("figures").begin_array();
    for (const kpi::Figure& figure : figures) judging::write_figure(json, figure);
    json.end_array();
}

// The part of the period that was watched: what the count of exposures rests on.
std::int64_t coverage_of(std::span<const kpi::Figure> figures) {
    const auto found = std::ranges::find(figures, "exposures", [](const kpi::Figure& f) { return f.of->id; });
    return found == figures.end() ? 0 : found->coverage_permille;
}

Problem no_such(std::string_view what, const std::string& got) {
    return {.code = "not_found", .detail = fmt::format("{}: got \"{}\", want a registered one", what, got)};
}

}  // namespace

// Figures of one device, made anew only when something about them changed.
DeviceFigures Api::figures_of(store::StoreReader& reader, const std::string& device, std::uint64_t last_leaf,
                              rules::Span period, bool single_events, std::int64_t now_ms) {
    const auto pack = config_.rule_pack ? config_.rule_pack() : nullptr;
    const FigureStamp stamp{last_leaf, store::newest_paper(reader), period.to_ms > now_ms ? now_ms / 60'000 : 0,
                            pack.get()};
    return figures_.get({device, period.from_ms, period.to_ms, single_events}, stamp, [&] {
        const auto read = judging::read_figure_case(reader, device, period, single_events, now_ms);
        if (!read) return std::vector<kpi::Figure>{};
        return kpi::figures(*read, period, pack ? kpi::settings_of(*pack, now_ms) : kpi::Settings{});
    });
}

Answer Api::kpis(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"device", "site", "org", "from", "to", "limit", "cursor"});
    if (!params) return params.error();
    const std::string* device = params->find("device");
    const std::string* site = params->find("site");
    const std::string* org = params->find("org");
    if ((device && (site || org)) || (site && org))
        return bad_parameter(device ? "device" : "site", "got several of device, site and org, want one of them");
    if (device) return kpis_of_device(*params, reader, *device);
    if (site || org) return kpis_of_group(*params, reader, site ? *site : "", org ? *org : "");
    return kpis_of_fleet(request, *params, reader);
}

Answer Api::kpis_of_device(const Params& params, store::StoreReader& reader, const std::string& text) {
    const auto id = device_id_of(text);
    if (!id) return id.error();
    const std::int64_t now = clock::utc_ms();
    const auto period = period_of(params, now, one_device_days_max);
    if (!period) return period.error();
    const auto row = reader.device(*id);
    if (!row || is_pseudo_device(*id)) return no_such("device", *id);
    const auto figures = figures_of(reader, *id, row->last_leaf, {period->from_ms, period->to_ms}, true, now);
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    write_head(json, *period, now, 1, coverage_of(*figures));
    write_figures(json, *figures);
    json.end_object();
    return json_answer(std::move(out));
}

Answer Api::kpis_of_group(const Params& params, store::StoreReader& reader, const std::string& site,
                          const std::string& org) {
    const std::int64_t now = clock::utc_ms();
    const auto period = period_of(params, now, devices_days_max);
    if (!period) return period.error();
    const Fleet fleet = fleet_.get(reader, now, fleet_age_ms);
    std::vector<const DeviceView*> members;
    for (const DeviceView& device : *fleet)
        if (site.empty() ? device.entry.org == org : device.entry.site == site) members.push_back(&device);
    if (members.empty()) return no_such(site.empty() ? "org" : "site", site.empty() ? org : site);
    if (members.size() > devices_max)
        return bad_parameter(site.empty() ? "org" : "site",
                             fmt::format("has {} devices, want at most {}: ask by site, or for the fleet page by page",
                                         members.size(), devices_max));
    kpi::Combiner all;
    for (const DeviceView* member : members)
        all.add(*figures_of(reader, member->id, member->fold.last_leaf, {period->from_ms, period->to_ms}, false, now));
    const std::vector<kpi::Figure> figures = all.take();
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    write_head(json, *period, now, members.size(), coverage_of(figures));
    write_figures(json, figures);
    json.end_object();
    return json_answer(std::move(out));
}

Answer Api::kpis_of_fleet(const Request& request, const Params& params, store::StoreReader& reader) {
    const auto limit = params.limit();
    if (!limit) return limit.error();
    const auto after = cursor(params, "kpis");
    if (!after) return after.error();
    const std::int64_t now = clock::utc_ms();
    const auto period = period_of(params, now, devices_days_max);
    if (!period) return period.error();
    const Fleet fleet = fleet_.get(reader, now, fleet_age_ms);
    auto at = fleet->begin();
    if (*after)
        at = std::upper_bound(fleet->begin(), fleet->end(), **after,
                              [](const std::string& id, const DeviceView& d) { return id < d.id; });
    std::string items;
    JsonWriter json{items};
    json.begin_array();
    std::size_t count = 0;
    for (; at != fleet->end() && count < std::min(*limit, fleet_limit_max); ++at, ++count) {
        const auto figures =
            figures_of(reader, at->id, at->fold.last_leaf, {period->from_ms, period->to_ms}, false, now);
        json.begin_object().field("device", at->id).field("device_name", at->entry.name);
        json.field("org", at->entry.org).field("site", at->entry.site);
        write_head(json, *period, now, 1, coverage_of(*figures));
        write_figures(json, *figures);
        json.end_object();
    }
    json.end_array();
    const bool more = at != fleet->end() && count > 0;
    return page_answer(request, std::move(items),
                       more ? std::optional{cursors_.encode("kpis", std::prev(at)->id)} : std::nullopt);
}

Answer Api::passport(const Request& request, store::StoreReader& reader) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto id = device_id_of(request.path_values.at(0));
    if (!id) return id.error();
    const auto pack = config_.rule_pack ? config_.rule_pack() : nullptr;
    const auto passport = judging::read_passport(reader, *id, pack.get(), clock::utc_ms());
    if (!passport) return no_such("device", *id);
    return json_answer(judging::passport_json(*passport, *config_.papers));
}

}  // namespace gantry::http
