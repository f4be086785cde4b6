#include "server/domain/paper/import.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "server/domain/paper/catalogue.hpp"
#include "server/domain/paper/dates.hpp"
#include "server/domain/paper/import_columns.hpp"
#include "tests/unit/domain/ct_table.hpp"
#include "tests/unit/paper/paper_support.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

ImportOptions options() {
    ImportOptions out;
    out.now_ms = *ms_of_iso_date("2026-03-01");
    out.org = "h-1";
    out.site = "s-1";
    out.tz = "Asia/Shanghai";
    out.state_words = state_words_of(ct_table());
    return out;
}

ImportReport imported(std::string_view csv) {
    const auto rows = parse_csv(csv);
    REQUIRE(rows.has_value());
    const auto report = import_devices(paper_schema(), *rows, options());
    CAPTURE((report ? std::string{} : report.error().message));
    REQUIRE(report.has_value());
    return *report;
}

std::string shown(const std::vector<ImportError>& errors) {
    std::string out;
    for (const ImportError& error : errors)
        out += (out.empty() ? "" : "\n") + std::to_string(error.line) + " " + error.column + ": got '" + error.got +
               "', want " + error.want;
    return out;
}

// Midnight in China, as imports read days.
std::int64_t day(std::string_view date) { return *ms_of_iso_date(date) - 8 * 3'600'000; }

}  // namespace

TEST_CASE("import: a register in Chinese becomes entries, sheets and baselines") {
    const ImportReport report = imported(
        "\xef\xbb\xbf设备编号,设备名称,设备类别,生产企业,型号,序列号,UDI,采购合同日期,采购价格（万元）,探测器排数,"
        "生产日期,使用期限(年),当前状态,启用日期,科室\r\n"
        "ct-001,\"一号CT\n(门诊)\",CT,某某医疗,Force "
        "64,SN-1,(01)51022222233336(21)SN-1,2021/3/5,\"1,205.5\",64,2021年1月10日,10,在用,2021-04-01,放射科\r\n");
    CHECK(shown(report.errors) == "2 设备名称: got 'a line break or control character', want one line of text");
    CHECK(report.devices.empty());
    const ImportReport fixed = imported(
        "设备编号,设备名称,设备类别,生产企业,型号,序列号,UDI,采购合同日期,采购价格（万元）,探测器排数,生产日期,"
        "使用期限(年),当前状态,启用日期,科室\n"
        "ct-001,一号CT,CT,某某医疗,Force "
        "64,SN-1,(01)51022222233336(21)SN-1,2021/3/5,\"1,205.5\",64,2021年1月10日,10,在用,2021-04-01,放射科\n");
    CHECK(shown(fixed.errors) == "");
    CHECK(fixed.unknown_columns == std::vector<std::string>{"科室"});
    REQUIRE(fixed.devices.size() == 1);
    const ImportedDevice& device = fixed.devices[0];
    CHECK(device.line == 2);
    CHECK(device.entry == std::map<std::string, std::string>{{"id", "ct-001"},
                                                             {"name", "一号CT"},
                                                             {"modality", "CT"},
                                                             {"maker", "某某医疗"},
                                                             {"model", "Force 64"},
                                                             {"serial", "SN-1"},
                                                             {"udi", "51022222233336"},
                                                             {"org", "h-1"},
                                                             {"site", "s-1"},
                                                             {"tz", "Asia/Shanghai"}});
    CHECK(device.sheet_json ==
          R"({"labelled_life_days":3652,"maker":"某某医疗","manufactured_at":)" + std::to_string(day("2021-01-10")) +
              R"(,"modality":"CT","model":"Force 64","price_cny":12055000,"purchased_at":)" +
              std::to_string(day("2021-03-05")) + R"(,"rows":64,"serial":"SN-1","udi_di":"51022222233336"})");
    CHECK(paper_schema().check("device_sheet", device.sheet_json).has_value());
    CHECK(device.baseline.event == "baseline.declared");
    CHECK(device.baseline.subject == "ct-001");
    CHECK(device.baseline.org == "h-1");
    CHECK(device.baseline.at_ms == day("2021-04-01"));
    CHECK(*device.baseline.text("state") == "IN_USE");
    CHECK(!device.baseline.reason.empty());
    // What the table of the lifecycle will say to it.
    CHECK(std::holds_alternative<Moved>(judge(ct_table(), LifecycleFold{}, {}, device.baseline)));
}

