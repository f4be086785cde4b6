#include <fmt/format.h>

#include "common/io/clock.hpp"
#include "server/domain/paper/document_type.hpp"
#include "server/http/api.hpp"
#include "server/http/body_reader.hpp"
#include "server/http/document_filing.hpp"
#include "server/http/table_import.hpp"

// What takes its time: tables and documents. On a thread that may wait for the disk and for commits.
namespace gantry::http {
namespace {

constexpr std::size_t title_bytes_max = 512;  // 128 characters of four bytes
constexpr std::size_t place_bytes_max = 64;

TableFormat format_of(const RequestHead& head) {
    const std::string* type = head.header("content-type");
    const std::string_view text = type ? std::string_view{*type} : std::string_view{};
    return text.starts_with("text/csv")               ? TableFormat::csv
           : text.starts_with("application/x-ndjson") ? TableFormat::ndjson
                                                      : TableFormat::xlsx;
}

// A person's words as a parameter: 1 to bytes_max bytes of valid UTF-8 without control characters; absent: empty.
Checked<std::string> words(const Params& params, std::string_view name, std::size_t bytes_max) {
    const std::string* text = params.find(name);
    if (!text) return Checked<std::string>{boost::system::in_place_value};
    if (text->empty() || text->size() > bytes_max)
        return bad_parameter(name, fmt::format("got {} bytes, want 1 to {}", text->size(), bytes_max));
    for (const char c : *text)
        if (static_cast<unsigned char>(c) < 0x20) return bad_parameter(name, "want no control characters");
    return Checked<std::string>{boost::system::in_place_value, *text};
}

Checked<Role> role_of(const Params& params) {
    const std::string* text = params.find("role");
    if (!text) return Role::hm;
    const auto role = role_from(*text);
    if (!role)
        return bad_parameter(
            "role", fmt::format("got \"{}\", want HM, RAD, SVC, QMP, REG-H, REG-E, REG-D or MFR", text->substr(0, 16)));
    return *role;
}

}  // namespace

Answer Api::job(RouteId route, const Request& request, store::StoreReader& reader, Commands& commands) {
    return route == RouteId::import_devices ? import_devices(request, reader, commands)
                                            : add_document(request, reader, commands);
}

Answer Api::import_devices(const Request& request, store::StoreReader& reader, Commands& commands) {
    const auto params = Params::of(request, {"dry_run", "actor", "role", "org", "site", "tz"});
    if (!params) return params.error();
    const auto dry_run = params->flag("dry_run");
    if (!dry_run) return dry_run.error();
    ImportOrder order{.format = format_of(request.head), .table = request.body, .dry_run = dry_run->value_or(false)};
    for (const auto& [name, bytes_max, member] :
         {std::tuple{"actor", actor_bytes_max, &order.by.actor}, std::tuple{"org", place_bytes_max, &order.org},
          std::tuple{"site", place_bytes_max, &order.site}, std::tuple{"tz", place_bytes_max, &order.tz}}) {
        auto text = words(*params, name, bytes_max);
        if (!text) return text.error();
        *member = std::move(*text);
    }
    const auto role = role_of(*params);
    if (!role) return role.error();
    order.by.role = *role;
    if (!order.dry_run && order.by.actor.empty())
        return bad_parameter("actor", "got nothing, want who declares it, or dry_run=true");
    auto report = import_table(reader, commands, config_, order, clock::utc_ms());
    if (!report) {
        Problem problem = problem_from(report.error());
        if (report.error().code == Errc::malformed) problem.code = "invalid";  // the request is fine, its table is not
        return problem;
    }
    return json_answer(std::move(*report));
}

Answer Api::add_document(const Request& request, store::StoreReader& reader, Commands& commands) {
    const auto params = Params::of(request, {"device", "kind", "title", "at", "actor", "role"});
    if (!params) return params.error();
    if (!config_.documents) return Problem{.code = "unavailable", .detail = "documents: this server keeps none"};
    DocumentOrder order{.bytes = request.body};
    for (const auto& [name, bytes_max, member] :
         {std::tuple{"device", place_bytes_max, &order.device}, std::tuple{"kind", place_bytes_max, &order.kind},
          std::tuple{"title", title_bytes_max, &order.title}, std::tuple{"actor", actor_bytes_max, &order.actor}}) {
        auto text = words(*params, name, bytes_max);
        if (!text) return text.error();
        *member = std::move(*text);
    }
    if (order.device.empty() != order.kind.empty())
        return bad_parameter(order.device.empty() ? "device" : "kind", "got one of device and kind, want both or none");
    if (!order.device.empty() && order.actor.empty())
        return bad_parameter("actor", "got nothing, want who puts it on file");
    const auto at = params->time("at");
    if (!at) return at.error();
    const std::int64_t now = clock::utc_ms();
    if (*at && **at > now + clock_slack_ms)
        return bad_parameter("at", fmt::format("got {}, want not later than now, {}", time_text(**at), time_text(now)));
    order.at_ms = *at;
    const auto role = role_of(*params);
    if (!role) return role.error();
    order.role = *role;
    order.reason = order.title.empty() ? "document put on file" : "document put on file: " + order.title;
    const auto kept =
        keep_document(reader, *config_.documents, commands, *config_.papers, order, now, config_.limits.commit_wait);
    if (!kept) return kept.error();
    return json_answer(kept_document_json(*kept), kept->is_new ? 201 : 200);
}

Answer Api::document(const Request& request) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const std::string& hex = request.path_values.at(0);
    const auto hash = hash_from_hex(hex);
    if (!hash) return bad_parameter("sha256", "want 64 lower-case hexadecimal digits");
    if (!config_.documents) return Problem{.code = "not_found", .detail = "document: not kept here"};
    auto bytes = config_.documents->get(*hash, paper::document_bytes_max);
    if (!bytes) return Problem{.code = "internal", .detail = bytes.error().message};
    if (!*bytes) return Problem{.code = "not_found", .detail = fmt::format("document {}: not kept here", hex)};
    const auto type = paper::document_type(as_bytes(**bytes));
    Response response{200,
                      std::string{type ? type->media_type : "application/octet-stream"},
                      make_body(std::move(**bytes)),
                      {},
                      false};
    if (response.content_type == "text/plain") response.content_type += "; charset=utf-8";
    response.with("Content-Disposition",
                  fmt::format("attachment; filename=\"{}{}\"", hex.substr(0, 16), type ? type->extension : ""));
    return response;
}

}  // namespace gantry::http
