#include <fmt/format.h>

#include <array>

#include "common/io/clock.hpp"
#include "common/io/files.hpp"
#include "server/http/api.hpp"
#include "server/http/metrics_text.hpp"
#include "server/http/openapi_json.hpp"
#include "server/http/page.hpp"
#include "server/http/paper_body.hpp"
#include "server/store/read_findings.hpp"
#include "server/store/read_fleet.hpp"

// The collector about itself.
namespace gantry::http {
namespace {

constexpr std::int64_t fleet_age_ms = 5000;

std::string random_secret() {
    std::array<std::uint8_t, 32> bytes{};
    files::random_bytes(bytes);
    return std::string{as_text(ByteView{bytes})};
}

std::string_view name_of(Permission permission) { return permission == Permission::allowed ? "allowed" : "forbidden"; }
std::string_view name_of(ServiceUse use) {
    switch (use) {
        case ServiceUse::allowed:
            return "allowed";
        case ServiceUse::forbidden:
            return "forbidden";
        case ServiceUse::in_work_order:
            return "in_work_order";
        case ServiceUse::with_reason:
            return "with_reason";
        case ServiceUse::by_order:
            return "by_order";
    }
    return "forbidden";
}
std::string_view name_of(Presence presence) {
    switch (presence) {
        case Presence::expected:
            return "expected";
        case Presence::not_expected:
            return "not_expected";
        case Presence::heartbeat_only:
            return "heartbeat_only";
        case Presence::question:
            return "question";
        case Presence::critical:
            return "critical";
    }
    return "expected";
}

void write_roles(JsonWriter& json, std::string_view label, const std::vector<Role>& roles) {
    json.key(label).begin_array();
    for (const Role role : roles) json.value(name(role));
    json.end_array();
}
void write_texts(JsonWriter& json, std::string_view label, const std::vector<std::string>& texts) {
    json.key(label).begin_array();
    for (const std::string& text : texts) json.value(text);
    json.end_array();
}

void write_states(JsonWriter& json, const LifecycleTable& table) {
    json.key("states").begin_array();
    for (std::size_t i = 1; i < state_count; ++i) {  // 0: nothing declared
        const State state = static_cast<State>(i);
        const StateRule& rule = table.rule(state);
        json.begin_object().field("state", name(state)).field("final", rule.final_state);
        json.field("patient_exposure", name_of(rule.patient_exposure))
            .field("service_exposure", name_of(rule.service_exposure));
        json.field("billing", rule.billing).field("move", rule.move).field("agent", name_of(rule.agent));
        json.key("text").begin_object().field("en", rule.text_en).field("zh", rule.text_zh).end_object().end_object();
    }
    json.end_array();
}

void write_flags(JsonWriter& json, const LifecycleTable& table) {
    json.key("flags").begin_array();
    for (const auto& [flag, rule] : table.flags()) {
        json.begin_object().field("flag", flag).key("lasts_hours");
        if (rule.lasts_ms)
            json.value(*rule.lasts_ms / 3'600'000);
        else
            json.null();
        json.field("blocks_patients", rule.blocks_patients).field("needed_for_patients", rule.needed_for_patients);
        json.key("text").begin_object().field("en", rule.text_en).field("zh", rule.text_zh).end_object().end_object();
    }
    json.end_array();
}

void write_transitions(JsonWriter& json, const LifecycleTable& table) {
    json.key("transitions").begin_array();
    for (const TransitionRow& row : table.rows()) {
        json.begin_object().field("from", name(row.from)).field("event", row.event).field("when", row.when);
        json.field("to", target_text(row));
        write_roles(json, "actors", row.actors);
        write_roles(json, "countersigners", row.countersigners);
        write_texts(json, "guards", row.need);
        write_texts(json, "evidence", row.evidence);
        write_texts(json, "set", row.set);
        write_texts(json, "clear", row.clear);
        json.field("basis", row.basis).end_object();
    }
    json.end_array();
}

}  // namespace

Api::Api(const HttpConfig& config, const Metrics& metrics, const LiveBus& bus, HttpCounters& counters)
    : config_{config},
      metrics_{metrics},
      bus_{bus},
      counters_{counters},
      cursors_{random_secret()},
      started_ms_{clock::utc_ms()} {}

Answer Api::read(RouteId route, const Request& request, store::StoreReader& reader) {
    switch (route) {
        case RouteId::devices:
            return devices(request, reader);
        case RouteId::device:
            return device(request, reader);
        case RouteId::timeline:
            return timeline(request, reader);
        case RouteId::records:
            return records(request, reader);
        case RouteId::unassigned:
            return unassigned(request, reader);
        case RouteId::findings:
            return findings(request, reader);
        case RouteId::finding:
            return finding(request, reader);
        case RouteId::rules:
            return rules(request, reader);
        case RouteId::due:
            return due(request, reader);
        case RouteId::due_calendar:
            return due_calendar(request, reader);
        case RouteId::missing:
            return missing(request, reader);
        case RouteId::orgs:
            return orgs(request, reader);
        case RouteId::export_list:
            return export_list(request, reader);
        case RouteId::document:
            return document(request);
        case RouteId::papers:
            return papers(request, reader);
        case RouteId::paper:
            return paper(request, reader);
        case RouteId::device_papers:
            return device_papers(request, reader);
        case RouteId::kpis:
            return kpis(request, reader);
        case RouteId::passport:
            return passport(request, reader);
        default:
            break;
    }
    if (const auto params = Params::of(request, {}); !params) return params.error();
    if (route == RouteId::status) return status(reader);
    if (route == RouteId::checkpoint) return checkpoint(reader);
    return metrics_text(reader);
}

Answer Api::memory(RouteId route, const Request& request) {
    // The page keeps its own state in its query.
    if (route == RouteId::web) return web(request);
    if (const auto params = Params::of(request, {}); !params) return params.error();
    if (route == RouteId::lifecycle) return lifecycle();
    if (route == RouteId::paper_kinds) return json_answer(paper_kinds_json(*config_.papers));
    if (route == RouteId::dictionary) return json_answer(std::string{config_.dictionary});
    if (route == RouteId::openapi) return json_answer(std::string{openapi_json()});
    if (route == RouteId::readyz) return readyz();
    return Response{200, "text/plain; charset=utf-8", make_body("ok\n"), {}, false};
}

Answer Api::lifecycle() const {
    std::string text;
    JsonWriter json{text};
    json.begin_object().key("tables").begin_array();
    const auto tables = config_.tables->get();
    for (const LifecycleTable* table : tables->all()) {
        json.begin_object()
            .field("id", table->id())
            .field("modality", table->modality())
            .field("version", table->version());
        json.field("valid_from", table->valid_from()).field("power_off", table->power_off());
        write_flags(json, *table);
        write_states(json, *table);
        write_transitions(json, *table);
        json.end_object();
    }
    json.end_array().end_object();
    return json_answer(std::move(text));
}

Answer Api::readyz() const {
    const CollectorFigures figures = metrics_.figures();
    std::string text;
    JsonWriter json{text};
    json.begin_object().field("ready", figures.not_ready.empty()).key("reasons").begin_array();
    for (const NotReady& reason : figures.not_ready)
        json.begin_object().field("code", reason.code).field("detail", reason.detail).end_object();
    json.end_array().end_object();
    return json_answer(std::move(text), figures.not_ready.empty() ? 200 : 503);
}

Answer Api::status(store::StoreReader& reader) {
    const std::int64_t now = clock::utc_ms();
    const CollectorFigures figures = metrics_.figures();
    const Fleet fleet = fleet_.get(reader, now, fleet_age_ms);
    std::uint64_t reporting = 0;
    for (const DeviceView& device : *fleet)
        if (device.last_seen_ms() != 0 && now - device.last_seen_ms() < silent_after_ms) ++reporting;
    std::uint64_t findings = 0;
    for (const std::uint64_t count : store::open_findings(reader)) findings += count;
    const auto log = reader.log_state();
    const auto checkpoint = reader.last_checkpoint();

    std::string text;
    JsonWriter json{text};
    json.begin_object().field("version", config_.version).field("commit", config_.commit);
    json.field("started_at", time_text(started_ms_))
        .field("now", time_text(now))
        .field("log_size", log ? log->size : 0);
    write_optional(json, "root", checkpoint ? to_hex(checkpoint->root) : "");
    json.key("checkpoint_size");
    if (checkpoint)
        json.value(checkpoint->size);
    else
        json.null();
    write_time(json, "checkpoint_at", checkpoint ? checkpoint->created_ms : 0);
    json.field("witnesses", 0)
        .field("demo", config_.demo)
        .field("open_to", "loopback")
        .field("ready", figures.not_ready.empty());
    json.field("broker_connected", figures.broker_connected).field("inbox_depth", figures.inbox_depth);
    json.field("records_total", figures.records_committed);
    json.key("records_per_s").raw(fmt::format("{:.1f}", rate_.per_second(figures.records_committed, now)));
    json.field("devices", static_cast<std::uint64_t>(fleet->size())).field("devices_reporting", reporting);
    json.field("findings_open", findings).field("unassigned", store::unassigned_waiting(reader));
    json.field("streams", counters_.streams.load()).end_object();
    return json_answer(std::move(text));
}

Answer Api::metrics_text(store::StoreReader& reader) {
    const Fleet fleet = fleet_.get(reader, clock::utc_ms(), fleet_age_ms);
    std::array<std::uint64_t, state_count> by_state{};
    for (const DeviceView& device : *fleet) ++by_state[static_cast<std::size_t>(device.fold.life.state)];
    const std::string text = render_metrics({.figures = metrics_.figures(),
                                             .devices_by_state = by_state,
                                             .findings_open = store::open_findings(reader),
                                             .live_dropped = bus_.dropped(),
                                             .version = config_.version,
                                             .commit = config_.commit},
                                            counters_);
    return Response{200, "text/plain; version=0.0.4; charset=utf-8", make_body(text), {}, false};
}

Answer Api::web(const Request& request) const {
    auto response = page_file(request, config_.web_dir);
    if (!response) return Problem{.code = "not_found", .detail = "the page has no such file"};
    return std::move(*response);
}

}  // namespace gantry::http
