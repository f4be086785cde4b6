#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/core/bytes.hpp"
#include "server/domain/rules/span.hpp"
#include "server/judging/passport.hpp"

namespace gantry::judging {
namespace {

constexpr std::size_t lines_shown_max = 40;  // of one list: the newest; the rest is counted

// The figures of a year's line, where they are known.
constexpr std::array<std::string_view, 9> year_figures = {"uptime",        "availability",  "mtbf",
                                                          "exams",         "exams_per_day", "year_time_utilisation",
                                                          "pm_compliance", "qc_compliance", "data_completeness"};

class Page {
public:
    Page(const Texts& texts, due::Language language) : texts_{texts}, language_{language} {}

    std::string word(std::string_view key) const { return std::string{texts_.text(key, language_)}; }
    std::string word(std::string_view key, std::string_view v) const {
        std::string out = word(key);
        if (const auto hole = out.find("{v}"); hole != std::string::npos) out.replace(hole, 3, v);
        return out;
    }
    bool chinese() const { return language_ == due::Language::zh; }

    void line(std::string_view text) { out_ += fmt::format("  {}\n", text); }
    void pair(std::string_view key, std::string_view value) {
        if (!value.empty()) line(fmt::format("{}: {}", word(key), value));
    }
    void heading(std::string_view key) { out_ += fmt::format("\n{}\n", word(key)); }
    void list(std::string_view key, const std::vector<std::string>& lines, std::size_t left_out = 0) {
        heading(key);
        if (lines.empty()) return line(word("passport.none"));
        const std::size_t skipped = lines.size() > lines_shown_max ? lines.size() - lines_shown_max : 0;
        for (std::size_t i = skipped; i < lines.size(); ++i) line(lines[i]);
        if (skipped + left_out > 0) line(word("passport.cut", std::to_string(skipped + left_out)));
    }
    void title(std::string_view text) { out_ += fmt::format("{}\n{}\n", text, std::string(60, '=')); }
    std::string take() { return std::move(out_); }

private:
    const Texts& texts_;
    due::Language language_;
    std::string out_;
};

using rules::iso_day;

std::string until(const Page& page, std::int64_t to_ms) {
    return to_ms == paper::forever_ms ? std::string{} : ", " + page.word("passport.until", iso_day(to_ms));
}

std::string leaf_of(const Page& page, std::uint64_t leaf) {
    return fmt::format("[{} {}]", page.word("passport.log_index"), leaf);
}

void add_identity(Page& page, const Passport& passport) {
    const rules::DeviceCase& device = passport.device;
    page.heading("passport.identity");
    page.pair("passport.device", device.device);
    page.pair("passport.name", device.name);
    page.pair("passport.org", device.papers.org ? device.papers.org->name : device.org);
    page.pair("passport.site", device.papers.site ? device.papers.site->name : device.site);
    page.pair("passport.modality", device.modality);
    page.pair("passport.maker", passport.maker);
    page.pair("passport.model", passport.model);
    page.pair("passport.serial", passport.serial);
    page.pair("passport.udi", passport.udi);
    page.pair("passport.software", device.fold.identity.sw);
    page.pair("passport.registered", iso_day(device.registered_ms));
    if (device.fold.life.state != State::none)
        page.pair("passport.state",
                  fmt::format("{} ({})", name(device.fold.life.state), iso_day(device.fold.life.since_ms)));
}

void add_papers(Page& page, const paper::DevicePapers& papers) {
    constexpr std::array permit_kinds{"config_licence", "radiation_safety", "radiodiagnosis", "product_registration"};
    constexpr std::array test_kinds{"acceptance", "status", "constancy", "site_protection"};
    std::vector<std::string> permits, tests, works, contracts, recalls;
    for (const paper::Permit& p : papers.permits)
        permits.push_back(fmt::format("{}  {}  {}{} {}", iso_day(p.from_ms),
                                      permit_kinds[static_cast<std::size_t>(p.kind)], p.no, until(page, p.to_ms),
                                      leaf_of(page, p.leaf)));
    for (const paper::Test& t : papers.tests)
        tests.push_back(fmt::format("{}  {}  {}  {} {}", iso_day(t.at_ms), test_kinds[static_cast<std::size_t>(t.kind)],
                                    page.word(t.passed ? "passport.passed" : "passport.failed"), t.body,
                                    leaf_of(page, t.leaf)));
    for (const paper::WorkOrder& w : papers.work_orders)
        works.push_back(fmt::format("{}  {}  {}  {} {}", iso_day(w.opened_ms), w.kind,
                                    w.ended_ms ? iso_day(*w.ended_ms) : page.word("passport.open"), w.fault_code,
                                    leaf_of(page, w.leaf)));
    for (const paper::Contract& c : papers.contracts)
        contracts.push_back(fmt::format("{}  {}  {}  {}{} {}", iso_day(c.from_ms), c.kind, c.no, c.supplier,
                                        until(page, c.to_ms), leaf_of(page, c.leaf)));
    for (const paper::Recall& r : papers.recalls) {
        const auto answer = std::ranges::find(papers.recall_answers, r.id, &paper::RecallAnswer::recall);
        const bool closed = answer != papers.recall_answers.end() && answer->closed_ms;
        recalls.push_back(fmt::format("{}  {}  {} {}", iso_day(r.notice_ms), r.what,
                                      page.word(closed ? "passport.closed" : "passport.open"), leaf_of(page, r.leaf)));
    }
    page.list("passport.permits", permits);
    page.list("passport.tests", tests);
    page.list("passport.maintenance", works);
    page.list("passport.contracts", contracts);
    page.list("passport.recalls", recalls);
}

std::string figure_words(const Page& page, const kpi::Figure& figure) {
    const std::string title = page.word("kpi." + std::string{figure.of->id});
    if (!figure.value) return fmt::format("{}: {}", title, page.word("why." + std::string{kpi::name(figure.why)}));
    const std::string unit = figure.of->unit == "1" ? "" : " " + std::string{figure.of->unit};
    return fmt::format("{}: {:.1f}{} ({})", title, *figure.value, unit,
                       page.word("passport.coverage", std::to_string(figure.coverage_permille / 10)));
}

void add_years(Page& page, const Passport& passport) {
    page.heading("passport.figures");
    for (const PassportYear& year : passport.years) {
        page.line(std::to_string(year.year));
        for (const std::string_view id : year_figures)
            for (const kpi::Figure& figure : year.figures)
                if (figure.of->id == id && figure.part.empty()) page.line("  " + figure_words(page, figure));
    }
}

void add_life(Page& page, const Passport& passport) {
    std::vector<std::string> states, parts, findings, documents;
    for (const rules::StateSpan& span : passport.device.states)
        states.push_back(fmt::format("{}  {} {}", iso_day(span.from_ms), name(span.state), leaf_of(page, span.leaf)));
    page.list("passport.timeline", states);
    add_papers(page, passport.device.papers);
    for (const PartChange& p : passport.parts)
        parts.push_back(fmt::format("{}  {}  {} -> {} {}", iso_day(p.at_ms), p.part,
                                    p.old_serial.empty() ? "?" : p.old_serial,
                                    p.new_serial.empty() ? "?" : p.new_serial, leaf_of(page, p.leaf)));
    page.list("passport.parts", parts);
    for (auto f = passport.findings.rbegin(); f != passport.findings.rend(); ++f)
        findings.push_back(fmt::format("{}  {}  {}  {}  {} {}", iso_day(f->row.first_at_ms), f->row.rule,
                                       page.chinese() ? f->title_zh : f->title_en, name(f->row.severity), f->row.stage,
                                       leaf_of(page, f->row.first_leaf)));
    const auto cut = passport.left_out.find("findings");
    page.list("passport.findings", findings, cut == passport.left_out.end() ? 0 : cut->second);
    add_years(page, passport);
    for (const paper::Document& d : passport.device.papers.documents)
        documents.push_back(fmt::format("{}  {}  {}  sha256 {} {}", iso_day(d.at_ms), d.kind, d.title, d.sha256,
                                        leaf_of(page, d.leaf)));
    page.list("passport.documents", documents);
}

}  // namespace

std::string passport_text(const Passport& passport, const Texts& texts, due::Language language) {
    Page page{texts, language};
    page.title(fmt::format("{} {} {}", page.word("passport.title"), passport.device.device,
                           page.word("passport.as_of", iso_day(passport.device.now_ms))));
    add_identity(page, passport);
    add_life(page, passport);
    page.heading("passport.checkpoint");
    if (passport.checkpoint)
        page.line(fmt::format("{} / {}  {}", passport.checkpoint->size, passport.log_size,
                              to_hex(passport.checkpoint->root)));
    else
        page.line(page.word("passport.unsigned"));
    return page.take();
}

}  // namespace gantry::judging
