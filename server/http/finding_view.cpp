#include "server/http/finding_view.hpp"

#include <fmt/format.h>

#include "server/domain/finding/verdict.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/http/text_form.hpp"

namespace gantry::http {
namespace {

// A word of a POSIX shell.
std::string shell_word(std::string_view text) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:@%+=,";
    if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string{text};
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return out + "'";
}

// A judged finding lasts when the fact that told of it names no end; one of the log's own lasts while it is open.
std::optional<std::int64_t> end_of(store::StoreReader& reader, const store::FindingRow& row) {
    if (!row.open) return row.last_at_ms;
    if (row.rule_version == 0) return std::nullopt;
    const auto leaf = reader.leaf(row.last_leaf);
    if (!leaf || leaf->row.type != LeafType::fact) return std::nullopt;
    const auto fact = parse_fact_leaf(as_text(ByteView{leaf->bytes}));
    if (!fact) return std::nullopt;
    const auto told = finding::found_of(*fact);
    if (!told || told->found.to_ms == paper::forever_ms) return std::nullopt;
    return told->found.to_ms;
}

}  // namespace

FindingView finding_view(store::StoreReader& reader, const Fleet& fleet, const rules::RulePack& pack,
                         store::FindingRow row) {
    FindingView out;
    out.row = std::move(row);
    out.device = reader.device_id(out.row.dev_no).value_or("collector");
    out.device_name = out.device;
    if (const DeviceView* device = find_device(fleet, out.device)) {
        if (!device->entry.name.empty()) out.device_name = device->entry.name;
        out.org = device->entry.org;
        out.site = device->entry.site;
    }
    const auto card = finding::rule_card(pack, out.row.rule, out.row.rule_version, out.row.first_at_ms);
    out.title_en = card ? card->title_en : out.row.rule;
    out.title_zh = card ? card->title_zh : out.row.rule;
    out.to_ms = end_of(reader, out.row);
    return out;
}

void write_finding_members(JsonWriter& json, const FindingView& view) {
    const store::FindingRow& row = view.row;
    json.field("id", fmt::format("{}/{}/{}", view.device, row.rule, row.key)).field("device", view.device);
    json.field("device_name", view.device_name);
    write_optional(json, "org", view.org);
    write_optional(json, "site", view.site);
    json.field("rule", row.rule).field("key", row.key).field("kind", row.kind);
    json.field("title_en", view.title_en).field("title_zh", view.title_zh);
    json.field("severity", name(row.severity)).field("suspected", row.suspected).field("stage", row.stage);
    write_optional(json, "owner", row.owner);
    json.field("from", time_text(row.since_ms));
    json.key("to");
    if (view.to_ms)
        json.value(time_text(*view.to_ms));
    else
        json.null();
    json.field("first_at", time_text(row.first_at_ms));
    write_time(json, "last_at", row.last_at_ms);
    json.field("first_log_index", row.first_leaf).field("last_log_index", row.last_leaf).field("count", row.count);
    json.field("measured", row.measured).field("limit_text", row.limit).field("rule_version", row.rule_version);
    json.field("open", row.open);
    // Names of the first version of this list.
    write_optional(json, "state", view.last_state());
    json.field("at", time_text(row.first_at_ms)).field("log_index", row.first_leaf);
    json.field("status", row.open ? "open" : row.stage == "withdrawn" ? "withdrawn" : "closed");
}

std::string reproducing_command(const FindingView& view) {
    const std::string what = fmt::format("--device {} --rule {} --key {}", shell_word(view.device),
                                         shell_word(view.row.rule), shell_word(view.row.key));
    if (view.row.rule_version > 0) return "gantry judge " + what;
    return "gantry rebuild --check && gantry findings " + what;
}

}  // namespace gantry::http