TEST_CASE("import: the same in English, with semicolons, from a sheet of numbers") {
    const ImportReport report = imported(
        "id;modality;state;Field (T);purchased_at;First-Configured;Org;record_key\n"
        "mr-1;MRI;IDLE;1.5;44260;no;h-2;" +
        std::string(64, 'a') + "\n");
    CHECK(shown(report.errors) == "");
    REQUIRE(report.devices.size() == 1);
    CHECK(report.devices[0].entry.at("org") == "h-2");
    CHECK(report.devices[0].entry.at("record_key") == std::string(64, 'a'));
    CHECK(report.devices[0].sheet_json ==
          R"({"field_mt":1500,"first_configured":false,"modality":"MRI","purchased_at":)" +
              std::to_string(day("2021-03-05")) + "}");
    CHECK(report.devices[0].baseline.at_ms == options().now_ms);

    const std::string strings =
        "<sst><si><t>设备编号</t></si><si><t>设备类别</t></si><si><t>状态</t></si><si><t>安装日期"
        "</t></si><si><t>ct-9</t></si><si><t>CT</t></si><si><t>在用</t></si></sst>";
    const auto rows = parse_xlsx_sheet(
        strings,
        R"(<worksheet><sheetData><row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c t="s"><v>3</v></c></row>)"
        R"(<row r="5"><c t="s"><v>4</v></c><c t="s"><v>5</v></c><c t="s"><v>6</v></c><c><v>44260.0</v></c></row></sheetData></worksheet>)");
    REQUIRE(rows.has_value());
    const auto from_xlsx = import_devices(paper_schema(), *rows, options());
    REQUIRE(from_xlsx.has_value());
    CHECK(shown(from_xlsx->errors) == "");
    REQUIRE(from_xlsx->devices.size() == 1);
    CHECK(from_xlsx->devices[0].line == 5);
    CHECK(from_xlsx->devices[0].sheet_json ==
          R"({"installed_at":)" + std::to_string(day("2021-03-05")) + R"(,"modality":"CT"})");
}

TEST_CASE("import: every fault of a row is told with line, column, got and want; good rows pass") {
    const ImportReport report = imported(
        "设备编号,设备类别,状态,探测器排数,采购日期,UDI,序列号,停用前状态,查封机关,启用日期\n"
        "CT-1,CT,在用,,,,,,,\n"
        "ct-2,CTT,在用,,,,,,,\n"
        "ct-3,CT,使用中,,,,,,,\n"
        "ct-4,CT,在用,六十四,2021-02-30,,,,,\n"
        "ct-5,CT,在用,2000,,,,,,\n"
        "ct-6,MRI,在用,64,,,,,,\n"
        "ct-7,CT,在用,,,51022222233337,,,,\n"
        "ct-8,CT,在用,,,(01)51022222233336(21)A,B,,,\n"
        ",CT,在用,,,,,,,\n"
        "ct-10,CT,停用,,,,,,,\n"
        "ct-11,CT,查封,,,,,在用,卫健委,\n"
        "ct-12,CT,在用,,,,,,,2026-03-02\n"
        "ct-13,CT,查封,,,,,在用,REG-H,\n"
        "ct-14,CT,在用,,,,,,,2026-03-01\n");
    CHECK(shown(report.errors) ==
          "2 设备编号: got 'CT-1', want 1 to 64 of a-z, 0-9 and '-', not '-' first\n"
          "3 设备类别: got 'CTT', want one of CT, MRI, PET-CT, PET-MR, LINAC, DSA, DR, SPECT, MAMMO, OTHER\n"
          "4 状态: got '使用中', want a state: IN_USE, 在用, IDLE, 闲置, …\n"
          "5 探测器排数: got '六十四', want a whole number\n"
          "5 采购日期: got '2021-02-30', want a date: 2021-03-05, 2021/3/5, 2021年3月5日 or 20210305\n"
          "6 探测器排数: got '2000', want 1 to 1024\n"
          "7 探测器排数: got '64', want it only for CT, PET-CT, SPECT\n"
          "8 UDI: got '51022222233337', want a code that is right (GTIN 51022222233337: got check digit 7, want 6)\n"
          "9 序列号: got 'B', want the serial number of the UDI, A\n"
          "10 设备编号: got '', want a value\n"
          "11 停用前状态: got '', want the last state that it lawfully reached before SUSPENDED\n"
          "12 查封机关: got '卫健委', want one of REG-H, REG-E, REG-D\n"
          "13 启用日期: got '2026-03-01T16:00Z', want a day that has come");
    CHECK(report.rows == 14);
    CHECK(report.error_count == 13);
    REQUIRE(report.devices.size() == 2);
    CHECK(report.devices[0].line == 14);
    CHECK(report.devices[1].line == 15);
    for (const ImportedDevice& device : report.devices)
        CHECK(std::holds_alternative<Moved>(judge(ct_table(), LifecycleFold{}, {}, device.baseline)));
}

