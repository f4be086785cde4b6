#include "server/http/document_filing.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <future>

#include "common/core/json.hpp"
#include "server/domain/paper/document_type.hpp"
#include "server/domain/paper/filing.hpp"
#include "server/http/device_view.hpp"
#include "server/store/read_papers.hpp"

namespace gantry::http {
namespace {

namespace bj = boost::json;

// One paper for one device, kind and file: told by what it is about, so that a second attempt finds the first.
std::string paper_id(const DocumentOrder& order, const std::string& sha) {
    const std::string about = order.device + "\n" + order.kind + "\n" + sha;
    return "doc-" + to_hex(sha256(as_bytes(about))).substr(0, 32);
}

std::string body_of(const DocumentOrder& order, const std::string& sha, std::int64_t at_ms) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("at", at_ms).field("device", order.device).field("kind", order.kind).field("sha256", sha);
    if (!order.title.empty()) json.field("title", order.title);
    json.end_object();
    return out;
}

// Whether the paper in force says what this order says; a date that the order leaves open contradicts none.
bool says_the_same(const std::string& stored, const DocumentOrder& order, const std::string& sha) {
    bj::error_code error;
    const bj::value body = bj::parse(stored, error);
    if (error || !body.is_object()) return false;
    const bj::value* at = body.get_object().if_contains("at");
    return at && at->is_int64() && stored == body_of(order, sha, order.at_ms.value_or(at->get_int64()));
}

}  // namespace

CommandResult declare_and_wait(Commands& commands, Declaration declaration, std::chrono::milliseconds commit_wait) {
    const auto promise = std::make_shared<std::promise<CommandResult>>();
    auto future = promise->get_future();
    commands.declare(std::move(declaration),
                     [promise](CommandResult result) { promise->set_value(std::move(result)); });
    if (future.wait_for(commit_wait) != std::future_status::ready)
        return Error{Errc::unavailable, "no answer from the writer yet: it may still be committed"};
    return future.get();
}

Checked<KeptDocument> keep_document(store::StoreReader& reader, store::DocumentFolder& folder, Commands& commands,
                                    const Schema& papers, const DocumentOrder& order, std::int64_t now_ms,
                                    std::chrono::milliseconds commit_wait) {
    if (order.bytes.size() > paper::document_bytes_max)
        return Problem{.code = "too_large",
                       .detail = fmt::format("document: got {} bytes, want at most {}", order.bytes.size(),
                                             paper::document_bytes_max)};
    const auto type = paper::document_type(as_bytes(order.bytes));
    if (!type) return Problem{.code = "document_type", .detail = fmt::format("document: {}", paper::documents_wanted)};
    if (!order.device.empty() && !reader.device(order.device))
        return Problem{.code = "not_found",
                       .detail = fmt::format("device: got \"{}\", want a registered one", order.device)};
    // Looked at before the file is kept: what may not be filed leaves nothing behind.
    const std::string sha = to_hex(sha256(as_bytes(order.bytes)));
    KeptDocument out{
        .sha256 = sha, .size = order.bytes.size(), .media_type = type->media_type, .log_index = {}, .paper = {}};
    Declaration filing;
    if (!order.device.empty()) {
        out.paper = paper_id(order, sha);
        auto body =
            paper::canonical_filing(papers, "document", out.paper, body_of(order, sha, order.at_ms.value_or(now_ms)));
        if (!body) return Problem{.code = "invalid", .detail = body.error().message};
        filing.event = paper::filed_event;
        filing.subject = order.device;
        filing.actor = order.actor;
        filing.role = order.role;
        filing.reason = order.reason;
        filing.evidence = {sha};
        filing.paper = paper::PaperFiling{"document", out.paper, std::move(*body)};
    }
    if (auto kept = folder.put(as_bytes(order.bytes)); !kept) return problem_from(kept.error());
    if (order.device.empty()) return out;
    if (const auto before = store::paper_versions(reader, "document", out.paper, 1);
        !before.empty() && says_the_same(before.front().body, order, sha)) {
        out.log_index = before.front().leaf;
        out.is_new = false;
        return out;
    }
    const CommandResult result = declare_and_wait(commands, std::move(filing), commit_wait);
    if (const auto* refused = std::get_if<Refused>(&result)) return problem_from(*refused);
    if (const auto* error = std::get_if<Error>(&result)) return problem_from(*error);
    out.log_index = std::get<Committed>(result).log_index;
    return out;
}

std::string kept_document_json(const KeptDocument& kept) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("sha256", kept.sha256).field("size", static_cast<std::uint64_t>(kept.size));
    json.field("type", kept.media_type).key("log_index");
    if (kept.log_index)
        json.value(*kept.log_index);
    else
        json.null();
    write_optional(json, "paper", kept.paper);
    json.end_object();
    return out;
}

}  // namespace gantry::http
