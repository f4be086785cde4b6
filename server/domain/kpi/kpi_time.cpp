#include <algorithm>
#include <array>
#include <optional>

#include "server/domain/kpi/basis.hpp"

// Down time, uptime, failures and repair. Time that nobody watched and nobody declared down is in neither part of a
// ratio: no data is never up.
namespace gantry::kpi {
namespace {

using rules::clipped;

struct Terms {
    bool fault = true, retest = true, pm = false, suspended = false, sealed = false;
    bool from_call = false;
    double factor = 0.5;
    Spans excluded;
};

Terms terms_of(const paper::Contract* contract) {
    Terms out;
    if (!contract) return out;
    out.factor = real(contract->partial_factor_permille) / 1000;
    out.from_call = contract->down_from == "call";
    for (const paper::Exclusion& e : contract->exclusions) out.excluded.push_back({e.from_ms, e.to_ms});
    out.excluded = rules::merged(std::move(out.excluded));
    if (contract->down_states.empty()) return out;
    const auto counts = [&](std::string_view state) {
        return std::ranges::find(contract->down_states, state) != contract->down_states.end();
    };
    out.fault = counts("fault");
    out.retest = counts("retest");
    out.pm = counts("pm");
    out.suspended = counts("suspended");
    out.sealed = counts("sealed");
    return out;
}

// Cuts each down time to the part after the first call for service in it; without a call there is none.
Spans from_calls(const Basis& basis, const Spans& down) {
    Spans out;
    for (Span span : down) {
        std::optional<std::int64_t> call;
        for (const paper::WorkOrder& order : basis.device.papers.work_orders)
            if (order.kind == "corrective" && span.holds(order.opened_ms) && (!call || order.opened_ms < *call))
                call = order.opened_ms;
        if (call) out.push_back({*call, span.to_ms});
    }
    return out;
}

struct Down {
    Spans hard, partial;
};

Down down_of(const Basis& basis, const Terms& terms) {
    const auto spans = [&](State state) { return rules::spans_in(basis.device, {state}); };
    Down out;
    const Spans planned = terms.pm ? Spans{} : spans(State::pm);
    if (terms.fault) out.hard = either(spans(State::fault), without(basis.hard, planned));
    if (terms.retest) out.hard = either(out.hard, spans(State::retest));
    if (terms.pm) out.hard = either(out.hard, spans(State::pm));
    if (terms.suspended) out.hard = either(out.hard, spans(State::suspended));
    if (terms.sealed) out.hard = either(out.hard, spans(State::sealed));
    if (terms.fault) out.partial = without(without(basis.partial, planned), out.hard);
    if (terms.from_call) {
        out.hard = from_calls(basis, out.hard);
        out.partial = from_calls(basis, out.partial);
    }
    return out;
}

struct Sums {
    std::int64_t covered = 0, known = 0;
    double down = 0;  // in ms, by factor
};

std::string cover_basis(const Cover& cover) { return cover.contract ? "contract:" + cover.contract->id : "roster"; }

std::vector<std::string> covers_basis(const Basis& basis) {
    std::vector<std::string> out;
    for (const Cover& cover : basis.covers)
        if (!cover.spans.empty()) out.push_back(cover_basis(cover));
    if (std::ranges::find(out, "roster") != out.end())
        out.insert(out.end(), basis.roster_basis.begin(), basis.roster_basis.end());
    return out;
}

void unknown_cover(const Basis& basis, Sheet& out) {
    Why why = Why::not_in_service;
    if (!basis.local)
        why = Why::local_time_unknown;
    else if (!basis.in_service.empty())
        why = Why::not_on_file;
    for (const std::string_view id : {"covered_hours", "effective_downtime", "uptime", "availability"}) {
        Figure& figure = out.unknown(id, why, basis.coverage());
        if (why == Why::not_on_file) figure.basis = {"contract", "opening_hours"};
    }
}

void ratio_of(const Basis& basis, Sheet& out, std::string_view id, const Sums& sums) {
    const std::int64_t coverage = permille(sums.known, sums.covered);
    if (sums.known == 0) {
        out.unknown(id, Why::no_data, 0).basis = covers_basis(basis);
        return;
    }
    out.ratio(id, (real(sums.known) - sums.down) / ms_per_hour_f, hours_of(sums.known), coverage).basis =
        covers_basis(basis);
}

void add_uptime(const Basis& basis, Sheet& out) {
    // What people declared is known without an agent; but with no agent at all nothing is known to be up.
    const Spans declared =
        rules::spans_in(basis.device, {State::fault, State::retest, State::pm, State::suspended, State::sealed});
    const Spans known = basis.watched.empty() ? Spans{} : either(basis.watched, clipped(declared, basis.period));
    Sums contract, user;
    for (const Cover& cover : basis.covers) {
        const Terms terms = terms_of(cover.contract);
        const Spans owed = without(cover.spans, terms.excluded);
        const Spans counted = both(owed, known);
        const Down down = down_of(basis, terms);
        contract.covered += total_ms(owed);
        contract.known += total_ms(counted);
        contract.down +=
            real(total_ms(both(down.hard, counted))) + terms.factor * real(total_ms(both(down.partial, counted)));
        const Spans all = either(basis.hard, declared), seen = both(cover.spans, known);
        user.covered += total_ms(cover.spans);
        user.known += total_ms(seen);
        user.down +=
            real(total_ms(both(all, seen))) + terms.factor * real(total_ms(both(without(basis.partial, all), seen)));
    }
    if (user.covered == 0) return unknown_cover(basis, out);
    out.sum("covered_hours", hours_of(user.covered), permille(user.known, user.covered)).basis = covers_basis(basis);
    if (contract.known == 0)
        out.unknown("effective_downtime", Why::no_data, 0).basis = covers_basis(basis);
    else
        out.sum("effective_downtime", contract.down / ms_per_hour_f, permille(contract.known, contract.covered)).basis =
            covers_basis(basis);
    ratio_of(basis, out, "uptime", contract);
    ratio_of(basis, out, "availability", user);
}

// ---- failures and repair ----

// Faults that were told and faults that were declared, of one time: one failure. Those while somebody works on the
// device, or before it was in use, are none.
Spans failures_of(const Basis& basis) {
    const Spans told = either(basis.hard, basis.partial);
    Spans in_work;
    for (const Span& span : told) {
        const State state = rules::state_at(basis.device, span.from_ms);
        if (state == State::in_use || state == State::fault) in_work.push_back(span);
    }
    return either(rules::spans_in(basis.device, {State::fault}), in_work);
}

void add_mtbf(const Basis& basis, const Spans& failures, Sheet& out) {
    Spans off;
    for (const rules::OperatingSpan& span : basis.device.operating)
        if (span.operating == Operating::off) off.push_back({span.from_ms, span.to_ms});
    const Spans powered = without(without(both(basis.in_use, basis.known), off), basis.hard);
    if (powered.empty()) {
        out.unknown("mtbf", basis.in_use.empty() ? Why::not_in_service : Why::no_data, basis.coverage());
        return;
    }
    const auto begun =
        std::ranges::count_if(failures, [&](const Span& span) { return basis.period.holds(span.from_ms); });
    Figure& figure = out.ratio("mtbf", hours_of(total_ms(powered)), real(begun), basis.coverage());
    if (off.empty()) figure.basis = {"power not told: watched hours"};
}

// A failure and the retest that follows it, as one time of repair.
Spans repairs_of(const Basis& basis, const Spans& failures) {
    Spans out;
    for (const Span& span : either(failures, rules::spans_in(basis.device, {State::retest})))
        if (std::ranges::any_of(failures, [&](const Span& failure) { return span.holds(failure.from_ms); }))
            out.push_back(span);
    return out;
}

struct Phase {
    std::string_view name;
    double hours = 0;
    double count = 0;
    void add(std::optional<std::int64_t> from, std::optional<std::int64_t> to) {
        if (!from || !to || *to < *from) return;
        hours += hours_of(*to - *from);
        count += 1;
    }
};

void add_phases(const Basis& basis, const Spans& repairs, Sheet& out) {
    std::array<Phase, 5> phases{Phase{"response"}, Phase{"diagnosis"}, Phase{"parts_wait"}, Phase{"repair"},
                                Phase{"retest"}};
    for (const paper::WorkOrder& order : basis.device.papers.work_orders) {
        if (order.kind != "corrective" || !order.ended_ms || !basis.period.holds(*order.ended_ms)) continue;
        phases[0].add(order.opened_ms, order.responded_ms);
        phases[1].add(order.responded_ms, order.diagnosed_ms);
        phases[2].add(order.diagnosed_ms, order.parts_ms);
        if (order.started_ms)
            phases[3].add(std::max({*order.started_ms, order.diagnosed_ms.value_or(0), order.parts_ms.value_or(0)}),
                          order.ended_ms);
    }
    for (const Span& retest : rules::spans_in(basis.device, {State::retest}))
        if (basis.period.holds(retest.to_ms) && rules::holds(repairs, retest.from_ms))
            phases[4].add(retest.from_ms, retest.to_ms);
    for (const Phase& phase : phases) {
        if (phase.count > 0)
            out.ratio("mttr", phase.hours, phase.count, 1000, std::string{phase.name});
        else
            out.unknown("mttr", Why::not_told, 1000, std::string{phase.name}).basis = {"work_order"};
    }
}

void add_repair(const Basis& basis, const Spans& failures, Sheet& out) {
    const Spans repairs = repairs_of(basis, failures);
    std::int64_t sum = 0, restored = 0;
    for (const Span& repair : repairs) {
        if (!basis.period.holds(repair.to_ms)) continue;
        sum += repair.to_ms - repair.from_ms;
        ++restored;
    }
    if (restored == 0 && basis.known.empty())
        out.unknown("mttr", Why::no_data, 0);
    else
        out.ratio("mttr", hours_of(sum), real(restored), basis.coverage());
    add_phases(basis, repairs, out);
    const Figure* mtbf = out.find("mtbf");
    const Figure* mttr = out.find("mttr");
    if (mtbf->value && mttr->value)
        out.ratio("inherent_availability", *mtbf->value, *mtbf->value + *mttr->value, basis.coverage());
    else
        out.unknown("inherent_availability", mtbf->value ? mttr->why : mtbf->why, basis.coverage());
}

// ---- first fix ----

struct Trouble {
    std::string code;
    std::int64_t from_ms = 0, to_ms = 0;
};

// What the device told; a device that tells no faults has those of its work orders.
std::vector<Trouble> troubles_of(const Basis& basis) {
    std::vector<Trouble> out;
    for (const rules::FaultSpan& fault : basis.device.faults) {
        const State state = rules::state_at(basis.device, fault.from_ms);
        if (fault.severity != "info" && (state == State::in_use || state == State::fault))
            out.push_back({fault.code, fault.from_ms, fault.to_ms});
    }
    if (!out.empty()) return out;
    for (const paper::WorkOrder& order : basis.device.papers.work_orders)
        if (order.kind == "corrective" && !order.fault_code.empty())
            out.push_back({order.fault_code, order.opened_ms, order.ended_ms.value_or(rules::forever_ms)});
    return out;
}

void add_first_fix(const Basis& basis, Sheet& out) {
    const std::vector<Trouble> troubles = troubles_of(basis);
    double fixed = 0, judged = 0;
    for (const Trouble& trouble : troubles) {
        if (!basis.period.holds(trouble.from_ms) || trouble.to_ms > basis.device.now_ms) continue;
        const std::int64_t until = rules::add_days(trouble.to_ms, basis.settings.first_fix_days);
        const bool again = std::ranges::any_of(troubles, [&](const Trouble& other) {
            return other.code == trouble.code && other.from_ms > trouble.from_ms && other.from_ms <= until;
        });
        if (!again && until > basis.device.now_ms) continue;  // it may still come back
        judged += 1;
        fixed += again ? 0 : 1;
    }
    if (troubles.empty() && basis.known.empty())
        out.unknown("first_fix_rate", Why::no_data, 0);
    else
        out.ratio("first_fix_rate", fixed, judged, basis.coverage());
}

}  // namespace

void add_time(const Basis& basis, Sheet& out) {
    add_uptime(basis, out);
    const Spans failures = failures_of(basis);
    add_mtbf(basis, failures, out);
    add_repair(basis, failures, out);
    add_first_fix(basis, out);
}

}  // namespace gantry::kpi
