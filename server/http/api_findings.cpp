#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/io/clock.hpp"
#include "server/domain/finding/finding_life.hpp"
#include "server/domain/finding/verdict.hpp"
#include "server/http/api.hpp"
#include "server/http/finding_view.hpp"
#include "server/http/leaf_text.hpp"
#include "server/store/limits.hpp"

// What was found, one case of it, and the rules behind it.
namespace gantry::http {
namespace {

constexpr std::int64_t fleet_age_ms = 1000;
constexpr std::size_t records_shown_max = 16;

constexpr Role all_roles[] = {Role::hm,    Role::rad,   Role::svc, Role::qmp, Role::reg_h,
                              Role::reg_e, Role::reg_d, Role::mfr, Role::agt};
constexpr finding::Action all_actions[] = {
    finding::Action::acknowledged, finding::Action::assigned, finding::Action::answered, finding::Action::confirmed,
    finding::Action::dismissed,    finding::Action::closed,   finding::Action::reopened};

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

// "first_leaf dev_no rule key": rules hold no blanks.
std::string place_text(const store::FindingRow& row) {
    return fmt::format("{} {} {} {}", row.first_leaf, row.dev_no, row.rule, row.key);
}

std::optional<store::FindingPlace> place_from(std::string_view text) {
    std::string_view parts[3];
    for (std::string_view& part : parts) {
        const std::size_t blank = text.find(' ');
        if (blank == std::string_view::npos) return std::nullopt;
        part = text.substr(0, blank);
        text.remove_prefix(blank + 1);
    }
    const auto leaf = number(parts[0]), dev = number(parts[1]);
    if (!leaf || !dev) return std::nullopt;
    return store::FindingPlace{*leaf, static_cast<store::DevNo>(*dev), std::string{parts[2]}, std::string{text}};
}

void write_parameter(JsonWriter& json, const rules::Parameter& parameter) {
    if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
        json.value(*number);
    } else if (const auto* texts = std::get_if<rules::Texts>(&parameter)) {
        json.begin_array();
        for (const std::string& text : *texts) json.value(text);
        json.end_array();
    } else {
        json.begin_object();
        if (const auto* table = std::get_if<rules::Table>(&parameter))
            for (const auto& [name, value] : *table) json.field(name, value);
        else
            for (const auto& [name, value] : std::get<rules::Words>(parameter)) json.field(name, value);
        json.end_object();
    }
}

void write_parameters(JsonWriter& json, const finding::RuleCard* card) {
    json.key("parameters").begin_object();
    if (card && card->parameters) {
        for (const auto& [name, value] : *card->parameters) {
            json.key(name);
            write_parameter(json, value);
        }
    }
    json.end_object();
}

void write_texts_of(JsonWriter& json, const finding::RuleCard& card) {
    json.field("text_en", card.text_en).field("text_zh", card.text_zh);
    json.field("basis_en", card.basis).field("basis_zh", card.basis).field("pack", card.pack);
}

void write_record(JsonWriter& json, const store::StoreReader::Leaf& leaf) {
    const LeafText text = text_of(leaf);
    json.begin_object()
        .field("log_index", leaf.row.idx)
        .field("kind", kind_name(leaf.row.type))
        .field("type", text.type);
    write_optional_time(json, "at", text.at_ms);
    json.field("recv_at", time_text(leaf.row.recv_ms)).key("body").raw(text.body).end_object();
}

void write_records(JsonWriter& json, store::StoreReader& reader, const store::FindingRow& row) {
    std::vector<std::uint64_t> leaves = finding::leaves_from(row.leaves);
    if (leaves.empty()) leaves = {row.first_leaf, row.last_leaf};
    std::ranges::sort(leaves);
    leaves.erase(std::unique(leaves.begin(), leaves.end()), leaves.end());
    if (leaves.size() > records_shown_max)
        leaves.erase(leaves.begin() + records_shown_max / 2, leaves.end() - records_shown_max / 2);
    json.key("records").begin_array();
    for (const std::uint64_t idx : leaves)
        if (const auto leaf = reader.leaf(idx)) write_record(json, *leaf);
    json.end_array();
}

void write_steps(JsonWriter& json, store::StoreReader& reader, const store::FindingRow& row) {
    json.key("steps").begin_array();
    for (const store::FindingStepRow& step : store::finding_steps(reader, row.dev_no, row.rule, row.key)) {
        json.begin_object().field("log_index", step.leaf).field("at", time_text(step.recv_ms));
        json.field("action", step.action);
        write_optional(json, "actor", step.actor);
        write_optional(json, "role", step.role);
        json.field("reason", step.reason);
        write_optional(json, "owner", step.owner);
        json.end_object();
    }
    json.end_array();
}

void write_actions(JsonWriter& json, const store::FindingRow& row) {
    const auto stage = finding::stage_from(row.stage).value_or(finding::Stage::suspected);
    json.key("actions").begin_array();
    for (const finding::Action action : all_actions) {
        std::vector<std::string_view> roles;
        for (const Role role : all_roles)
            if (finding::stage_after(stage, action, role, row.rule)) roles.push_back(name(role));
        if (roles.empty()) continue;
        json.begin_object().field("event", std::string{finding::event_prefix} + std::string{name(action)});
        json.key("roles").begin_array();
        for (const std::string_view role : roles) json.value(role);
        json.end_array().end_object();
    }
    json.end_array();
}

// The version of each rule that judges today, at which its open findings are counted.
bool is_in_force(const finding::RuleCard& card, std::int64_t now_ms) {
    return card.from_ms.value_or(now_ms) <= now_ms && (!card.to_ms || now_ms < *card.to_ms);
}

void write_rule(JsonWriter& json, const finding::RuleCard& card, std::uint64_t open_findings) {
    json.begin_object().field("id", card.id).field("version", card.version).field("function", card.function);
    json.field("severity", name(card.severity)).field("title_en", card.title_en).field("title_zh", card.title_zh);
    write_texts_of(json, card);
    write_optional_time(json, "from", card.from_ms);
    write_optional_time(json, "to", card.to_ms);
    write_parameters(json, &card);
    json.field("open_findings", open_findings).end_object();
}

}  // namespace

