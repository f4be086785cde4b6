#include "server/domain/paper/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "server/domain/paper/dates.hpp"

namespace gantry::paper {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& word) {
    return std::ranges::find(list, word) != list.end();
}

std::string lower_case(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

// Whether a row is met, as far as the sheet tells: every condition holds, one fails, or it depends on what is missing.
class RowMatch {
public:
    RowMatch(const Catalogue& catalogue, const CatalogueRow& row, const DeviceSheet& sheet) {
        const bool clear = !sheet.modality.empty() && !contains(catalogue.unclear, sheet.modality);
        if (!row.modality.empty()) one_of("modality", clear ? sheet.modality : std::string{}, row.modality);
        if (!row.guided_by.empty()) one_of("guided_by", sheet.guided_by, row.guided_by);
        if (!row.model_has.empty()) words_in("model", lower_case(sheet.model), row.model_has);
        if (row.rows_min) holds("rows", sheet.rows, [&](std::int64_t rows) { return rows >= *row.rows_min; });
        if (row.field_mt_min)
            holds("field_mt", sheet.field_mt, [&](std::int64_t field) { return field >= *row.field_mt_min; });
        if (row.first_configured && !sheet.first_configured) failed_ = true;
        if (row.price_cny_min)
            holds("price_cny", sheet.price_cny, [&](std::int64_t price) { return price >= *row.price_cny_min; });
        if (row.price_cny_below)
            holds("price_cny", sheet.price_cny, [&](std::int64_t price) { return price < *row.price_cny_below; });
    }
    bool met() const { return !failed_ && missing_.empty(); }
    bool failed() const { return failed_; }
    const std::vector<std::string>& missing() const { return missing_; }

private:
    void one_of(const char* field, const std::string& value, const std::vector<std::string>& wanted) {
        if (value.empty())
            missing_.emplace_back(field);
        else
            failed_ |= !contains(wanted, value);
    }
    void words_in(const char* field, const std::string& value, const std::vector<std::string>& words) {
        const auto inside = [&](const std::string& word) { return value.find(word) != std::string::npos; };
        if (value.empty())
            missing_.emplace_back(field);
        else
            failed_ |= std::ranges::none_of(words, inside);
    }
    template <class Holds>
    void holds(const char* field, const std::optional<std::int64_t>& value, Holds condition) {
        if (!value)
            missing_.emplace_back(field);
        else
            failed_ |= !condition(*value);
    }

    bool failed_ = false;
    std::vector<std::string> missing_;
};

// Everything that the device may be by one catalogue, first row first.
struct Possible {
    std::vector<LicenceClass> classes;
    const CatalogueRow* met = nullptr;  // the row that ended the walk
    std::vector<std::string> missing;
};

Possible walk(const Catalogue& catalogue, const DeviceSheet& sheet) {
    Possible out;
    for (const CatalogueRow& row : catalogue.rows) {
        const RowMatch match{catalogue, row, sheet};
        if (match.failed()) continue;
        out.classes.push_back(row.licence);
        if (match.met()) {
            out.met = &row;
            return out;
        }
        for (const std::string& field : match.missing())
            if (!contains(out.missing, field)) out.missing.push_back(field);
    }
    out.classes.push_back(LicenceClass::none);
    return out;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
}

}  // namespace

std::string_view name(LicenceClass licence) {
    switch (licence) {
        case LicenceClass::none:
            return "none";
        case LicenceClass::a:
            return "A";
        case LicenceClass::b:
            return "B";
        case LicenceClass::unknown:
            break;
    }
    return "unknown";
}

Result<void> check_catalogues(std::span<const Catalogue> catalogues) {
    for (std::size_t i = 0; i < catalogues.size(); ++i) {
        for (std::size_t j = i + 1; j < catalogues.size(); ++j) {
            const Catalogue& a = catalogues[i];
            const Catalogue& b = catalogues[j];
            if (a.from_ms < b.to_ms && b.from_ms < a.to_ms)
                return Error{Errc::conflict,
                             fmt::format("catalogues: got '{}' and '{}' both in force on {}, want one at a time",
                                         a.name, b.name, time_text(std::max(a.from_ms, b.from_ms)))};
        }
    }
    return {};
}

LicenceNeed licence_needed(std::span<const Catalogue> catalogues, const DeviceSheet& sheet, std::int64_t at_ms) {
    const auto holding =
        std::ranges::find_if(catalogues, [at_ms](const Catalogue& c) { return c.from_ms <= at_ms && at_ms < c.to_ms; });
    LicenceNeed need;
    if (holding == catalogues.end()) {
        need.en = "no catalogue on file holds on " + time_text(at_ms);
        need.zh = "该日期无可用的配置许可目录";
        return need;
    }
    need.catalogue = holding->name;
    const Possible possible = walk(*holding, sheet);
    need.required = std::ranges::find(possible.classes, LicenceClass::none) == possible.classes.end();
    const bool one_answer =
        std::ranges::adjacent_find(possible.classes, std::ranges::not_equal_to{}) == possible.classes.end();
    if (!one_answer) {
        need.missing = possible.missing;
        need.en = "not told by the device sheet: " + joined(possible.missing);
        need.zh = "设备档案缺少判定所需信息";
        return need;
    }
    need.licence = possible.classes.front();
    if (possible.met) {
        need.row = possible.met->id;
        need.en = possible.met->en;
        need.zh = possible.met->zh;
    } else {
        need.en = "not in the catalogue";
        need.zh = "不在目录内";
    }
    return need;
}

}  // namespace gantry::paper
