#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "common/core/bytes.hpp"
#include "common/io/files.hpp"
#include "server/cli/context.hpp"
#include "server/domain/paper/document_type.hpp"
#include "server/domain/paper/sheet.hpp"

// Commands that bring papers in: a fleet's table, documents, single papers.
namespace gantry::cli {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
    const json::value* found = object.if_contains(key);
    return found && found->is_string() ? std::string{std::string_view{found->get_string()}} : std::string{};
}

void add_people(const Context& context, json::object& request) {
    request["actor"] = actor_of(context);
    if (context.args.has("--role")) request["role"] = context.args.value("--role");
}

std::string row_text(const json::object& row) {
    const std::string device = text_of(row, "device");
    std::string out = fmt::format("line {:<5} {:<24} {}", row.at("row").as_int64(), device.empty() ? "-" : device,
                                  text_of(row, "action"));
    for (const json::value& error : row.at("errors").as_array())
        out += fmt::format("\n    {}: got '{}', want {}",
                           text_of(error.as_object(), "column").empty() ? "row" : text_of(error.as_object(), "column"),
                           text_of(error.as_object(), "got"), text_of(error.as_object(), "want"));
    if (const json::value& missing = row.at("missing"); missing.is_array())
        for (const json::value& paper : missing.get_array())
            out += fmt::format("\n    missing: {} ({})", text_of(paper.as_object(), "title_en"),
                               text_of(paper.as_object(), "who"));
    return out;
}

std::string report_text(std::string_view answer) {
    const json::value parsed = json::parse({answer.data(), answer.size()});
    const json::object& report = parsed.at("report").as_object();
    std::string out;
    for (const json::value& row : report.at("results").as_array()) out += row_text(row.as_object()) + "\n";
    for (const json::value& heading : report.at("unknown_columns").as_array())
        out += fmt::format("column '{}' is not known and was passed over\n", heading.as_string().c_str());
    const auto count = [&](const char* name) { return report.at(name).as_int64(); };
    return out + fmt::format("{}{} rows: {} added, {} changed, {} as before, {} refused",
                             report.at("dry_run").as_bool() ? "dry run, nothing stored; " : "", count("rows"),
                             count("added"), count("changed"), count("unchanged"), count("refused"));
}

std::string document_text(std::string_view answer) {
    const json::value parsed = json::parse({answer.data(), answer.size()});
    const json::object& kept = parsed.at("document").as_object();
    return fmt::format("sha256 {}, {} bytes, {}, log index {}, paper {}", text_of(kept, "sha256"),
                       kept.at("size").as_int64(), text_of(kept, "type"), kept.at("log_index").as_int64(),
                       text_of(kept, "paper"));
}

std::string filed_text(std::string_view answer) {
    const json::value parsed = json::parse({answer.data(), answer.size()});
    return fmt::format("log index {}", parsed.at("log_index").as_int64());
}

int fail_file(const Error& error) {
    return fail(error.code == Errc::not_found ? exit_io : exit_bad_data, error.message);
}

}  // namespace

int run_import(const Context& context) {
    const Args& args = context.args;
    if (args.words.size() != 2)
        return fail(exit_usage, "want: import FILE.{csv,xlsx,ndjson} [--dry-run] [--org ID] [--site ID] [--tz ZONE]");
    const std::filesystem::path file = args.words[1];
    const std::string kind = file.extension().string();
    if (kind != ".csv" && kind != ".xlsx" && kind != ".ndjson")
        return fail(exit_usage,
                    fmt::format("{}: got a file of kind '{}', want .csv, .xlsx or .ndjson", file.string(), kind));
    const auto table = files::read_all(file, paper::sheet_bytes_max);
    if (!table) return fail_file(table.error());
    json::object request{{"cmd", "import"},
                         {"format", kind.substr(1)},
                         {"table", base64_encode(as_bytes(*table))},
                         {"dry_run", args.has("--dry-run")}};
    add_people(context, request);
    for (const char* name : {"org", "site", "tz"})
        if (const std::string flag = fmt::format("--{}", name); args.has(flag)) request[name] = args.value(flag);
    return ask_collector(context, json::serialize(request), report_text);
}

int run_document(const Context& context) {
    const Args& args = context.args;
    if (args.words.size() != 3 || args.words[1] != "add" || !args.has("--device") || !args.has("--kind"))
        return fail(exit_usage, "want: document add FILE --device ID --kind KIND [--title TEXT]");
    const auto bytes = files::read_all(args.words[2], paper::document_bytes_max);
    if (!bytes) return fail_file(bytes.error());
    json::object request{{"cmd", "document"},
                         {"content", base64_encode(as_bytes(*bytes))},
                         {"device", args.value("--device")},
                         {"kind", args.value("--kind")}};
    if (args.has("--title")) request["title"] = args.value("--title");
    add_people(context, request);
    return ask_collector(context, json::serialize(request), document_text);
}

int run_paper(const Context& context) {
    const Args& args = context.args;
    if (args.words.size() != 5 || args.words[1] != "file" || !args.has("--reason"))
        return fail(exit_usage, "want: paper file KIND ID FILE.json --reason TEXT; times in the file are RFC 3339");
    const auto text = files::read_all(args.words[4]);
    if (!text) return fail_file(text.error());
    json::error_code fault;
    json::value body = json::parse(*text, fault);
    if (fault || !body.is_object()) return fail(exit_bad_data, args.words[4] + ": want one JSON object");
    json::object request{{"cmd", "paper"},
                         {"kind", args.words[2]},
                         {"id", args.words[3]},
                         {"body", std::move(body)},
                         {"reason", args.value("--reason")}};
    add_people(context, request);
    return ask_collector(context, json::serialize(request), filed_text);
}

}  // namespace gantry::cli