std::shared_ptr<const rules::RulePack> Api::pack() const {
    static const auto none = std::make_shared<const rules::RulePack>();
    return config_.judging ? config_.judging->pack() : none;
}

Answer Api::findings(const Request& request, store::StoreReader& reader) {
    const auto params =
        Params::of(request, {"limit", "cursor", "device", "org", "site", "rule", "severity", "stage", "open"});
    if (!params) return params.error();
    const auto limit = params->limit();
    if (!limit) return limit.error();
    const auto key = cursor(*params, "findings");
    if (!key) return key.error();
    const Fleet fleet = fleet_.get(reader, clock::utc_ms(), fleet_age_ms);
    const auto filter = finding_filter(*params, fleet);
    if (!filter) return filter.error();

    const store::StoreReader::Snapshot one_state{reader};
    auto rows = store::findings_page(reader, *filter, *key ? place_from(**key) : std::nullopt, *limit + 1);
    std::optional<std::string> next;
    if (rows.size() > *limit) {
        rows.resize(*limit);
        next = cursors_.encode("findings", place_text(rows.back()));
    }
    const auto rules = pack();
    std::string items;
    JsonWriter json{items};
    json.begin_array();
    for (store::FindingRow& row : rows) {
        json.begin_object();
        write_finding_members(json, finding_view(reader, fleet, *rules, std::move(row)));
        json.end_object();
    }
    json.end_array();
    return page_answer(request, std::move(items), next);
}

Answer Api::finding(const Request& request, store::StoreReader& reader) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto id = device_id_of(request.path_values.at(0));
    if (!id) return id.error();
    const std::string& rule = request.path_values.at(1);
    const std::string& path_key = request.path_values.at(2);
    const Fleet fleet = fleet_.get(reader, clock::utc_ms(), fleet_age_ms);

    const store::StoreReader::Snapshot one_state{reader};
    const auto device = reader.device(*id);
    // What is about the collector itself stands under no device.
    const store::DevNo dev_no = device ? device->row.dev_no : 0;
    std::optional<store::FindingRow> row;
    if (device || *id == "collector") {
        row = store::finding(reader, dev_no, rule, path_key);
        if (!row && path_key == empty_key) row = store::finding(reader, dev_no, rule, "");
    }
    if (!row)
        return Problem{
            .code = "not_found",
            .detail = fmt::format("finding {} {} of {}: not there", rule.substr(0, 32), path_key.substr(0, 100), *id)};
    const auto rules = pack();
    const FindingView view = finding_view(reader, fleet, *rules, std::move(*row));
    const auto card = finding::rule_card(*rules, view.row.rule, view.row.rule_version, view.row.first_at_ms);
    std::string text;
    JsonWriter json{text};
    json.begin_object();
    write_finding_members(json, view);
    write_texts_of(json, card.value_or(finding::RuleCard{}));
    write_parameters(json, card ? &*card : nullptr);
    write_records(json, reader, view.row);
    write_steps(json, reader, view.row);
    write_actions(json, view.row);
    json.field("reproduce", reproducing_command(view)).end_object();
    return json_answer(std::move(text));
}

Answer Api::rules(const Request& request, store::StoreReader& reader) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const std::int64_t now = clock::utc_ms();
    const auto in_force = pack();
    const auto open = store::open_findings_by_rule(reader);
    std::string text;
    JsonWriter json{text};
    json.begin_object().key("items").begin_array();
    for (const finding::RuleCard& card : finding::rule_cards(*in_force)) {
        const auto count = open.find(std::string{card.id});
        write_rule(json, card, count != open.end() && is_in_force(card, now) ? count->second : 0);
    }
    json.end_array().end_object();
    return json_answer(std::move(text));
}

}  // namespace gantry::http
