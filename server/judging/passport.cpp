#include "server/judging/passport.hpp"

#include <algorithm>
#include <chrono>

#include "server/domain/leaf_json.hpp"
#include "server/domain/record_body.hpp"
#include "server/domain/rules/span.hpp"
#include "server/judging/case_moments.hpp"
#include "server/judging/case_parts.hpp"
#include "server/judging/figure_reader.hpp"
#include "server/store/read_passport.hpp"

namespace gantry::judging {
namespace {

using rules::DeviceCase;
using rules::Span;

void read_identity(const std::string& entry, Passport& out) {
    const auto fact = parse_fact_leaf(entry);
    if (!fact) return;
    const auto text = [&](std::string_view key) {
        const auto found = fact->more.find(key);
        const auto* value = found == fact->more.end() ? nullptr : std::get_if<std::string>(&found->second);
        return value ? *value : std::string{};
    };
    out.maker = text("maker");
    out.model = text("model");
    out.serial = text("serial");
    out.udi = text("udi");
    out.record_key = text("record_key");
}

// ---- papers ----

// The kinds of a device's own file, in the order of the document.
using PaperName = std::pair<std::string_view, std::string_view>;  // kind, id
struct Sorter {
    const std::map<PaperName, const store::PaperRow*>& rows;
    std::vector<store::PaperRow>& out;

