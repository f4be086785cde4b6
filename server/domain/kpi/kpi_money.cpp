#include <algorithm>
#include <array>
#include <optional>

#include "server/domain/kpi/basis.hpp"

// What a device costs and earns. A cost that nobody filed is unknown, never zero; what is on file for a longer period
// counts by its share of time.
namespace gantry::kpi {
namespace {

std::optional<double> filed_cost(const Basis& basis, std::string_view kind) {
    std::optional<double> out;
    for (const paper::Cost& cost : basis.device.papers.costs) {
        if (cost.kind != kind || cost.to_ms <= cost.from_ms) continue;
        const std::int64_t overlap =
            std::min(cost.to_ms, basis.period.to_ms) - std::max(cost.from_ms, basis.period.from_ms);
        if (overlap <= 0) continue;
        out = out.value_or(0) + real(cost.amount_cny) * real(overlap) / real(cost.to_ms - cost.from_ms);
    }
    return out;
}

// Straight line over the labelled life, from installation or purchase.
std::optional<double> depreciation(const Basis& basis) {
    const paper::DeviceSheet& sheet = basis.device.papers.sheet;
    const auto from = sheet.installed_ms ? sheet.installed_ms : sheet.purchased_ms;
    if (!sheet.price_cny || !from) return std::nullopt;
    const std::int64_t days = sheet.labelled_life_days.value_or(basis.settings.depreciation_days);
    const Span life{*from, rules::add_days(*from, days)};
    const std::int64_t overlap =
        std::min(life.to_ms, basis.period.to_ms) - std::max(life.from_ms, basis.period.from_ms);
    return real(*sheet.price_cny) * real(std::max<std::int64_t>(0, overlap)) / real(life.to_ms - life.from_ms);
}

double part_cost(const paper::WorkOrder& order, bool tubes) {
    double out = 0;
    for (const paper::PartUsed& part : order.parts)
        if ((part.part == "tube") == tubes) out += real(part.cost_cny.value_or(0));
    return out;
}

// Contracts by their share of the year, work orders of the period without their tubes, and what was filed.
std::optional<double> service_cost(const Basis& basis) {
    std::optional<double> out = filed_cost(basis, "service");
    for (const paper::Contract& contract : basis.device.papers.contracts) {
        const Span cut{std::max(contract.from_ms, basis.period.from_ms), std::min(contract.to_ms, basis.period.to_ms)};
        if (cut.empty() || contract.kind == "purchase" || contract.kind == "lease") continue;
        if (!contract.annual_cost_cny && contract.kind != "warranty") continue;  // a warranty is in the price
        const auto shared = static_cast<double>(std::max<std::size_t>(1, contract.devices.size()));
        out = out.value_or(0) + real(contract.annual_cost_cny.value_or(0)) / shared * years_of(basis.device, cut);
    }
    for (const paper::WorkOrder& order : basis.device.papers.work_orders) {
        if (!order.ended_ms || !basis.period.holds(*order.ended_ms)) continue;
        if (!order.cost_cny && part_cost(order, false) == 0) continue;
        const double all = order.cost_cny ? real(*order.cost_cny) - part_cost(order, true) : part_cost(order, false);
        out = out.value_or(0) + std::max(0.0, all);
    }
    return out;
}

struct TubeChange {
    std::int64_t at_ms = 0;
    std::optional<std::int64_t> cost_cny;
};

std::vector<TubeChange> tube_changes(const Basis& basis) {
    std::vector<TubeChange> out;
    for (const paper::WorkOrder& order : basis.device.papers.work_orders)
        for (const paper::PartUsed& part : order.parts)
            if (part.part == "tube" && order.ended_ms) out.push_back({*order.ended_ms, part.cost_cny});
    std::ranges::sort(out, {}, &TubeChange::at_ms);
    return out;
}

// No tube put in is a cost of nothing, where work orders are kept; one without a price is unknown.
std::optional<double> tube_cost(const Basis& basis) {
    std::optional<double> out = filed_cost(basis, "tube");
    if (!basis.device.papers.work_orders.empty()) out = out.value_or(0);
    for (const TubeChange& change : tube_changes(basis)) {
        if (!basis.period.holds(change.at_ms)) continue;
        if (!change.cost_cny) return std::nullopt;
        out = out.value_or(0) + real(*change.cost_cny);
    }
    return out;
}

struct Part {
    std::string_view name;
    std::optional<double> amount;
};

std::array<Part, 7> parts_of(const Basis& basis) {
    return {Part{"depreciation", depreciation(basis)},
            Part{"service", service_cost(basis)},
            Part{"tube", tube_cost(basis)},
            Part{"energy", filed_cost(basis, "energy")},
            Part{"staff", filed_cost(basis, "staff")},
            Part{"consumables", filed_cost(basis, "consumables")},
            Part{"room", filed_cost(basis, "room")}};
}

std::string missing_of(std::string_view part) {
    return part == "depreciation" ? "device_sheet.price_cny" : "cost." + std::string{part};
}

void add_cost_per_exam(const Basis& basis, const std::array<Part, 7>& parts, Sheet& out) {
    const std::int64_t coverage = basis.coverage();
    double sum = 0;
    std::vector<std::string> missing;
    for (const Part& part : parts) {
        if (part.amount)
            sum += *part.amount;
        else
            missing.push_back(missing_of(part.name));
        if (basis.known.empty())
            out.unknown("cost_per_exam", Why::no_data, 0, std::string{part.name});
        else if (part.amount)
            out.ratio("cost_per_exam", *part.amount, real(basis.use.exams), coverage, std::string{part.name});
        else
            out.unknown("cost_per_exam", Why::not_on_file, coverage, std::string{part.name}).basis = {
                missing_of(part.name)};
    }
    if (!missing.empty())
        out.unknown("cost_per_exam", Why::not_on_file, coverage).basis = std::move(missing);
    else if (basis.known.empty())
        out.unknown("cost_per_exam", Why::no_data, 0);
    else
        out.ratio("cost_per_exam", sum, real(basis.use.exams), coverage);
}

// Each tube that was put in paid for the exposure time of the one that it replaced.
void add_tube_cost(const Basis& basis, Sheet& out) {
    const paper::DeviceSheet& sheet = basis.device.papers.sheet;
    std::optional<std::int64_t> since = sheet.installed_ms;
    double cost = 0, seconds = 0;
    Spans lives;
    bool priced = true;
    for (const TubeChange& change : tube_changes(basis)) {
        if (basis.period.holds(change.at_ms) && since && *since < change.at_ms) {
            priced = priced && change.cost_cny;
            cost += real(change.cost_cny.value_or(0));
            for (const rules::UseHour& row : basis.device.hours)
                if (row.hour_ms >= *since && row.hour_ms < change.at_ms) seconds += real(row.exposure_ms) / 1000;
            lives.push_back({*since, change.at_ms});
        }
        since = change.at_ms;
    }
    const Spans lived = rules::merged(std::move(lives));
    const std::int64_t coverage = permille(total_ms(both(basis.device.watched, lived)), total_ms(lived));
    if (!priced)
        out.unknown("tube_cost_per_scan_second", Why::not_on_file, coverage).basis = {"work_order.parts.cost_cny"};
    else if (!lived.empty() && coverage == 0)
        out.unknown("tube_cost_per_scan_second", Why::no_data, 0);
    else
        out.ratio("tube_cost_per_scan_second", cost, seconds, lived.empty() ? basis.coverage() : coverage);
}

void add_return(const Basis& basis, const std::array<Part, 7>& parts, Sheet& out) {
    const auto& price = basis.device.papers.sheet.price_cny;
    const double years = years_of(basis.device, basis.period);
    const auto income = filed_cost(basis, "income");
    std::vector<std::string> missing;
    double running = 0;
    for (const Part& part : parts) {
        if (part.name == "depreciation") continue;  // the price itself is what is paid back
        if (part.amount)
            running += *part.amount;
        else
            missing.push_back(missing_of(part.name));
    }
    if (!price) missing.emplace_back("device_sheet.price_cny");
    if (!income) missing.emplace_back("cost.income");
    if (!missing.empty() || years <= 0) {
        out.unknown("return_per_year", Why::not_on_file, 1000).basis = missing;
        out.unknown("payback", Why::not_on_file, 1000).basis = std::move(missing);
        return;
    }
    const double gain = (*income - running) / years;
    out.ratio("return_per_year", gain, real(*price), 1000);
    out.ratio("payback", real(*price), gain, 1000);  // a loss never pays back
}

void add_cosr(const Basis& basis, const std::optional<double>& service, Sheet& out) {
    const auto& price = basis.device.papers.sheet.price_cny;
    const double years = years_of(basis.device, basis.period);
    if (price && service && years > 0) {
        out.ratio("cosr", *service / years, real(*price), 1000);
        return;
    }
    Figure& figure = out.unknown("cosr", Why::not_on_file, 1000);
    if (!price) figure.basis.emplace_back("device_sheet.price_cny");
    if (!service) figure.basis.emplace_back("cost.service");
}

// Counts that lie inside the period; those of overlapping periods cannot be cut.
void add_positive(const Basis& basis, Sheet& out) {
    std::int64_t reported = 0, positive = 0;
    Spans told;
    for (const paper::DeclaredCount& count : basis.device.papers.counts) {
        if (count.from_ms < basis.period.from_ms || count.to_ms > basis.period.to_ms) continue;
        if (!count.reported || !count.positive) continue;
        reported += *count.reported;
        positive += *count.positive;
        told.push_back({count.from_ms, count.to_ms});
    }
    const std::int64_t coverage = permille(total_ms(rules::merged(told)), basis.length_ms());
    if (told.empty())
        out.unknown("positive_rate", Why::not_on_file, 0).basis = {"declared_count"};
    else
        out.ratio("positive_rate", real(positive), real(reported), coverage);
}

}  // namespace

void add_money(const Basis& basis, Sheet& out) {
    const std::array<Part, 7> parts = parts_of(basis);
    add_cost_per_exam(basis, parts, out);
    add_tube_cost(basis, out);
    add_cosr(basis, parts[1].amount, out);
    add_return(basis, parts, out);
    add_positive(basis, out);
}

}  // namespace gantry::kpi