TEST_CASE("import: a day in a cell and a day in a catalogue are the same day") {
    const std::vector<Catalogue> catalogues = {
        parse_catalogue(source_text("config/catalogue/2018.toml"), "2018.toml").value(),
        parse_catalogue(source_text("config/catalogue/2023.toml"), "2023.toml").value()};
    const ImportReport report = imported(
        "id,modality,state,排数,采购日期\n"
        "a,CT,IN_USE,64,2023-03-02\n"
        "b,CT,IN_USE,64,2023-03-03\n");
    REQUIRE(report.devices.size() == 2);
    const auto licence = [&](const ImportedDevice& device) {
        const auto sheet = std::get<DeviceSheet>(paper_of("device_sheet", device.entry.at("id"), device.sheet_json));
        return licence_needed(catalogues, sheet, sheet.purchased_ms.value()).licence;
    };
    CHECK(licence(report.devices[0]) == LicenceClass::b);
    CHECK(licence(report.devices[1]) == LicenceClass::none);
}

TEST_CASE("import: one device stands once") {
    const ImportReport report = imported(
        "id,modality,state,maker,model,serial\n"
        "a,CT,IN_USE,M,X,1\n"
        "a,CT,IN_USE,M,X,2\n"
        "b,CT,IN_USE,M,X,1\n"
        "c,CT,IN_USE,M,Y,1\n"
        "d,CT,IN_USE,M,X,\n"
        "e,CT,IN_USE,M,X,\n");
    CHECK(shown(report.errors) ==
          "3 id: got 'a', want each device once: it stands on line 2 too\n"
          "4 serial: got '1', want each device once: it stands on line 2 too");
    CHECK(report.devices.size() == 4);
}

TEST_CASE("import: a table that is none is refused as a whole") {
    struct Row {
        const char* csv;
        const char* says;
    };
    const Row rows[] = {
        {"", "no rows"},
        {"id,modality\na,CT\n", "got no column state, want one headed '状态' or 'state'"},
        {"modality,state\nCT,IN_USE\n", "got no column id"},
        {"id,设备编号,modality,state\n", "got the columns 'id' and '设备编号'"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.csv);
        const auto got = import_devices(paper_schema(), parse_csv(row.csv).value(), options());
        REQUIRE(!got);
        CAPTURE(got.error().message);
        CHECK(got.error().message.find(row.says) != std::string::npos);
    }
    // Price in yuan and in ten thousands are two columns of one field: either may be filled, not both.
    const ImportReport both =
        imported("id,modality,state,价格(元),价格(万元)\na,CT,IN_USE,100,\nb,CT,IN_USE,,0.01\nc,CT,IN_USE,1,1\n");
    CHECK(both.devices.size() == 2);
    CHECK(both.devices[0].sheet_json == both.devices[1].sheet_json);
    REQUIRE(both.errors.size() == 1);
    CHECK(both.errors[0].line == 4);
}

