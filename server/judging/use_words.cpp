#include "server/judging/use_words.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <mutex>
#include <set>

#include "common/core/bytes.hpp"

namespace gantry::judging {
namespace {

namespace json = boost::json;

// The enumerations of config/schema/events.toml that an exposure carries. A word that is not among them is not told.
constexpr std::array<std::string_view, 25> words{
    "",        "head",   "neck",       "chest",       "abdomen", "pelvis",          "spine",           "extremity",
    "cardiac", "angio",  "whole_body", "calibration", "other",   "upper_extremity", "lower_extremity", "heart",
    "head16",  "body32", "0",          "1-4",         "5-9",     "10-14",           "15-17",           "18-64",
    "65+"};

enum Flag : std::uint8_t {
    patient = 1,
    purpose_known = 2,
    localiser = 4,
    alert_passed = 8,
    alert_reason = 16,
    alert_told = 32,
    alert_configured = 64,
};

std::string_view text(const json::object& body, std::string_view key) {
    const json::value* found = body.if_contains(key);
    return found && found->is_string() ? std::string_view{found->get_string()} : std::string_view{};
}

std::optional<std::int64_t> number(const json::object& body, std::string_view key) {
    const json::value* found = body.if_contains(key);
    return found && found->is_int64() ? std::optional{found->get_int64()} : std::nullopt;
}

std::optional<bool> flag(const json::object& body, std::string_view key) {
    const json::value* found = body.if_contains(key);
    return found && found->is_bool() ? std::optional{found->get_bool()} : std::nullopt;
}

std::uint8_t word(const json::object& body, std::string_view key) {
    const auto found = std::ranges::find(words, text(body, key));
    return found == words.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(found - words.begin());
}

// The first eight bytes of a pseudonym; 0: not told.
std::uint64_t key_of(const json::object& body, std::string_view key) {
    const auto bytes = array_from_hex<8>(text(body, key).substr(0, 16));
    std::uint64_t out = 0;
    if (bytes)
        for (const std::uint8_t byte : *bytes) out = out << 8 | byte;
    return out;
}

std::int32_t small(std::optional<std::int64_t> value) {
    return value ? static_cast<std::int32_t>(std::clamp<std::int64_t>(*value, 0, INT32_MAX)) : -1;
}

// Operators of a city are thousands; each is kept once.
const std::string* kept(std::string_view user) {
    static std::mutex mutex;
    static std::set<std::string, std::less<>> users;
    if (user.empty()) return nullptr;
    const std::lock_guard guard{mutex};
    const auto found = users.find(user);
    return &*(found == users.end() ? users.emplace(user).first : found);
}

// DICOM TID 10015 as the record carries it: passed when a forward estimate lies above its alert value.
std::uint8_t alert_flags(const json::object& body) {
    const json::value* found = body.if_contains("dose_alert");
    if (!found || !found->is_object()) return 0;
    const json::object& alert = found->get_object();
    const auto above = [&](std::string_view estimate, std::string_view limit) {
        const auto got = number(alert, estimate), want = number(alert, limit);
        return got && want && *got > *want;
    };
    int out = 0;
    if (above("dlp_estimate_ugy_cm", "dlp_alert_ugy_cm") || above("ctdivol_estimate_ugy", "ctdivol_alert_ugy"))
        out |= alert_passed;
    if (flag(alert, "reason_given").value_or(false)) out |= alert_reason;
    const auto dlp = flag(alert, "dlp_configured"), ctdivol = flag(alert, "ctdivol_configured");
    if (dlp || ctdivol) out |= alert_told;
    if (dlp.value_or(false) || ctdivol.value_or(false)) out |= alert_configured;
    return static_cast<std::uint8_t>(out);
}

std::optional<json::value> body_of(const RecordView& record, std::string_view type) {
    if (record.type != type) return std::nullopt;
    json::error_code error;
    json::value value = json::parse({record.body.data(), record.body.size()}, error);
    if (error || !value.is_object()) return std::nullopt;
    return value;
}

}  // namespace

std::optional<PackedUse> packed_use(const RecordView& record, std::int64_t at_ms, std::uint64_t leaf) {
    const auto value = body_of(record, "usage.exposure");
    if (!value) return std::nullopt;
    const json::object& body = value->get_object();
    const std::string_view purpose = text(body, "purpose");
    int flags = alert_flags(body);
    if (purpose != "phantom" && purpose != "service") flags |= patient;
    if (!purpose.empty() && purpose != "unknown") flags |= purpose_known;
    if (text(body, "acq") == "localiser") flags |= localiser;
    return PackedUse{.at_ms = at_ms,
                     .leaf = leaf,
                     .event = key_of(body, "event_h"),
                     .exam = key_of(body, "exam_h"),
                     .user = kept(text(body, "user_h")),
                     .ctdivol_ugy = small(number(body, "ctdivol_ugy")),
                     .dlp_ugy_cm = small(number(body, "dlp_ugy_cm")),
                     .group = word(body, "proto_group"),
                     .phantom = word(body, "phantom"),
                     .region = word(body, "region"),
                     .flags = static_cast<std::uint8_t>(flags)};
}

std::optional<ExamEdge> exam_edge(const RecordView& record) {
    const bool begins = record.type == "usage.exam.start";
    const auto value = begins || record.type == "usage.exam.end" ? body_of(record, record.type) : std::nullopt;
    if (!value) return std::nullopt;
    const json::object& body = value->get_object();
    ExamEdge out;
    out.exam = key_of(body, "exam_h");
    out.begins = begins;
    if (out.exam == 0) return std::nullopt;
    if (begins) out.age_band = word(body, "age_band");
    if (!begins) out.duration_ms = number(body, "duration_ms");
    return out;
}

rules::UseEvent unpacked(const PackedUse& use) {
    const auto is = [&](Flag wanted) { return (use.flags & wanted) != 0; };
    rules::UseEvent out;
    out.at_ms = use.at_ms;
    out.leaf = use.leaf;
    out.exam = use.exam;
    out.patient = is(patient);
    out.purpose_known = is(purpose_known);
    out.proto_group = words[use.group];
    out.phantom = words[use.phantom];
    out.age_band = words[use.age_band];
    out.region = words[use.region];
    if (use.user) out.user_h = *use.user;
    out.localiser = is(localiser);
    if (use.ctdivol_ugy >= 0) out.ctdivol_ugy = use.ctdivol_ugy;
    if (use.dlp_ugy_cm >= 0) out.dlp_ugy_cm = use.dlp_ugy_cm;
    out.alert_passed = is(alert_passed);
    out.alert_reason = is(alert_reason);
    if (is(alert_told)) out.alert_configured = is(alert_configured);
    return out;
}

}  // namespace gantry::judging
