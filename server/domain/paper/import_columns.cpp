#include "server/domain/paper/import_columns.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "server/domain/paper/dates.hpp"

namespace gantry::paper {
namespace {

constexpr Column columns[] = {
    {"id", CellKind::text, "设备编号|登记编号|设备登记编号|id|deviceid|device|registerid", true},
    {"name", CellKind::text, "设备名称|名称|name|devicename"},
    {"modality", CellKind::modality, "设备类别|类别|设备类型|设备种类|modality|type|kind", true},
    {"maker", CellKind::text, "生产企业|制造商|生产厂家|厂家|品牌|maker|manufacturer|vendor"},
    {"model", CellKind::text, "型号|规格型号|设备型号|model"},
    {"serial", CellKind::text, "序列号|出厂编号|出厂序列号|机身号|serial|serialnumber|serialno|sn"},
    {"udi_di", CellKind::udi, "udi|udidi|医疗器械唯一标识|唯一标识"},
    {"org", CellKind::text, "机构|机构编号|单位编号|org|organisation|organization"},
    {"site", CellKind::text, "院区|院区编号|site|campus"},
    {"tz", CellKind::text, "时区|tz|timezone"},
    {"record_key", CellKind::text, "记录公钥|公钥|recordkey|publickey"},
    {"purchased_at", CellKind::date, "采购合同日期|采购日期|购置日期|合同日期|purchasedat|purchased|purchasedate"},
    {"price_cny", CellKind::whole, "采购价格|采购价格(元)|购置价格(元)|价格(元)|pricecny|price"},
    {"price_cny", CellKind::ten_thousand, "采购价格(万元)|购置价格(万元)|价格(万元)|原值(万元)|price(10kcny)"},
    {"rows", CellKind::whole, "探测器排数|排数|ct排数|rows|detectorrows"},
    {"field_mt", CellKind::whole, "磁场强度(毫特)|磁场强度(mt)|fieldmt"},
    {"field_mt", CellKind::tesla, "磁场强度(t)|磁场强度(特斯拉)|磁场强度|场强|fieldt|field(t)|field"},
    {"guided_by", CellKind::guidance, "引导或射线类型|引导方式|guidedby"},
    {"first_configured", CellKind::flag, "首次配置|firstconfigured"},
    {"manufactured_at", CellKind::date, "生产日期|出厂日期|制造日期|manufacturedat|manufactured|manufacturedate"},
    {"labelled_life_days", CellKind::whole, "标示使用期限(天)|使用期限(天)|labelledlifedays"},
    {"labelled_life_days", CellKind::years, "标示使用期限(年)|使用期限(年)|使用年限|使用期限|labelledlifeyears"},
    {"installed_at", CellKind::date, "安装日期|安装完成日期|installedat|installed|installdate"},
    {"planned_exams_per_day", CellKind::whole, "计划日检查量|plannedexamsperday"},
    {"capacity_exams_per_day", CellKind::whole, "最大日检查量|capacityexamsperday"},
    {"state", CellKind::state, "状态|当前状态|设备状态|使用状态|state|status", true},
    {"state_since", CellKind::date, "状态起始日期|启用日期|投用日期|statesince|since"},
    {"cleared_to", CellKind::state, "停用前状态|clearedto"},
    {"sealed_by", CellKind::text, "查封机关|sealedby"},
    {"reason", CellKind::text, "备注|说明|reason|remark|note"},
};

std::string lower_case(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

struct Word {
    std::string_view text, value;
};
constexpr Word modalities[] = {{"ct", "CT"},
                               {"x线计算机断层扫描仪", "CT"},
                               {"x射线计算机体层摄影设备", "CT"},
                               {"mri", "MRI"},
                               {"mr", "MRI"},
                               {"磁共振", "MRI"},
                               {"磁共振成像系统", "MRI"},
                               {"petct", "PET-CT"},
                               {"petmr", "PET-MR"},
                               {"linac", "LINAC"},
                               {"直线加速器", "LINAC"},
                               {"医用直线加速器", "LINAC"},
                               {"加速器", "LINAC"},
                               {"dsa", "DSA"},
                               {"数字减影血管造影机", "DSA"},
                               {"血管造影机", "DSA"},
                               {"dr", "DR"},
                               {"数字化x线摄影系统", "DR"},
                               {"spect", "SPECT"},
                               {"mammo", "MAMMO"},
                               {"乳腺机", "MAMMO"},
                               {"乳腺x线机", "MAMMO"},
                               {"other", "OTHER"},
                               {"其他", "OTHER"}};
constexpr Word guidances[] = {{"none", "none"},
                              {"无", "none"},
                              {"ct", "ct"},
                              {"mr", "mr"},
                              {"mri", "mr"},
                              {"磁共振", "mr"},
                              {"stereotactic", "stereotactic"},
                              {"立体定向", "stereotactic"},
                              {"proton", "proton"},
                              {"质子", "proton"},
                              {"heavyion", "heavy_ion"},
                              {"重离子", "heavy_ion"}};

template <std::size_t N>
std::optional<DataValue> word_of(const Word (&words)[N], std::string_view text) {
    std::string plain = normal_heading(text);
    replace_all(plain, "/", "");
    const auto* found = std::ranges::find(words, plain, &Word::text);
    if (found == std::end(words)) return std::nullopt;
    return std::string{found->value};
}

// Whether a comma stands between thousands: three digits after it, then no digit. "1,5" is no number here.
bool is_thousands_comma(std::string_view after) {
    const std::size_t digits = std::min(after.find_first_not_of("0123456789"), after.size());
    return digits == 3;
}

// A number with at most `places` digits after its point, times 10^places. Commas between thousands are passed over.
std::optional<std::int64_t> scaled(std::string_view text, int places) {
    std::int64_t value = 0;
    int after_point = -1;
    bool any = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '.' && after_point < 0) {
            after_point = 0;
        } else if (c == ',' && after_point < 0 && any && is_thousands_comma(text.substr(i + 1))) {
            continue;
        } else if (c >= '0' && c <= '9') {
            if (after_point >= places) {
                if (c != '0') return std::nullopt;
                continue;
            }
            if (value > std::numeric_limits<std::int64_t>::max() / 100) return std::nullopt;
            value = value * 10 + (c - '0');
            after_point += after_point >= 0 ? 1 : 0;
            any = true;
        } else {
            return std::nullopt;
        }
    }
    for (int i = std::max(after_point, 0); i < places; ++i) {
        if (value > std::numeric_limits<std::int64_t>::max() / 100) return std::nullopt;
        value *= 10;
    }
    return any ? std::optional{value} : std::nullopt;
}

// Days as Excel counts them: 1 is 1900-01-01, and a 29 February 1900 that never was is counted too. From 1954 to 2100,
// so that a year or an eight-digit day is never taken for one.
std::optional<std::int64_t> excel_day(std::string_view text) {
    constexpr std::int64_t first = 20'000;
    constexpr std::int64_t last = 73'050;
    const auto days = scaled(text.substr(0, text.find('.')), 0);
    if (!days || *days < first || *days > last) return std::nullopt;
    if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
    return *ms_of_date(1900, 1, 1) + (*days - 2) * ms_of_day;
}

// Year, month and day with anything of "-/.年月日" between them, or eight digits; a midnight after it is passed over.
std::optional<std::int64_t> written_day(std::string_view text) {
    std::string plain{text};
    for (const char* midnight : {" 00:00:00", " 0:00:00", " 00:00", " 0:00", "T00:00:00"})
        if (plain.ends_with(midnight)) plain.resize(plain.size() - std::string_view{midnight}.size());
    for (const char* mark : {"年", "月", "/", "."}) replace_all(plain, mark, "-");
    replace_all(plain, "日", "");
    if (plain.size() == 8 && plain.find('-') == std::string::npos) plain.insert(6, "-").insert(4, "-");
    std::array<std::int64_t, 3> parts{};
    std::string_view rest = plain;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::size_t end = std::min(rest.find('-'), rest.size());
        const std::string_view digits = rest.substr(0, end);
        if (digits.empty() || digits.size() > (i == 0 ? 4U : 2U)) return std::nullopt;
        if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
        for (const char c : digits) parts[i] = parts[i] * 10 + (c - '0');
        if ((end == rest.size()) != (i == 2)) return std::nullopt;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return ms_of_date(parts[0], parts[1], parts[2]);
}

std::optional<DataValue> state_of(std::string_view text, const ImportOptions& options) {
    std::string upper{text};
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    auto state = state_from(upper);
    if (const auto word = options.state_words.find(text); !state && word != options.state_words.end())
        state = word->second;
    if (!state || *state == State::none) return std::nullopt;
    return std::string{name(*state)};
}

std::optional<DataValue> flag_of(std::string_view text) {
    const std::string plain = lower_case(text);
    for (const std::string_view yes : {"是", "yes", "true", "1", "y"})
        if (plain == yes) return true;
    for (const std::string_view no : {"否", "no", "false", "0", "n"})
        if (plain == no) return false;
    return std::nullopt;
}

std::optional<DataValue> as_data(std::optional<std::int64_t> value) {
    return value ? std::optional<DataValue>{*value} : std::nullopt;
}

}  // namespace