TEST_CASE("import: what cells may hold") {
    struct Row {
        CellKind kind;
        const char* text;
        std::optional<DataValue> want;
    };
    using I = std::int64_t;
    const Row rows[] = {
        {CellKind::whole, "64", I{64}},
        {CellKind::whole, "64.0", I{64}},
        {CellKind::whole, "1,200,000", I{1'200'000}},
        {CellKind::whole, "1,5", {}},
        {CellKind::whole, "64.5", {}},
        {CellKind::whole, "-1", {}},
        {CellKind::whole, ".", {}},
        {CellKind::whole, "99999999999999999999", {}},
        {CellKind::tesla, "1.5", I{1500}},
        {CellKind::tesla, "3T", I{3000}},
        {CellKind::tesla, "0.35", I{350}},
        {CellKind::tesla, "1.4999", {}},
        {CellKind::tesla, "1.2.3", {}},
        {CellKind::ten_thousand, "120.5", I{1'205'000}},
        {CellKind::ten_thousand, "0.0001", I{1}},
        {CellKind::ten_thousand, "9999999999999999", {}},
        {CellKind::years, "10", I{3652}},
        {CellKind::years, "101", {}},
        {CellKind::date, "2021-03-05", day("2021-03-05")},
        {CellKind::date, "2021/3/5", day("2021-03-05")},
        {CellKind::date, "2021.03.05", day("2021-03-05")},
        {CellKind::date, "2021年3月5日", day("2021-03-05")},
        {CellKind::date, "20210305", day("2021-03-05")},
        {CellKind::date, "2021-03-05 00:00:00", day("2021-03-05")},
        {CellKind::date, "44260", day("2021-03-05")},
        {CellKind::date, "44260.75", day("2021-03-05")},
        {CellKind::date, "20000", day("1954-10-03")},
        {CellKind::date, "19999", {}},
        {CellKind::date, "73050", day("2099-12-31")},
        {CellKind::date, "73051", {}},
        {CellKind::date, "2021", {}},
        {CellKind::date, "2021-03", {}},
        {CellKind::date, "2021-03-05-01", {}},
        {CellKind::date, "2021-02-29", {}},
        {CellKind::date, "05/03/2021", {}},
        {CellKind::date, "2021-03-05 08:30", {}},
        {CellKind::flag, "是", true},
        {CellKind::flag, "No", false},
        {CellKind::flag, "maybe", {}},
        {CellKind::modality, "pet/ct", std::string{"PET-CT"}},
        {CellKind::modality, "磁共振", std::string{"MRI"}},
        {CellKind::modality, "X-ray", {}},
        {CellKind::guidance, "heavy ion", std::string{"heavy_ion"}},
        {CellKind::state, "in_use", std::string{"IN_USE"}},
        {CellKind::state, "在用", std::string{"IN_USE"}},
        {CellKind::state, "NONE", {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK((read_cell(row.kind, row.text, options()) == row.want));
    }
    CHECK(trimmed("\xe3\x80\x80 a b\t\xc2\xa0") == "a b");
    CHECK(trimmed(" ").empty());
}

TEST_CASE("import: every heading is written as it is looked up, and leads to one column") {
    std::map<std::string, std::string> seen;
    for (const Column& column : import_columns()) {
        std::string_view rest = column.headings;
        while (!rest.empty()) {
            const std::string heading{rest.substr(0, rest.find('|'))};
            CAPTURE(heading);
            CHECK(normal_heading(heading) == heading);
            CHECK(seen.emplace(heading, column.key).second);
            CHECK(column_of_heading(heading) == &column);
            rest.remove_prefix(std::min(heading.size() + 1, rest.size()));
        }
        CHECK(column_of_heading(column.key) != nullptr);
    }
    CHECK(column_of_heading("科室") == nullptr);
    CHECK(column_of_heading("") == nullptr);
}
