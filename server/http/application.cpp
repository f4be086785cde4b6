#include "server/http/application.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "common/io/clock.hpp"
#include "common/io/log.hpp"
#include "server/http/encode.hpp"

namespace gantry::http {
namespace {

constexpr std::int64_t retry_job_ms = 100;              // until the readers' queue has room
constexpr std::size_t job_answer_kept_max = 16 * 1024;  // with an Idempotency-Key, of which there may be 10,000

// "http://127.0.0.1:8080/x" is what proxies send (RFC 9112 3.2.2); its authority stands for Host then.
constexpr std::string_view absolute_scheme = "http://";

Response finished(const Answer& answer, const RequestHead& head) {
    return answer ? dress(*answer, head) : render(answer.error(), head);
}

template <class Handler>
Response guarded(const Request& request, Handler handler) {
    try {
        return finished(handler(), request.head);
    } catch (const sql::SqlBusy& failure) {
        log::warn("http: read took too long", {{"path", request.path}, {"error", failure.what()}});
        return render({.code = "busy", .detail = "the store did not answer in time", .retry_after_s = 2}, request.head);
    } catch (const std::exception& failure) {
        log::error("http: handler failed",
                   {{"path", request.path}, {"request_id", request.head.request_id}, {"error", failure.what()}});
        return render({.code = "internal", .detail = "see the log for this request_id"}, request.head);
    }
}

Response answer_command(const CommandResult& result, const RequestHead& head) {
    if (const auto* committed = std::get_if<Committed>(&result)) {
        std::string text;
        JsonWriter json{text};
        json.begin_object().field("log_index", committed->log_index);
        write_state(json, "state", committed->state);
        json.key("outstanding").begin_array();
        for (const Role role : committed->outstanding) json.value(name(role));
        json.end_array().key("overtakes").begin_array();
        for (const std::uint64_t leaf : committed->overtakes) json.value(leaf);
        json.end_array();
        json.end_object();
        return json_answer(std::move(text), 201);
    }
    if (const auto* refused = std::get_if<Refused>(&result)) return render(problem_from(*refused), head);
    return render(problem_from(std::get<Error>(result)), head);
}

constexpr std::string_view json_types[] = {"application/json"};
constexpr std::string_view table_types[] = {"text/csv", "application/x-ndjson",
                                            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"};
constexpr std::string_view document_types[] = {"application/pdf",
                                               "image/png",
                                               "image/jpeg",
                                               "text/csv",
                                               "text/plain",
                                               "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                                               "application/octet-stream"};
std::span<const std::string_view> types_of(Takes takes) {
    switch (takes) {
        case Takes::json:
            return json_types;
        case Takes::table:
            return table_types;
        case Takes::document:
            return document_types;
    }
    return json_types;
}

// UTF-8 is the only charset that is taken.
bool is_one_of(std::string_view content_type, std::span<const std::string_view> types) {
    std::string type;
    for (const char c : content_type)
        if (c != ' ' && c != '\t') type.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    return std::ranges::any_of(types, [&](std::string_view known) {
        if (!type.starts_with(known)) return false;
        const std::string_view rest = std::string_view{type}.substr(known.size());
        return rest.empty() || rest == ";charset=utf-8" || rest == ";charset=\"utf-8\"";
    });
}

}  // namespace

Application::Application(Api& api, HostGuard guard, ReaderPool& pool, Commands& commands, Post post, After after,
                         const HttpLimits& limits)
    : api_{api},
      guard_{std::move(guard)},
      pool_{pool},
      commands_{commands},
      post_{std::move(post)},
      after_{std::move(after)},
      limits_{limits},
      keys_{limits.idempotency_keys_max,
            std::chrono::duration_cast<std::chrono::milliseconds>(limits.idempotency_keep).count()} {}

Admitted Application::admit(RequestHead head, const BodyAhead& body) const {
    Admitted out;
    out.request.head = std::move(head);
    const RequestHead& kept = out.request.head;
    const auto refuse = [&](const Problem& problem) -> Admitted& {
        out.refusal = render(problem, kept);
        return out;
    };
    if (const auto problem = guard_.check(kept)) return std::move(refuse(*problem));

    std::string_view target = kept.target;
    if (target.starts_with(absolute_scheme)) {
        const std::size_t slash = std::min(target.find('/', absolute_scheme.size()), target.size());
        const auto authority = parse_authority(target.substr(absolute_scheme.size(), slash - absolute_scheme.size()));
        if (!authority || !guard_.is_ours(*authority))
            return std::move(
                refuse({.code = "foreign_host", .detail = "target: got another server's address, want this one's"}));
        target = slash < target.size() ? target.substr(slash) : std::string_view{"/"};
    }
    auto parsed = parse_target(target);
    if (!parsed) return std::move(refuse({.code = "bad_request", .detail = parsed.error().message}));
    Match match = match_route(kept.method, parsed->path);
    if (match.found == Found::no_path)
        return std::move(
            refuse({.code = "not_found", .detail = fmt::format("path: got \"{}\"", parsed->path.substr(0, 100))}));
    if (match.found == Found::no_method)
        return std::move(refuse({.code = "method",
                                 .detail = fmt::format("got {}, want {}", kept.method_text.substr(0, 20), match.allow),
                                 .allow = match.allow}));
    if (match.route->work == Work::stream && kept.method == Method::head)
        return std::move(
            refuse({.code = "method", .detail = "got HEAD, want GET: a stream has no end", .allow = "GET"}));
    if (const auto problem = check_body(kept, *match.route, body)) return std::move(refuse(*problem));
    out.route = match.route;
    out.request.path = std::move(parsed->path);
    out.request.query = std::move(parsed->query);
    out.request.path_values = std::move(match.values);
    return out;
}

std::size_t Application::body_bytes_max(const Route& route) const {
    return route.takes == Takes::table      ? limits_.table_bytes_max
           : route.takes == Takes::document ? limits_.document_bytes_max
                                            : limits_.body_bytes_max;
}

std::optional<Problem> Application::check_body(const RequestHead& head, const Route& route,
                                               const BodyAhead& body) const {
    const std::string* accept = head.header("accept");
    if (accept && route.produces != "*/*" && !accepts(*accept, route.produces) &&
        !accepts(*accept, "application/problem+json"))
        return Problem{.code = "not_acceptable",
                       .detail = fmt::format("Accept: got \"{}\", want {}", accept->substr(0, 80), route.produces)};
    if (const std::string* expect = head.header("expect");
        expect && *expect != "100-continue" && *expect != "100-Continue")
        return Problem{.code = "expectation", .detail = "Expect: want 100-continue"};
    if (route.method != Method::post) {
        if (body.any()) return Problem{.code = "bad_request", .detail = "body: got one, want none with this method"};
        return std::nullopt;
    }
    const std::string* type = head.header("content-type");
    const auto types = types_of(route.takes);
    if (!type || !is_one_of(*type, types) || head.count("content-type") != 1)
        return Problem{.code = "media_type",
                       .detail = fmt::format("Content-Type: got \"{}\", want {}", type ? type->substr(0, 80) : "",
                                             fmt::join(types, " or "))};
    // No compressed input: nothing here can be blown up by unpacking.
    if (head.count("content-encoding") > 0)
        return Problem{.code = "media_type", .detail = "Content-Encoding: got one, want none"};
    if (body.length && *body.length > body_bytes_max(route))
        return Problem{
            .code = "too_large",
            .detail = fmt::format("Content-Length: got {}, want at most {}", *body.length, body_bytes_max(route))};
    if (const std::string* key = head.header("idempotency-key");
        key && (!is_token(*key) || head.count("idempotency-key") != 1))
        return Problem{.code = "bad_key", .detail = "Idempotency-Key: want 1 to 64 of A-Z a-z 0-9 . _ -, once"};
    return std::nullopt;
}

void Application::handle(const Route& route, Request request, Done done) {
    auto shared = std::make_shared<const Request>(std::move(request));
    switch (route.work) {
        case Work::memory:
            return done(finished(api_.memory(route.id, *shared), shared->head));
        case Work::reader:
            return read(route.id, std::move(shared), std::move(done));
        case Work::command:
        case Work::job:
            return command(route, std::move(shared), std::move(done));
        case Work::stream:
            break;
    }
    done(render({.code = "internal", .detail = "this route streams"}, shared->head));
}

void Application::read(RouteId route, std::shared_ptr<const Request> request, Done done) {
    const bool posted = pool_.try_post([this, route, request, done](store::StoreReader& reader) {
        auto response =
            std::make_shared<Response>(guarded(*request, [&] { return api_.read(route, *request, reader); }));
        post_([done, response] { done(std::move(*response)); });
    });
    if (!posted)
        done(render({.code = "busy", .detail = "too many requests wait for the store", .retry_after_s = 1},
                    request->head));
}

void Application::command(const Route& route, std::shared_ptr<const Request> request, Done done) {
    const std::string* key = request->head.header("idempotency-key");
    if (!key) return run_command(route, request, {}, std::move(done));

    Sha256 hash;
    for (const std::string_view part :
         {std::string_view{request->head.method_text}, std::string_view{" "}, std::string_view{request->head.target},
          std::string_view{"\n"}, std::string_view{request->body}})
        hash.update(as_bytes(part));
    const auto begun = keys_.begin(*key, hash.finish(), clock::monotonic_ms());
    switch (begun.seen) {
        case IdempotencyKeys::Seen::fresh:
            return run_command(route, request, *key, std::move(done));
        case IdempotencyKeys::Seen::answered:
            return done(*begun.answer);
        case IdempotencyKeys::Seen::in_flight:
            return done(render({.code = "in_flight",
                                .detail = "the first request with this key has no answer yet",
                                .retry_after_s = 1},
                               request->head));
        case IdempotencyKeys::Seen::other:
            return done(render(
                {.code = "key_reused", .detail = "Idempotency-Key: got one of a request with another body or address"},
                request->head));
        case IdempotencyKeys::Seen::full:
            return done(render({.code = "busy", .detail = "too many commands are under way", .retry_after_s = 1},
                               request->head));
    }
}

void Application::run_command(const Route& route, const std::shared_ptr<const Request>& request, const std::string& key,
                              Done done) {
    if (route.work == Work::job) return run_job(route.id, request, key, std::move(done));
    const auto refuse = [&](const Problem& problem) {
        Response response = render(problem, request->head);
        if (!key.empty()) keys_.finish(key, response);
        done(std::move(response));
    };
    if (route.id == RouteId::assign) {
        auto assignment = Api::assignment_of(*request);
        if (!assignment) return refuse(assignment.error());
        return commands_.assign(std::move(*assignment), answer_of(request, key, std::move(done)));
    }
    const std::int64_t now_ms = clock::utc_ms();
    auto declaration = route.id == RouteId::file_paper       ? api_.filing_of(*request, now_ms)
                       : route.id == RouteId::withdraw_paper ? api_.withdrawal_of(*request, now_ms)
                                                             : Api::declaration_of(*request, now_ms);
    if (!declaration) return refuse(declaration.error());
    commands_.declare(std::move(*declaration), answer_of(request, key, std::move(done)));
}

void Application::run_job(RouteId route, const std::shared_ptr<const Request>& request, const std::string& key,
                          Done done) {
    if (jobs_.size() >= limits_.jobs_max) {
        if (!key.empty()) keys_.forget(key);
        return done(
            render({.code = "busy", .detail = "too many imports and documents are under way", .retry_after_s = 1},
                   request->head));
    }
    jobs_.push_back([this, route, request, key, done](store::StoreReader& reader) {
        auto response =
            std::make_shared<Response>(guarded(*request, [&] { return api_.job(route, *request, reader, commands_); }));
        post_([this, response, key, done] {
            // A long answer is not kept: the same table or file again changes nothing anyway.
            const bool keep = response->status < 500 && response->body && response->body->size() <= job_answer_kept_max;
            if (!key.empty() && keep) keys_.finish(key, *response);
            if (!key.empty() && !keep) keys_.forget(key);
            api_.fleet().expire();
            jobs_.pop_front();
            start_job();
            done(std::move(*response));
        });
    });
    if (jobs_.size() == 1) start_job();
}

// One at a time, so that a reader stays free for the pages. The queue of readers is long; should it be full, the job
// waits for the next moment.
void Application::start_job() {
    if (jobs_.empty() || pool_.try_post(jobs_.front())) return;
    after_(retry_job_ms, [this] { start_job(); });
}

CommandDone Application::answer_of(const std::shared_ptr<const Request>& request, const std::string& key, Done done) {
    auto answered = std::make_shared<bool>(false);  // touched on the network thread only
    after_(limits_.commit_wait.count(), [answered, request, done] {
        if (std::exchange(*answered, true)) return;
        done(render({.code = "commit_wait",
                     .detail = "it may still be committed: ask again with the same Idempotency-Key",
                     .retry_after_s = 5},
                    request->head));
    });
    const Post post = post_;
    return [this, post, answered, request, key, done](CommandResult result) {
        post([this, answered, request, key, done, result = std::move(result)] {
            Response response = answer_command(result, request->head);
            if (std::holds_alternative<Committed>(result)) api_.fleet().expire();  // who writes reads what was written
            if (!key.empty() && response.status < 500) keys_.finish(key, response);
            if (!key.empty() && response.status >= 500) keys_.forget(key);
            if (!std::exchange(*answered, true)) done(std::move(response));
        });
    };
}

}  // namespace gantry::http
