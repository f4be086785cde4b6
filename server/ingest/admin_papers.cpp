#include "server/ingest/admin_papers.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "common/io/clock.hpp"
#include "server/http/document_filing.hpp"
#include "server/http/paper_body.hpp"
#include "server/http/table_import.hpp"

namespace gantry::ingest {
namespace {

namespace json = boost::json;

std::string failure(std::string_view code, std::string_view message) {
    return json::serialize(json::object{{"ok", false}, {"code", code}, {"error", message}});
}
std::string failure(const Error& error) { return failure(name(error.code), error.message); }
std::string failure(const http::Problem& problem) { return failure(problem.code, problem.detail); }

std::string text_of(const json::object& request, std::string_view key) {
    const json::value* found = request.if_contains(key);
    return found && found->is_string() ? std::string{std::string_view{found->get_string()}} : std::string{};
}

Result<Role> role_of(const json::object& request) {
    const std::string text = text_of(request, "role");
    const auto role = role_from(text.empty() ? "HM" : text);
    if (role) return *role;
    return Error{Errc::schema, fmt::format("role: got {}, want HM, RAD, SVC, QMP, REG-H, REG-E, REG-D or MFR", text)};
}

}  // namespace

std::optional<std::string> AdminPapers::answer(std::string_view line) const {
    json::error_code fault;
    const json::value parsed = json::parse({line.data(), line.size()}, fault);
    if (fault || !parsed.is_object()) return std::nullopt;
    const json::object& request = parsed.get_object();
    const std::string command = text_of(request, "cmd");
    if (command == "import") return import(request);
    if (command == "document") return document(request);
    if (command == "paper") return paper(request);
    return std::nullopt;
}

std::string AdminPapers::import(const json::object& request) const {
    const std::string format = text_of(request, "format");
    const auto table = base64_decode(text_of(request, "table"));
    if (!table) return failure(table.error());
    const auto role = role_of(request);
    if (!role) return failure(role.error());
    const json::value* dry_run = request.if_contains("dry_run");
    const http::ImportOrder order{.format = format == "xlsx"     ? http::TableFormat::xlsx
                                            : format == "ndjson" ? http::TableFormat::ndjson
                                                                 : http::TableFormat::csv,
                                  .table = as_text(ByteView{*table}),
                                  .dry_run = dry_run && dry_run->is_bool() && dry_run->get_bool(),
                                  .org = text_of(request, "org"),
                                  .site = text_of(request, "site"),
                                  .tz = text_of(request, "tz"),
                                  .by = {text_of(request, "actor"), *role}};
    if (order.by.actor.empty()) return failure("schema", "actor: want who declares it");
    store::StoreReader reader{config_.database};
    const auto report = http::import_table(reader, commands_, config_, order, clock::utc_ms());
    if (!report) return failure(report.error());
    return fmt::format(R"({{"ok":true,"report":{}}})", *report);
}

std::string AdminPapers::document(const json::object& request) const {
    const auto bytes = base64_decode(text_of(request, "content"));
    if (!bytes) return failure(bytes.error());
    const auto role = role_of(request);
    if (!role) return failure(role.error());
    const http::DocumentOrder order{.bytes = as_text(ByteView{*bytes}),
                                    .device = text_of(request, "device"),
                                    .kind = text_of(request, "kind"),
                                    .title = text_of(request, "title"),
                                    .at_ms = {},
                                    .actor = text_of(request, "actor"),
                                    .role = *role,
                                    .reason = "document put on file"};
    if (order.device.empty() || order.kind.empty()) return failure("schema", "document: want a device and a kind");
    if (order.actor.empty()) return failure("schema", "actor: want who puts it on file");
    store::StoreReader reader{config_.database};
    const auto kept = http::keep_document(reader, *config_.documents, commands_, *config_.papers, order,
                                          clock::utc_ms(), config_.limits.commit_wait);
    if (!kept) return failure(kept.error());
    return fmt::format(R"({{"ok":true,"document":{}}})", http::kept_document_json(*kept));
}

std::string AdminPapers::paper(const json::object& request) const {
    json::object filing;
    for (const char* member : {"kind", "id", "body", "reason", "actor", "role"})
        if (const json::value* found = request.if_contains(member)) filing[member] = *found;
    if (!filing.contains("role")) filing["role"] = "HM";
    auto declaration = http::paper_filing_of(json::serialize(filing), *config_.papers, clock::utc_ms());
    if (!declaration) return failure(declaration.error());
    const auto result = http::declare_and_wait(commands_, std::move(*declaration), config_.limits.commit_wait);
    if (const auto* refused = std::get_if<Refused>(&result)) return failure("guard", refused->message());
    if (const auto* error = std::get_if<Error>(&result)) return failure(*error);
    const auto& committed = std::get<http::Committed>(result);
    return json::serialize(
        json::object{{"ok", true}, {"log_index", committed.log_index}, {"state", name(committed.state)}});
}

}  // namespace gantry::ingest
