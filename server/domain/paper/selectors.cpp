#include "server/domain/paper/selectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/domain/paper/paper_fields.hpp"

namespace gantry::paper {
namespace {

struct Question {
    std::string_view detail;  // what stands after the dot
    const DevicePapers& papers;
    std::int64_t now_ms;
};

template <class E>
bool is_word(E value, std::string_view word) {
    return words_of(value)[static_cast<std::size_t>(value)] == word;
}

bool sheet(const Question& q) {
    const DeviceSheet& sheet = q.papers.sheet;
    if (q.detail.empty()) return !sheet.id.empty();
    if (q.detail == "udi_di") return !sheet.udi_di.empty();
    if (q.detail == "serial") return !sheet.serial.empty();
    if (q.detail == "site_fp") return !sheet.site_fp.empty();
    return sheet.manufactured_ms.has_value();
}
bool permit(const Question& q) {
    return std::ranges::any_of(q.papers.permits, [&](const Permit& p) {
        // What was made while its model was registered stays lawful to use when the registration has ended.
        const bool counts = p.kind == PermitKind::product_registration || p.in_force(q.now_ms);
        return is_word(p.kind, q.detail) && counts;
    });
}
bool test(const Question& q) {
    return std::ranges::any_of(q.papers.tests, [&](const Test& p) { return is_word(p.kind, q.detail) && p.passed; });
}
bool contract(const Question& q) {
    return std::ranges::any_of(q.papers.contracts, [&](const Contract& p) { return p.kind == q.detail; });
}
bool schedule(const Question& q) {
    return std::ranges::any_of(q.papers.schedules, [&](const Schedule& p) {
        return p.work == q.detail && p.from_ms <= q.now_ms && q.now_ms < p.to_ms;
    });
}
bool document(const Question& q) {
    return std::ranges::any_of(q.papers.documents, [&](const Document& p) { return p.kind == q.detail; });
}
bool has_operator(const Question& q) { return !q.papers.operators.empty(); }
bool work_order(const Question& q) {
    return std::ranges::any_of(q.papers.work_orders, [&](const WorkOrder& p) { return p.open_at(q.now_ms); });
}
bool room(const Question& q) {
    const bool reviewed = q.detail == "shielding_reviewed";
    return std::ranges::any_of(q.papers.rooms, [&](const Room& p) {
        const auto& at_ms = reviewed ? p.shielding_reviewed_ms : p.evaluation_accepted_ms;
        return !p.device.empty() && at_ms && *at_ms <= q.now_ms;
    });
}

// `details`: what may stand after the dot, "" for nothing; none listed: any word.
struct Selector {
    std::string_view paper;
    std::array<std::string_view, 5> details;
    std::size_t detail_count;
    bool (*on_file)(const Question&);
};
constexpr Selector selectors[] = {
    {"device_sheet", {"", "udi_di", "serial", "manufactured_at", "site_fp"}, 5, sheet},
    {"permit", {"config_licence", "radiation_safety", "radiodiagnosis", "product_registration"}, 4, permit},
    {"test", {"acceptance", "status", "constancy", "site_protection"}, 4, test},
    {"contract", {"service", "warranty", "lease", "purchase"}, 4, contract},
    {"schedule", {"pm", "constancy", "status_test", "site_protection"}, 4, schedule},
    {"document", {}, 0, document},
    {"operator", {""}, 1, has_operator},
    {"work_order", {"open"}, 1, work_order},
    {"room", {"shielding_reviewed", "evaluation_accepted"}, 2, room},
};

struct Parts {
    std::string_view paper, detail;
};
Parts split(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return {text, {}};
    return {text.substr(0, dot), text.substr(dot + 1)};
}

}  // namespace

std::string selector_problem(std::string_view text) {
    const Parts parts = split(text);
    const auto* found = std::ranges::find(selectors, parts.paper, &Selector::paper);
    if (found == std::end(selectors)) return fmt::format("got '{}', want a paper that can satisfy a row", text);
    if (found->detail_count == 0)
        return parts.detail.empty() ? fmt::format("'{}': want its kind", text) : std::string{};
    std::string want;
    for (std::size_t i = 0; i < found->detail_count; ++i) {
        if (found->details[i] == parts.detail) return {};
        want += fmt::format("{}'{}'", want.empty() ? "" : ", ", found->details[i]);
    }
    return fmt::format("got '{}', want after the dot one of: {}", text, want);
}

bool is_on_file(std::string_view text, const DevicePapers& papers, std::int64_t now_ms) {
    const Parts parts = split(text);
    const auto* found = std::ranges::find(selectors, parts.paper, &Selector::paper);
    return found != std::end(selectors) && found->on_file({parts.detail, papers, now_ms});
}

}  // namespace gantry::paper
