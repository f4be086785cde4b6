#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

#include "common/io/clock.hpp"
#include "server/http/api.hpp"
#include "server/http/due_view.hpp"
#include "server/judging/paper_reader.hpp"

// What comes next, and what is not on file.
namespace gantry::http {
namespace {

constexpr std::int64_t fleet_age_ms = 1000;
constexpr std::size_t calendar_events_max = 5000;
constexpr std::int64_t all_time_ms = std::numeric_limits<std::int64_t>::max();

// "at_ms device kind ref": the first three hold no blanks.
std::string place_text(const due::Entry& entry) {
    return fmt::format("{} {} {} {}", entry.due.at_ms, entry.device, static_cast<int>(entry.due.kind), entry.due.ref);
}

struct DuePlace {
    std::int64_t at_ms = 0;
    std::string device;
    int kind = 0;
    std::string ref;
    auto key() const { return std::tie(at_ms, device, kind, ref); }
};

std::optional<DuePlace> place_from(std::string_view text) {
    std::string_view parts[3];
    for (std::string_view& part : parts) {
        const std::size_t blank = text.find(' ');
        if (blank == std::string_view::npos) return std::nullopt;
        part = text.substr(0, blank);
        text.remove_prefix(blank + 1);
    }
    DuePlace out{0, std::string{parts[1]}, 0, std::string{text}};
    std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), out.at_ms);
    std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), out.kind);
    return out;
}

// Since when the device has been in states that owe this paper, without a break.
std::optional<std::int64_t> owed_since(std::span<const store::IntervalRow> states, const paper::RequiredPaper* row) {
    std::optional<std::int64_t> since;
    for (auto state = states.rbegin(); state != states.rend(); ++state) {
        const auto is = state_from(state->state);
        if (!is || (row && !row->owed_in[static_cast<std::size_t>(*is)])) break;
        if (since && state->to_ms.value_or(*since) < *since) break;
        since = state->from_ms;
        if (!row) break;
    }
    return since;
}

}  // namespace

std::vector<due::Entry> due_entries(const HttpConfig& config, const Scope& scope, std::int64_t until_ms) {
    if (!config.judging) return {};
    return config.judging->due({.device = scope.device, .org = scope.org, .site = scope.site, .until_ms = until_ms});
}

void write_due_members(JsonWriter& json, const due::Entry& entry, const DeviceView* device, std::int64_t now_ms) {
    json.field("device", entry.device);
    json.field("device_name", entry.device_name.empty() ? entry.device : entry.device_name);
    write_optional(json, "org", device ? device->entry.org : "");
    write_optional(json, "site", device ? device->entry.site : "");
    json.field("kind", due::name(entry.due.kind));
    json.field("title_en", due::title(entry.due.kind, due::Language::en));
    json.field("title_zh", due::title(entry.due.kind, due::Language::zh));
    json.field("at", time_text(entry.due.at_ms)).field("overdue", is_overdue(entry, now_ms));
    json.field("estimated", entry.due.estimated);
    write_optional(json, "ref", entry.due.ref);
    write_optional(json, "what", entry.due.what);
}

bool is_overdue(const due::Entry& entry, std::int64_t now_ms) {
    return entry.due.at_ms < now_ms && entry.due.kind != due::Kind::work_order;
}

void write_missing_paper(JsonWriter& json, const paper::MissingPaper& paper, std::optional<std::int64_t> since_ms) {
    json.begin_object().field("kind", paper.kind).field("title_en", paper.en).field("title_zh", paper.zh);
    json.field("who", paper.who).field("basis", paper.basis);
    write_time(json, "since", since_ms.value_or(0));
    json.end_object();
}

