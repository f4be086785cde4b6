#include "server/domain/finding/rule_card.hpp"

#include <algorithm>
#include <limits>

#include "server/domain/rules/registry.hpp"

namespace gantry::finding {
namespace {

constexpr std::string_view in_log =
    "Order 739 Art 50: truthful and complete use records (the chain and its signatures)";

// What the fold of the log finds without a rule file: it follows from how records are numbered, chained and signed.
constexpr RuleCard of_log(std::string_view id, Severity severity, std::string_view title_en, std::string_view title_zh,
                          std::string_view text_en, std::string_view text_zh) {
    return {id, 0, log_pack, "fold", severity, title_en, title_zh, text_en, text_zh, in_log, {}, {}, nullptr};
}
constexpr RuleCard log_cards[] = {
    of_log("clock", Severity::medium, "The clock is off", "时钟偏差",
           "The device's or the collector's clock differs from the other by more than a minute. Order is kept by the "
           "log; times "
           "are uncertain by the difference. Set the clock.",
           "设备或采集中心的时钟相差超过一分钟。次序以日志为准，时间存在相应误差。请校准时钟。"),
    of_log("fork", Severity::medium, "Two histories of one agent", "同一采集端出现两份历史",
           "Two different chains were signed for the same numbers. Both are kept. Find out whether a state folder was "
           "copied or a snapshot restored.",
           "同一序号出现两条不同的签名链，两者均已保留。请核查是否复制了状态目录或恢复了快照。"),
    of_log("gap_open", Severity::info, "Records are missing", "记录缺失",
           "Records with higher numbers came before these. They are asked for, and the gap closes when they arrive.",
           "序号更大的记录先到，系统正在索取缺失部分，到达后缺口即关闭。"),
    of_log("host_changed", Severity::high, "It speaks from another host", "主机已变更",
           "The device's key is used on another computer than before. Find out whether the computer was exchanged.",
           "设备密钥在另一台计算机上使用。请核查主机是否更换。"),
    of_log("identity_conflict", Severity::critical, "Two hosts speak under one identity", "两台主机使用同一身份",
           "Two hosts sign as this device at the same time: a copied state folder, or a stolen key. Its records are "
           "disputed until a person says which host is the device's.",
           "两台主机同时以该设备身份签名：状态目录被复制或密钥被盗。在人工认定之前，其记录存在争议。"),
    of_log("outbox_lost", Severity::high, "The agent lost its outbox", "采集端发件箱丢失",
           "The agent began anew without what it had promised to keep. What was not sent by then is lost.",
           "采集端丢失发件箱后重新开始，尚未上送的记录已丢失。"),
    of_log("poisoned", Severity::medium, "A record could not be read", "有记录无法读取",
           "The agent sent a record that breaks the schema; its place in the chain is kept, its content is not taken.",
           "采集端上送的记录不符合规定格式；链上位置已保留，内容未采纳。"),
    of_log("records_lost", Severity::high, "Records are lost", "记录丢失",
           "The agent declares that it no longer has these records. Use in that time is not known.",
           "采集端声明已不再持有这些记录，该时段的使用情况不明。"),
    of_log("rollback", Severity::medium, "The agent went back in time", "采集端回退",
           "The agent's state is older than what it had sent: a restored snapshot. It went on under a new epoch.",
           "采集端状态早于其已上送的内容（恢复了快照），之后以新纪元继续。"),
};

RuleCard card_of(const rules::Rule& rule) {
    const std::string_view place = rule.place;
    std::string_view pack = place.substr(0, place.rfind(':'));
    if (pack.ends_with(".toml")) pack.remove_suffix(5);
    return {.id = rule.id,
            .version = rule.version,
            .pack = pack,
            .function = rule.function->name,
            .severity = rule.severity,
            .title_en = rule.title_en,
            .title_zh = rule.title_zh,
            .text_en = rule.text_en,
            .text_zh = rule.text_zh,
            .basis = rule.basis,
            .from_ms = rule.from_ms,
            .to_ms = rule.to_ms == std::numeric_limits<std::int64_t>::max() ? std::nullopt : std::optional{rule.to_ms},
            .parameters = &rule.parameters};
}

}  // namespace

std::vector<RuleCard> rule_cards(const rules::RulePack& pack) {
    std::vector<RuleCard> out;
    out.reserve(pack.rules().size() + std::size(log_cards));
    for (const rules::Rule& rule : pack.rules()) out.push_back(card_of(rule));
    out.insert(out.end(), std::begin(log_cards), std::end(log_cards));
    return out;
}

std::optional<RuleCard> rule_card(const rules::RulePack& pack, std::string_view id, std::int64_t version,
                                  std::int64_t at_ms) {
    const auto exact =
        std::ranges::find_if(pack.rules(), [&](const rules::Rule& r) { return r.id == id && r.version == version; });
    if (exact != pack.rules().end()) return card_of(*exact);
    if (const rules::Rule* then = pack.at(id, at_ms)) return card_of(*then);
    if (const rules::Rule* latest = pack.latest(id)) return card_of(*latest);
    const auto* own = std::ranges::find(log_cards, id, &RuleCard::id);
    return own == std::end(log_cards) ? std::nullopt : std::optional{*own};
}

}  // namespace gantry::finding