    template <class T>
    void take(std::string_view kind, const std::vector<T>& list) {
        for (const T& paper : list)
            if (const auto row = rows.find({kind, paper.id}); row != rows.end()) out.push_back(*row->second);
    }
};

std::vector<store::PaperRow> papers_in_order(const std::vector<store::PaperRow>& rows,
                                             const paper::DevicePapers& papers) {
    std::map<PaperName, const store::PaperRow*> by_id;
    for (const store::PaperRow& row : rows) by_id.emplace(PaperName{row.kind, row.id}, &row);
    std::vector<store::PaperRow> out;
    Sorter sorter{by_id, out};
    sorter.take("device_sheet", std::vector{papers.sheet});
    if (papers.org) sorter.take("org", std::vector{*papers.org});
    if (papers.site) sorter.take("site", std::vector{*papers.site});
    sorter.take("room", papers.rooms);
    sorter.take("permit", papers.permits);
    sorter.take("commitment", papers.commitments);
    sorter.take("test", papers.tests);
    sorter.take("schedule", papers.schedules);
    sorter.take("work_order", papers.work_orders);
    sorter.take("contract", papers.contracts);
    sorter.take("cost", papers.costs);
    sorter.take("recall", papers.recalls);
    sorter.take("recall_answer", papers.recall_answers);
    sorter.take("adverse_event", papers.adverse_events);
    sorter.take("operator", papers.operators);
    sorter.take("opening_hours", papers.hours);
    sorter.take("declared_count", papers.counts);
    sorter.take("document", papers.documents);
    return out;
}

// ---- life and parts ----

void add_part(const rules::Moment& moment, Passport& out) {
    const BodyFields body{moment.body};
    out.parts.push_back({moment.at_ms,
                         std::string{body.text("part")},
                         std::string{body.text("old_serial")},
                         std::string{body.text("new_serial")},
                         body.flag("major"),
                         {},
                         moment.leaf});
}

// What people declared about the device's life, and the parts that were changed, told by it or by its work orders.
void read_life_moments(store::StoreReader& reader, store::DevNo dev_no, Passport& out) {
    DeviceCase life;
    MomentTaker taker;
    std::vector<std::string> raw;
    for (const store::MomentRow& moment : store::life_moments(reader, dev_no)) {
        const auto leaf = reader.leaf(moment.leaf);
        const std::size_t before = life.declared.size();
        if (leaf) taker.take(*leaf, moment.at_ms, life);
        if (life.declared.size() > before) raw.emplace_back(as_text(ByteView{leaf->bytes}));
    }
    for (const rules::Moment& moment : life.moments)
        if (moment.type == "part.replaced") add_part(moment, out);
    for (const paper::WorkOrder& order : out.device.papers.work_orders)
        for (const paper::PartUsed& part : order.parts)
            out.parts.push_back({order.ended_ms.value_or(order.opened_ms), part.part, part.old_serial, part.new_serial,
                                 part.major, order.id, order.leaf});
    std::ranges::stable_sort(out.parts, {}, &PartChange::at_ms);
    if (raw.size() > passport_declarations_max) {
        const std::size_t more = raw.size() - passport_declarations_max;
        out.left_out["declarations"] = more;
        raw.erase(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(more));
        life.declared.erase(life.declared.begin(), life.declared.begin() + static_cast<std::ptrdiff_t>(more));
    }
    out.device.declared = std::move(life.declared);
    out.declared_raw = std::move(raw);
}

void read_findings(store::StoreReader& reader, store::DevNo dev_no, const rules::RulePack* pack, Passport& out) {
    auto rows = store::device_findings(reader, dev_no, passport_findings_max + 1);
    if (rows.size() > passport_findings_max) {
        out.left_out["findings"] = store::count_findings(reader, dev_no) - passport_findings_max;
        rows.resize(passport_findings_max);
    }
    std::map<std::pair<std::string, std::string>, std::vector<store::FindingStepRow>> steps;
    for (store::FindingStepRow& step : store::device_finding_steps(reader, dev_no))
        steps[{step.rule, step.key}].push_back(std::move(step));
    for (store::FindingRow& row : rows) {
        PassportFinding& finding = out.findings.emplace_back();
        const rules::Rule* rule = pack ? pack->latest(row.rule) : nullptr;
        finding.title_en = rule ? rule->title_en : row.rule;
        finding.title_zh = rule ? rule->title_zh : row.rule;
        if (const auto found = steps.find({row.rule, row.key}); found != steps.end())
            finding.steps = std::move(found->second);
        finding.row = std::move(row);
    }
}

// ---- years ----

std::int64_t local_offset(const DeviceCase& device, std::int64_t at_ms) {
    return rules::local_known(device, at_ms) ? rules::local_ms(device, at_ms) - at_ms : 0;
}

int local_year(const DeviceCase& device, std::int64_t at_ms) {
    using namespace std::chrono;
    const std::int64_t day = rules::day_of(at_ms + local_offset(device, at_ms)) / rules::ms_per_day;
    return static_cast<int>(year_month_day{sys_days{days{static_cast<int>(day)}}}.year());
}

std::int64_t year_start(const DeviceCase& device, int year) {
    using namespace std::chrono;
    const std::int64_t at =
        duration_cast<milliseconds>(sys_days{std::chrono::year{year} / January / 1}.time_since_epoch()).count();
    return at - local_offset(device, at);
}

// From when the device has a life here: its first state, or its entry in the register.
std::int64_t life_start(const DeviceCase& device, std::int64_t registered_ms) {
    return device.states.empty() ? registered_ms : std::min(registered_ms, device.states.front().from_ms);
}

std::vector<std::int64_t> year_edges(const DeviceCase& device, std::int64_t from_ms) {
    std::vector<std::int64_t> out;
    const int last = local_year(device, device.now_ms);
    const int first = std::max(local_year(device, from_ms), last - static_cast<int>(passport_years_max) + 1);
    for (int year = first; year <= last; ++year) out.push_back(year_start(device, year));
    out.push_back(device.now_ms);
    return out;
}

}  // namespace

std::optional<Passport> read_passport(store::StoreReader& reader, const std::string& device,
                                      const rules::RulePack* pack, std::int64_t now_ms) {
    const store::StoreReader::Snapshot snapshot{reader};
    const auto row = reader.device(device);
    if (!row || device.starts_with("unassigned-")) return std::nullopt;
    Passport out;
    read_identity(row->row.entry, out);
    const store::DevNo dev_no = row->row.dev_no;
    FigureCase read{reader, *row, now_ms};
    const std::int64_t registered_ms = store::registered_ms(reader, dev_no).value_or(now_ms);
    const std::int64_t from_ms = life_start(read.device, registered_ms);
    read.read_zone(from_ms);
    const std::vector<std::int64_t> edges = year_edges(read.device, from_ms);
    read.read_use(edges);
    out.papers = papers_in_order(read.papers, read.device.papers);
    out.device = std::move(read.device);
    out.device.registered_ms = registered_ms;
    const kpi::Settings settings = pack ? kpi::settings_of(*pack, now_ms) : kpi::Settings{};
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        const Span span{edges[i], edges[i + 1]};
        if (span.empty()) continue;
        out.years.push_back({local_year(out.device, span.from_ms), span, kpi::figures(out.device, span, settings)});
    }
    read_life_moments(reader, dev_no, out);
    read_findings(reader, dev_no, pack, out);
    if (const auto log = reader.log_state()) out.log_size = log->size;
    out.checkpoint = reader.last_checkpoint();
    return out;
}

}  // namespace gantry::judging
