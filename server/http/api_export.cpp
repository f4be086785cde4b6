#include <fmt/format.h>

#include "common/io/clock.hpp"
#include "server/http/api.hpp"
#include "server/http/due_view.hpp"
#include "server/http/finding_view.hpp"
#include "server/http/table_file.hpp"

// Lists as files. Each resource gives its rows twice: as cells for people's table programs, and as the JSON members of
// its list for programs.
namespace gantry::http {
namespace {

constexpr std::int64_t fleet_age_ms = 1000;
constexpr std::size_t rows_max = 100'000;  // a city's findings of some years; 422 beyond

constexpr ColumnHead device_columns[] = {{"Device", "设备编号"},
                                         {"Name", "设备名称"},
                                         {"Modality", "类别"},
                                         {"Manufacturer", "生产企业"},
                                         {"Model", "型号"},
                                         {"Serial number", "序列号"},
                                         {"Organisation", "机构"},
                                         {"Site", "院区"},
                                         {"State", "状态"},
                                         {"State since (UTC)", "状态起始（UTC）"},
                                         {"Operating state", "运行状态"},
                                         {"Last seen (UTC)", "最后信号（UTC）"},
                                         {"Coverage 24 h (1/1000)", "24小时覆盖率（‰）"},
                                         {"Open faults", "未结故障"},
                                         {"Records", "记录数"},
                                         {"Missing records", "缺失记录数"}};
constexpr ColumnHead finding_columns[] = {{"Device", "设备编号"},
                                          {"Name", "设备名称"},
                                          {"Organisation", "机构"},
                                          {"Site", "院区"},
                                          {"Rule", "规则"},
                                          {"Title", "标题"},
                                          {"Severity", "严重程度"},
                                          {"Suspected", "疑似"},
                                          {"Stage", "阶段"},
                                          {"Open", "未结"},
                                          {"Owner", "负责人"},
                                          {"From (UTC)", "起（UTC）"},
                                          {"To (UTC)", "止（UTC）"},
                                          {"Measured", "实测"},
                                          {"Limit", "限值"},
                                          {"Records", "记录数"},
                                          {"Key", "键"},
                                          {"First log index", "首条日志序号"},
                                          {"Rule version", "规则版本"},
                                          {"Reproduce", "复现命令"}};
constexpr ColumnHead due_columns[] = {
    {"Device", "设备编号"}, {"Name", "设备名称"}, {"Organisation", "机构"},     {"Site", "院区"},
    {"What", "事项"},       {"Detail", "说明"},   {"Due (UTC)", "到期（UTC）"}, {"Overdue", "已逾期"},
    {"Estimated", "估算"},  {"Paper", "文件编号"}};

Cell cell(std::string_view text) { return text.empty() ? Cell{} : Cell{std::string{text}}; }
Cell cell(std::uint64_t number) { return static_cast<std::int64_t>(number); }

// Where rows go: into a table, or as JSON lines. Counts them, and stops taking at the limit.
class RowSink {
public:
    RowSink(std::unique_ptr<TableFile> table) : table_{std::move(table)} {}