std::span<const Column> import_columns() { return columns; }

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks[] = {" ", "\t", "\r", "\n", "\xc2\xa0", "\xe3\x80\x80"};
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view blank : blanks) {
            while (text.starts_with(blank)) text.remove_prefix(blank.size()), again = true;
            while (text.ends_with(blank)) text.remove_suffix(blank.size()), again = true;
        }
    }
    return text;
}

std::string normal_heading(std::string_view text) {
    std::string out = lower_case(text);
    for (const char* joint : {" ", "_", "-", "\n", "\r", "\t", "*", "\xe3\x80\x80"}) replace_all(out, joint, "");
    replace_all(out, "（", "(");
    replace_all(out, "）", ")");
    return out;
}

const Column* column_of_heading(std::string_view heading) {
    const std::string plain = normal_heading(heading);
    if (plain.empty()) return nullptr;
    for (const Column& column : columns) {
        std::string_view rest = column.headings;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('|'), rest.size());
            if (rest.substr(0, end) == plain) return &column;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return nullptr;
}

std::optional<DataValue> read_cell(CellKind kind, std::string_view text, const ImportOptions& options) {
    constexpr std::int64_t ms_of_minute = 60'000;
    switch (kind) {
        case CellKind::text:
        case CellKind::udi:
            return std::string{text};
        case CellKind::whole:
            return as_data(scaled(text, 0));
        case CellKind::tesla:
            return as_data(scaled(text.ends_with('T') ? text.substr(0, text.size() - 1) : text, 3));
        case CellKind::ten_thousand:
            return as_data(scaled(text, 4));
        case CellKind::years: {
            const auto years = scaled(text, 0);
            if (!years || *years > 100) return std::nullopt;
            return DataValue{*years * 365 + *years / 4};
        }
        case CellKind::date: {
            auto day = excel_day(text);
            if (!day) day = written_day(text);
            return day ? as_data(*day - options.zone_minutes * ms_of_minute) : std::nullopt;
        }
        case CellKind::flag:
            return flag_of(text);
        case CellKind::modality:
            return word_of(modalities, text);
        case CellKind::guidance:
            return word_of(guidances, text);
        case CellKind::state:
            return state_of(text, options);
    }
    return std::nullopt;
}

std::string_view wanted(CellKind kind) {
    switch (kind) {
        case CellKind::whole:
            return "a whole number";
        case CellKind::tesla:
            return "a field strength in tesla, 1.5";
        case CellKind::ten_thousand:
            return "an amount in 10,000 yuan, 120.5";
        case CellKind::years:
            return "whole years, at most 100";
        case CellKind::date:
            return "a date: 2021-03-05, 2021/3/5, 2021年3月5日 or 20210305";
        case CellKind::flag:
            return "是 or 否, yes or no";
        case CellKind::modality:
            return "one of CT, MRI, PET-CT, PET-MR, LINAC, DSA, DR, SPECT, MAMMO, OTHER";
        case CellKind::guidance:
            return "one of none, ct, mr, stereotactic, proton, heavy_ion";
        case CellKind::state:
            return "a state: IN_USE, 在用, IDLE, 闲置, …";
        case CellKind::text:
        case CellKind::udi:
            break;
    }
    return "a text";
}

}  // namespace gantry::paper
