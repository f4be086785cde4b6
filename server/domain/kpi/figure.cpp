#include "server/domain/kpi/figure.hpp"

#include <algorithm>
#include <cmath>

#include "server/domain/kpi/basis.hpp"

namespace gantry::kpi {
namespace {

std::ptrdiff_t place_of(const Figure& figure) { return figure.of - definitions().data(); }

void set_ratio(Figure& figure, double numerator, double denominator) {
    figure.numerator = numerator;
    figure.denominator = denominator;
    if (denominator > 0) {
        figure.value = figure.of->scale * numerator / denominator;
        figure.why = Why::known;
    } else {
        figure.value.reset();
        figure.why = Why::nothing_counted;
    }
}

Figure made(std::string_view id, std::int64_t coverage, std::string part) {
    Figure out;
    out.of = &definition(id);
    out.part = std::move(part);
    out.coverage_permille = std::clamp<std::int64_t>(coverage, 0, 1000);
    return out;
}

}  // namespace

// ---- one device ----

Figure& Sheet::sum(std::string_view id, double value, std::int64_t coverage, std::string part) {
    Figure& out = figures_.emplace_back(made(id, coverage, std::move(part)));
    out.value = out.numerator = value;
    return out;
}

Figure& Sheet::ratio(std::string_view id, double numerator, double denominator, std::int64_t coverage,
                     std::string part) {
    Figure& out = figures_.emplace_back(made(id, coverage, std::move(part)));
    set_ratio(out, numerator, denominator);
    return out;
}

Figure& Sheet::measure(std::string_view id, double value, double count, std::int64_t coverage, std::string part) {
    Figure& out = figures_.emplace_back(made(id, coverage, std::move(part)));
    out.value = value;
    out.denominator = count;
    return out;
}

Figure& Sheet::unknown(std::string_view id, Why why, std::int64_t coverage, std::string part) {
    Figure& out = figures_.emplace_back(made(id, coverage, std::move(part)));
    out.why = why;
    return out;
}

const Figure* Sheet::find(std::string_view id) const {
    const auto found =
        std::ranges::find_if(figures_, [&](const Figure& f) { return f.of->id == id && f.part.empty(); });
    return found == figures_.end() ? nullptr : &*found;
}

std::vector<Figure> Sheet::take() {
    std::ranges::stable_sort(figures_, {}, place_of);
    return std::move(figures_);
}

// ---- several devices ----

void Combiner::add(std::span<const Figure> figures) {
    ++devices_;
    for (const Figure& figure : figures) {
        auto sum = std::ranges::find_if(
            sums_, [&](const Sum& s) { return s.figure.of == figure.of && s.figure.part == figure.part; });
        if (sum == sums_.end()) {
            sum = sums_.insert(sums_.end(), Sum{});
            sum->figure.of = figure.of;
            sum->figure.part = figure.part;
            sum->figure.why = figure.why;
            sum->figure.basis = figure.basis;
        }
        if (!figure.value) {
            // Powered hours without a failure still count for the failures of the others.
            const bool counted = figure.why == Why::nothing_counted && figure.numerator && figure.denominator;
            if (!counted) continue;
        } else {
            ++sum->known;
        }
        sum->coverage += figure.coverage_permille;
        sum->figure.numerator = sum->figure.numerator.value_or(0) + figure.numerator.value_or(0);
        sum->figure.denominator = sum->figure.denominator.value_or(0) + figure.denominator.value_or(0);
    }
}

std::vector<Figure> Combiner::take() const {
    std::vector<Figure> out;
    const Figure* mtbf = nullptr;
    const Figure* mttr = nullptr;
    out.reserve(sums_.size());
    for (const Sum& sum : sums_) {
        Figure& figure = out.emplace_back(sum.figure);
        const auto devices = static_cast<std::int64_t>(devices_);  // at least one: something was added
        figure.coverage_permille = (sum.coverage + devices / 2) / devices;
        if (sum.known > 0) figure.basis.clear();
        if (figure.of->kind == Kind::measure) {
            figure.numerator.reset();
            figure.denominator.reset();
            if (sum.known > 0) figure.why = Why::not_combined;
        } else if (figure.of->kind == Kind::sum) {
            figure.denominator.reset();
            if (sum.known == 0) continue;
            figure.value = figure.numerator;
            figure.why = Why::known;
        } else if (figure.numerator && figure.denominator) {
            const double sharing = figure.of->shared ? static_cast<double>(std::max<std::size_t>(1, sum.known)) : 1;
            set_ratio(figure, *figure.numerator, *figure.denominator / sharing);
        }
        if (figure.of->id == "mtbf") mtbf = &figure;
        if (figure.of->id == "mttr" && figure.part.empty()) mttr = &figure;
    }
    // A mean of means would weigh a device without failures like one with many.
    const auto inherent = std::ranges::find(out, "inherent_availability", [](const Figure& f) { return f.of->id; });
    if (inherent != out.end() && mtbf && mttr && mtbf->value && mttr->value)
        set_ratio(*inherent, *mtbf->value, *mtbf->value + *mttr->value);
    std::ranges::stable_sort(out, [](const Figure& a, const Figure& b) {
        return std::pair{place_of(a), std::string_view{a.part}} < std::pair{place_of(b), std::string_view{b.part}};
    });
    return out;
}

}  // namespace gantry::kpi
