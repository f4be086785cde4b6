#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "server/domain/paper/filing.hpp"
#include "server/http/api.hpp"
#include "server/http/body_reader.hpp"
#include "server/http/device_view.hpp"
#include "server/http/paper_body.hpp"
#include "server/store/read_papers.hpp"

// Papers that people file: permits, tests, contracts, recalls, schedules, work orders.
namespace gantry::http {
namespace {

constexpr std::size_t versions_max = 200;  // of one paper in one answer, newest first

bool is_paper_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == ':' || c == '-';
    });
}

constexpr std::string_view id_wanted = "want 1 to 64 of A-Z a-z 0-9 . _ : -";

Problem unknown_kind(std::string_view kind, const Schema& schema) {
    std::string known;
    for (const auto& [name, type] : schema.types()) known += (known.empty() ? "" : ", ") + name;
    return {.code = "invalid",
            .detail = fmt::format("/kind: got {}, want one of {}", kind.substr(0, 64), known),
            .errors = {{"/kind", "enum", "want one of " + known}}};
}

void write_paper(JsonWriter& json, const store::PaperRow& row, const Schema& schema) {
    json.begin_object().field("kind", row.kind).field("id", row.id).field("log_index", row.leaf);
    json.field("filed_at", time_text(row.recv_ms)).field("actor", row.actor).field("role", row.role);
    json.field("reason", row.reason).field("withdrawn", row.body.empty());
    json.key("body").raw(paper_body_out(schema.find(row.kind), row.body)).end_object();
}

// A paper that names one device is part of that device's history.
std::string subject_of(const paper::PaperFiling& filing) {
    const auto subjects = paper::subjects_of(filing);
    if (!subjects) return {};
    std::string out;
    for (const paper::Subject& subject : *subjects) {
        if (subject.scope != paper::Scope::device) continue;
        if (!out.empty()) return {};
        out = subject.id;
    }
    return out;
}

}  // namespace

Checked<Declaration> Api::filing_of(const Request& request, std::int64_t now_ms) const {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    return paper_filing_of(request.body, *config_.papers, now_ms);
}

Checked<Declaration> paper_filing_of(const std::string& text, const Schema& papers, std::int64_t now_ms) {
    const auto object = parse_body(text);
    if (!object) return object.error();
    BodyReader body{*object};
    body.only({"kind", "id", "body", "at", "reason", "actor", "role", "evidence"});
    Declaration out;
    out.event = paper::filed_event;
    paper::PaperFiling filing{body.text("kind", 64), body.text("id", 64)};
    if (!filing.id.empty() && !is_paper_id(filing.id)) body.fault("id", "format", std::string{id_wanted});
    const boost::json::value* paper_body = body.member("body", true);
    if (paper_body && !paper_body->is_object()) body.fault("body", "type", "want an object");
    out.at_ms = body.time("at", now_ms, false);
    out.reason = body.text("reason", reason_bytes_max);
    out.actor = body.text("actor", actor_bytes_max);
    out.role = body.role(true);
    out.evidence = body.evidence();
    if (auto problem = body.problem()) return std::move(*problem);
    const EventType* type = papers.find(filing.kind);
    if (!type) return unknown_kind(filing.kind, papers);
    auto canonical = paper_body_in(papers, *type, paper_body->get_object());
    if (!canonical) return canonical.error();
    if (const auto checked = paper::check_filing(papers, filing.kind, filing.id, *canonical); !checked)
        return Problem{.code = "invalid", .detail = checked.error().message};
    filing.body = std::move(*canonical);
    out.subject = subject_of(filing);
    out.paper = std::move(filing);
    return out;
}

Checked<Declaration> Api::withdrawal_of(const Request& request, std::int64_t now_ms) const {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    paper::PaperFiling filing{request.path_values.at(0), request.path_values.at(1)};
    if (!config_.papers->find(filing.kind)) return unknown_kind(filing.kind, *config_.papers);
    if (!is_paper_id(filing.id)) return Problem{.code = "invalid", .detail = fmt::format("id: {}", id_wanted)};
    const auto object = parse_body(request.body);
    if (!object) return object.error();
    BodyReader body{*object};
    body.only({"at", "reason", "actor", "role"});
    Declaration out;
    out.event = paper::withdrawn_event;
    out.at_ms = body.time("at", now_ms, false);
    out.reason = body.text("reason", reason_bytes_max);
    out.actor = body.text("actor", actor_bytes_max);
    out.role = body.role(true);
    if (auto problem = body.problem()) return std::move(*problem);
    out.paper = std::move(filing);
    return out;
}

Answer Api::papers(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"limit", "cursor", "kind"});
    if (!params) return params.error();
    const auto limit = params->limit();
    if (!limit) return limit.error();
    const auto after = cursor(*params, "papers");
    if (!after) return after.error();
    const std::string* kind = params->find("kind");
    if (kind && !config_.papers->find(*kind)) return unknown_kind(*kind, *config_.papers);
    std::string after_kind, after_id;
    if (*after) {
        const std::size_t blank = (*after)->find(' ');  // kinds hold no blanks
        after_kind = (*after)->substr(0, blank);
        after_id = blank == std::string::npos ? "" : (*after)->substr(blank + 1);
    }
    auto rows = store::papers_page(reader, kind ? *kind : "", after_kind, after_id, *limit + 1);
    std::optional<std::string> next;
    if (rows.size() > *limit) {
        rows.resize(*limit);
        next = cursors_.encode("papers", rows.back().kind + " " + rows.back().id);
    }
    std::string items;
    JsonWriter json{items};
    json.begin_array();
    for (const store::PaperRow& row : rows) write_paper(json, row, *config_.papers);
    json.end_array();
    return page_answer(request, std::move(items), next);
}

Answer Api::paper(const Request& request, store::StoreReader& reader) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const std::string& kind = request.path_values.at(0);
    const std::string& id = request.path_values.at(1);
    const auto versions = store::paper_versions(reader, kind, id, versions_max);
    if (versions.empty())
        return Problem{.code = "not_found",
                       .detail = fmt::format("paper {} {}: not on file", kind.substr(0, 64), id.substr(0, 64))};
    std::string text;
    JsonWriter json{text};
    json.begin_object().field("kind", kind).field("id", id).key("versions").begin_array();
    for (const store::PaperRow& row : versions) write_paper(json, row, *config_.papers);
    json.end_array().end_object();
    return json_answer(std::move(text));
}

Answer Api::device_papers(const Request& request, store::StoreReader& reader) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto id = device_id_of(request.path_values.at(0));
    if (!id) return id.error();
    const store::StoreReader::Snapshot snapshot{reader};
    const auto device = reader.device(*id);
    if (!device)
        return Problem{.code = "not_found", .detail = fmt::format("device: got \"{}\", want a registered one", *id)};
    const Entry entry = parse_entry(device->row.entry);
    const auto rows = store::papers_of_device(reader, *id, entry.org, entry.site);
    std::string text;
    JsonWriter json{text};
    json.begin_object().key("items").begin_array();
    for (const store::PaperRow& row : rows) write_paper(json, row, *config_.papers);
    json.end_array().end_object();
    return json_answer(std::move(text));
}

}  // namespace gantry::http
