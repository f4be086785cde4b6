#include "server/ingest/admin_commands.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <future>

#include "common/io/version.hpp"
#include "server/ingest/limits.hpp"

namespace gantry::ingest {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds answer_wait{30};
constexpr std::size_t reason_min = 10;  // characters; a reason that says nothing is none

std::string failure(std::string_view code, std::string_view message) {
    return json::serialize(json::object{{"ok", false}, {"code", code}, {"error", message}});
}
std::string failure(const Error& error) { return failure(name(error.code), error.message); }

std::string text_of(const json::object& request, std::string_view key) {
    const json::value* found = request.if_contains(key);
    return found && found->is_string() ? std::string{found->get_string().c_str()} : std::string{};
}

std::int64_t number_of(const json::object& request, std::string_view key) {
    const json::value* found = request.if_contains(key);
    return found && found->is_int64() ? found->get_int64() : 0;
}

template <class Answer>
std::optional<Answer> wait_for(std::future<Answer> future) {
    if (future.wait_for(answer_wait) != std::future_status::ready) return std::nullopt;
    return future.get();
}

std::string register_devices(Collector& collector, const json::object& request) {
    const json::value* devices = request.if_contains("devices");
    if (!devices || !devices->is_array()) return failure("malformed", "devices: want a list");
    if (devices->get_array().size() > register_devices_max)
        return failure("too_large", fmt::format("devices: got {}, want at most {}", devices->get_array().size(),
                                                register_devices_max));
    RegisterRequest order;
    for (std::size_t i = 0; i < devices->get_array().size(); ++i) {
        auto entry = parse_register_entry(json::serialize(devices->get_array()[i]));
        if (!entry) return failure(name(entry.error().code), fmt::format("devices[{}]: {}", i, entry.error().message));
        order.devices.push_back(std::move(*entry));
    }
    const auto promise = std::make_shared<std::promise<Result<RegisterOutcome>>>();
    order.done = [promise](Result<RegisterOutcome> outcome) { promise->set_value(std::move(outcome)); };
    auto future = promise->get_future();
    collector.submit(std::move(order));
    const auto outcome = wait_for(std::move(future));
    if (!outcome) return failure("unavailable", "no answer from the writer yet");
    if (!*outcome) return failure(outcome->error());
    return json::serialize(json::object{{"ok", true},
                                        {"added", (*outcome)->added},
                                        {"changed", (*outcome)->changed},
                                        {"unchanged", (*outcome)->unchanged}});
}

std::string commit(Collector& collector, Declaration declaration) {
    const auto promise = std::make_shared<std::promise<CommandResult>>();
    auto future = promise->get_future();
    collector.submit(DeclareRequest{std::move(declaration),
                                    [promise](CommandResult result) { promise->set_value(std::move(result)); }});
    const auto result = wait_for(std::move(future));
    if (!result) return failure("unavailable", "no answer from the writer yet");
    if (const auto* error = std::get_if<Error>(&*result)) return failure(*error);
    if (const auto* refused = std::get_if<Refused>(&*result)) {
        return json::serialize(json::object{{"ok", false},
                                            {"code", "guard"},
                                            {"error", refused->message()},
                                            {"guard", refused->guard},
                                            {"missing", refused->missing},
                                            {"who", refused->who}});
    }
    const auto& committed = std::get<Committed>(*result);
    return json::serialize(
        json::object{{"ok", true}, {"log_index", committed.log_index}, {"state", name(committed.state)}});
}

Result<Declaration> read_declaration(const json::object& request) {
    Declaration out;
    out.event = text_of(request, "event");
    out.subject = text_of(request, "device");
    out.actor = text_of(request, "actor");
    out.org = text_of(request, "org");
    out.reason = text_of(request, "reason");
    out.at_ms = number_of(request, "at_ms");
    const std::string role_text = text_of(request, "role");
    const auto role = role_from(role_text.empty() ? "HM" : role_text);
    if (!role)
        return Error{Errc::schema,
                     fmt::format("role: got {}, want HM, RAD, SVC, QMP, REG-H, REG-E, REG-D or MFR", role_text)};
    out.role = *role;
    if (out.actor.empty()) return Error{Errc::schema, "actor: want who declares it"};
    if (out.reason.size() < reason_min)
        return Error{Errc::schema,
                     fmt::format("reason: got {} characters, want at least {}", out.reason.size(), reason_min)};
    if (const json::value* data = request.if_contains("data")) {
        auto parsed = parse_data(json::serialize(*data));
        if (!parsed) return parsed.error();
        out.data = std::move(*parsed);
    }
    const json::value* evidence = request.if_contains("evidence");
    if (!evidence) return out;
    if (!evidence->is_array()) return Error{Errc::schema, "evidence: want a list"};
    for (const json::value& hash : evidence->get_array()) {
        if (!hash.is_string() || !hash_from_hex(hash.get_string().c_str()))
            return Error{Errc::schema, "evidence: want SHA-256 hashes of 64 lower-case hexadecimal digits"};
        out.evidence.emplace_back(hash.get_string().c_str());
    }
    return out;
}

std::string declare(Collector& collector, const json::object& request) {
    auto declaration = read_declaration(request);
    if (!declaration) return failure(declaration.error());
    if (declaration->event.empty()) return failure("schema", "event: want one");
    return commit(collector, std::move(*declaration));
}

std::string assign(Collector& collector, const json::object& request) {
    auto declaration = read_declaration(request);
    if (!declaration) return failure(declaration.error());
    declaration->event = unassigned_assigned;
    declaration->data = {{"device", declaration->subject}, {"log_index", number_of(request, "log_index")}};
    return commit(collector, std::move(*declaration));
}

std::string status(Collector& collector) {
    const Metrics& metrics = collector.metrics();
    return json::serialize(json::object{{"ok", true},
                                        {"version", version_text},
                                        {"collector_id", collector.id().text()},
                                        {"origin", collector.origin()},
                                        {"gen", collector.gen()},
                                        {"boot", to_hex(collector.boot())},
                                        {"log_size", metrics.log_size.load()},
                                        {"devices", metrics.devices.load()},
                                        {"records_committed", metrics.records_committed.load()},
                                        {"records_duplicate", metrics.records_duplicate.load()},
                                        {"inbox_dropped", metrics.inbox_dropped.load()},
                                        {"broker_connected", metrics.broker_connected.load() != 0},
                                        {"degraded", metrics.degraded.load() != 0},
                                        {"log_damaged", metrics.log_damaged.load() != 0}});
}

}  // namespace

std::string answer_admin(Collector& collector, std::string_view line) {
    boost::system::error_code fault;
    const json::value parsed = json::parse({line.data(), line.size()}, fault);
    if (fault || !parsed.is_object()) return failure("malformed", "want one JSON object a line");
    const json::object& request = parsed.get_object();
    const std::string command = text_of(request, "cmd");
    if (command == "register") return register_devices(collector, request);
    if (command == "declare") return declare(collector, request);
    if (command == "assign") return assign(collector, request);
    if (command == "status") return status(collector);
    return failure(
        "not_found",
        fmt::format("cmd: got {}, want register, declare, assign, import, document, paper or status", command));
}

}  // namespace gantry::ingest