Answer Api::due(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"limit", "cursor", "device", "org", "site", "until"});
    if (!params) return params.error();
    const auto limit = params->limit();
    if (!limit) return limit.error();
    const auto key = cursor(*params, "due");
    if (!key) return key.error();
    const auto until = params->time("until");
    if (!until) return until.error();
    const std::int64_t now = clock::utc_ms();
    const Fleet fleet = fleet_.get(reader, now, fleet_age_ms);
    const auto scope = scope_of(*params, fleet);
    if (!scope) return scope.error();

    const auto entries = due_entries(config_, *scope, until->value_or(paper::forever_ms));
    auto at = entries.begin();
    if (const auto place = *key ? place_from(**key) : std::nullopt)
        at = std::ranges::find_if(entries, [&](const due::Entry& entry) {
            return std::tuple{entry.due.at_ms, entry.device, static_cast<int>(entry.due.kind), entry.due.ref} >
                   place->key();
        });
    std::string items;
    JsonWriter json{items};
    json.begin_array();
    std::size_t count = 0;
    for (; at != entries.end() && count < *limit; ++at, ++count) {
        json.begin_object();
        write_due_members(json, *at, find_device(fleet, at->device), now);
        json.end_object();
    }
    json.end_array();
    std::optional<std::string> next;
    if (at != entries.end() && count > 0) next = cursors_.encode("due", place_text(*std::prev(at)));
    const std::size_t judged = config_.judging ? config_.judging->devices_judged() : 0;
    const std::size_t waiting = fleet->size() > judged ? fleet->size() - judged : 0;
    return page_answer(request, std::move(items), next, fmt::format(R"(,"devices_waiting":{})", waiting));
}

Answer Api::due_calendar(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"device", "org", "site", "lang"});
    if (!params) return params.error();
    const auto language = language_wanted(*params, request.head);
    if (!language) return language.error();
    const std::int64_t now = clock::utc_ms();
    const Fleet fleet = fleet_.get(reader, now, fleet_age_ms);
    const auto scope = scope_of(*params, fleet);
    if (!scope) return scope.error();
    auto entries = due_entries(config_, *scope, paper::forever_ms);
    if (entries.size() > calendar_events_max) entries.resize(calendar_events_max);
    std::string title = "Gantry";
    for (const std::string& part : {scope->org, scope->site, scope->device})
        if (!part.empty()) title += " · " + part;
    // Made anew each hour at most, so that a program that asks more often gets 304.
    const std::int64_t stamp = now - now % ms_per_hour;
    std::string text =
        due::icalendar(title, entries, stamp, *language == Language::zh ? due::Language::zh : due::Language::en);
    Response response{200, "text/calendar; charset=utf-8", make_body(std::move(text)), {}, false};
    response.with("Content-Disposition", "attachment; filename=\"gantry.ics\"").with("Vary", "Accept-Language");
    return response;
}

Answer Api::missing(const Request& request, store::StoreReader& reader) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto id = device_id_of(request.path_values.at(0));
    if (!id) return id.error();
    const std::int64_t now = clock::utc_ms();
    const store::StoreReader::Snapshot one_state{reader};
    const auto device = reader.device(*id);
    if (!device || is_pseudo_device(*id))
        return Problem{.code = "not_found", .detail = fmt::format("device: got \"{}\", want a registered one", *id)};
    const DeviceView view = device_view(*device);
    const auto papers = judging::read_device_papers(reader, judging::identity_of(*id, device->row.entry));
    const auto missing =
        missing_of(*config_.duties, view.fold.life.state, papers, lifecycle_states(reader, device->row.dev_no), now);
    std::string text;
    JsonWriter json{text};
    json.begin_object();
    write_state(json, "state", view.fold.life.state);
    write_missing(json, missing);
    json.end_object();
    return json_answer(std::move(text));
}

std::vector<store::IntervalRow> lifecycle_states(store::StoreReader& reader, store::DevNo dev_no) {
    return reader.intervals(dev_no, Lane::lifecycle, 0, all_time_ms);
}

std::vector<MissingSince> missing_of(const PaperDuties& duties, State state, const paper::DevicePapers& papers,
                                     std::span<const store::IntervalRow> states, std::int64_t now_ms) {
    std::vector<MissingSince> out;
    for (paper::MissingPaper& paper :
         paper::missing_papers(duties.required, state, papers, duties.catalogues, now_ms)) {
        const auto row = std::ranges::find(duties.required, paper.kind, &paper::RequiredPaper::kind);
        const auto since = owed_since(states, row == duties.required.end() ? nullptr : &*row);
        out.push_back({std::move(paper), since});
    }
    return out;
}

void write_missing(JsonWriter& json, std::span<const MissingSince> missing, std::string_view member) {
    json.key(member).begin_array();
    for (const MissingSince& paper : missing) write_missing_paper(json, paper.paper, paper.since_ms);
    json.end_array();
}

}  // namespace gantry::http