    bool is_full() const { return count_ > rows_max; }
    template <class Cells, class Members>
    void add(Cells cells, Members members) {
        if (++count_ > rows_max) return;
        if (table_) return table_->row(cells());
        JsonWriter json{lines_};
        json.begin_object();
        members(json);
        json.end_object();
        lines_.push_back('\n');
    }
    std::string finish() { return table_ ? table_->finish() : std::move(lines_); }

private:
    std::unique_ptr<TableFile> table_;  // null: JSON lines
    std::string lines_;
    std::size_t count_ = 0;
};

struct ExportFile {
    std::string resource, format;
};
std::optional<ExportFile> file_of(const std::string& name) {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return std::nullopt;
    ExportFile out{name.substr(0, dot), name.substr(dot + 1)};
    const bool known = out.resource == "devices" || out.resource == "findings" || out.resource == "due";
    const bool format = out.format == "csv" || out.format == "ndjson" || out.format == "xlsx";
    return known && format ? std::optional{std::move(out)} : std::nullopt;
}

std::span<const ColumnHead> columns_of(const std::string& resource) {
    if (resource == "devices") return device_columns;
    if (resource == "findings") return finding_columns;
    return due_columns;
}

std::string_view media_type(const std::string& format) {
    return format == "csv"      ? "text/csv; charset=utf-8"
           : format == "ndjson" ? "application/x-ndjson"
                                : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
}

std::vector<Cell> cells_of(const DeviceView& device, std::int64_t now_ms) {
    const Entry& entry = device.entry;
    const DeviceFold& fold = device.fold;
    const std::int64_t seen = device.last_seen_ms();
    std::uint64_t faults = 0;
    for (const FaultFold& fault : fold.faults) faults += fault.open() && fault.severity != "info" ? 1 : 0;
    const bool declared = fold.life.state != State::none;
    return {cell(device.id),
            cell(entry.name),
            cell(entry.modality),
            cell(entry.maker.empty() ? fold.identity.maker : entry.maker),
            cell(entry.model.empty() ? fold.identity.model : entry.model),
            cell(entry.serial.empty() ? fold.identity.serial : entry.serial),
            cell(entry.org),
            cell(entry.site),
            cell(declared ? name(fold.life.state) : ""),
            CellTime{declared ? fold.life.since_ms : 0},
            cell(name(operating_at(fold, seen, now_ms))),
            CellTime{seen},
            watched_minutes(device, now_ms - 24 * ms_per_hour, now_ms, now_ms) * 1000 / 1440,
            cell(faults),
            cell(fold.records),
            cell(fold.missing_records)};
}

std::vector<Cell> cells_of(const FindingView& view, Language language) {
    const store::FindingRow& row = view.row;
    return {cell(view.device),
            cell(view.device_name),
            cell(view.org),
            cell(view.site),
            cell(row.rule),
            cell(language == Language::zh ? view.title_zh : view.title_en),
            cell(name(row.severity)),
            row.suspected,
            cell(row.stage),
            row.open,
            cell(row.owner),
            CellTime{row.since_ms},
            CellTime{view.to_ms.value_or(0)},
            cell(row.measured),
            cell(row.limit),
            cell(row.count),
            cell(row.key),
            cell(row.first_leaf),
            row.rule_version,
            cell(reproducing_command(view))};
}

std::vector<Cell> cells_of(const due::Entry& entry, const DeviceView* device, std::int64_t now_ms, Language language) {
    return {cell(entry.device),
            cell(entry.device_name),
            cell(device ? device->entry.org : ""),
            cell(device ? device->entry.site : ""),
            cell(due::title(entry.due.kind, language == Language::zh ? due::Language::zh : due::Language::en)),
            cell(entry.due.what),
            CellTime{entry.due.at_ms},
            is_overdue(entry, now_ms),
            entry.due.estimated,
            cell(entry.due.ref)};
}

Checked<bool> bom_wanted(const Params& params) {
    const std::string* text = params.find("bom");
    if (text && *text != "0" && *text != "1")
        return bad_parameter("bom", fmt::format("got \"{}\", want 0 or 1", text->substr(0, 40)));
    return text && *text == "1";
}

Checked<Params> params_of(const ExportFile& file, const Request& request) {
    if (file.resource == "findings")
        return Params::of(request, {"device", "org", "site", "rule", "severity", "stage", "open", "bom", "lang"});
    if (file.resource == "due") return Params::of(request, {"device", "org", "site", "until", "bom", "lang"});
    return Params::of(request, {"device", "org", "site", "bom", "lang"});
}

// What every row needs to know beside itself.
struct ExportContext {
    const Fleet& fleet;
    const Scope& scope;
    std::int64_t now_ms;
    Language language;
};

void add_devices(RowSink& sink, const ExportContext& context) {
    for (const DeviceView& device : *context.fleet)
        if (context.scope.admits(device))
            sink.add([&] { return cells_of(device, context.now_ms); },
                     [&](JsonWriter& json) { write_item_members(json, device, context.now_ms); });
}

void add_findings(RowSink& sink, const ExportContext& context, store::StoreReader& reader,
                  const store::FindingFilter& filter, const rules::RulePack& pack) {
    const store::StoreReader::Snapshot one_state{reader};
    store::each_finding(reader, filter, [&](store::FindingRow row) {
        const FindingView view = finding_view(reader, context.fleet, pack, std::move(row));
        sink.add([&] { return cells_of(view, context.language); },
                 [&](JsonWriter& json) { write_finding_members(json, view); });
        return !sink.is_full();
    });
}

void add_due(RowSink& sink, const ExportContext& context, const std::vector<due::Entry>& entries) {
    for (const due::Entry& entry : entries) {
        const DeviceView* device = find_device(context.fleet, entry.device);
        sink.add([&] { return cells_of(entry, device, context.now_ms, context.language); },
                 [&](JsonWriter& json) { write_due_members(json, entry, device, context.now_ms); });
    }
}

Response file_answer(const ExportFile& file, std::string content, std::int64_t now_ms) {
    Response response{200, std::string{media_type(file.format)}, make_body(std::move(content)), {}, false};
    response.with("Content-Disposition", fmt::format("attachment; filename=\"gantry-{}-{}.{}\"", file.resource,
                                                     time_text(now_ms).substr(0, 10), file.format));
    return response.with("Vary", "Accept-Language");
}

}  // namespace

Answer Api::export_list(const Request& request, store::StoreReader& reader) {
    const auto file = file_of(request.path_values.at(0));
    if (!file)
        return Problem{.code = "not_found",
                       .detail = fmt::format("export: got \"{}\", want devices, findings or due with .csv, .ndjson or "
                                             ".xlsx",
                                             request.path_values.at(0).substr(0, 64))};
    const auto params = params_of(*file, request);
    if (!params) return params.error();
    const auto language = language_wanted(*params, request.head);
    if (!language) return language.error();
    const auto bom = bom_wanted(*params);
    if (!bom) return bom.error();
    const auto until = params->time("until");
    if (!until) return until.error();
    const std::int64_t now = clock::utc_ms();
    const Fleet fleet = fleet_.get(reader, now, fleet_age_ms);
    const auto scope = scope_of(*params, fleet);
    if (!scope) return scope.error();
    const auto filter = finding_filter(*params, fleet);
    if (!filter) return filter.error();

    const auto columns = columns_of(file->resource);
    RowSink sink{file->format == "csv"    ? csv_file(columns, *language, *bom)
                 : file->format == "xlsx" ? xlsx_file(columns, *language)
                                          : nullptr};
    const ExportContext context{fleet, *scope, now, *language};
    if (file->resource == "devices")
        add_devices(sink, context);
    else if (file->resource == "findings")
        add_findings(sink, context, reader, *filter, *pack());
    else
        add_due(sink, context, due_entries(config_, *scope, until->value_or(paper::forever_ms)));
    if (sink.is_full())
        return Problem{.code = "invalid",
                       .detail = fmt::format("rows: got more than {0}, want at most {0}: narrow it by device, org or "
                                             "site",
                                             rows_max)};
    return file_answer(*file, sink.finish(), now);
}

}  // namespace gantry::http
