#include "server/cli/context.hpp"

#include <boost/json.hpp>
#include <cstdio>

#include "common/io/unix_socket.hpp"

namespace gantry::cli {
namespace {

constexpr std::chrono::seconds answer_wait{60};
constexpr std::size_t answer_bytes_max = 16 * 1024 * 1024;  // what became of 10,000 rows

}  // namespace

int fail(int code, std::string_view message) {
    std::fprintf(stderr, "gantry: %.*s\n", static_cast<int>(message.size()), message.data());
    return code;
}

int fail(const Error& error) {
    switch (error.code) {
        case Errc::unavailable:
        case Errc::not_found:
            return fail(exit_unavailable, error.message);
        case Errc::malformed:
        case Errc::schema:
        case Errc::too_large:
            return fail(exit_bad_data, error.message);
        case Errc::io:
            return fail(exit_io, error.message);
        default:
            return fail(exit_failed, error.message);
    }
}

int ask_collector(const Context& context, std::string_view request_json, AnswerText text) {
    const auto answer = unix_socket::ask(context.admin_socket(), request_json, answer_wait, answer_bytes_max);
    if (!answer)
        return fail(exit_unavailable, "no collector runs on " + context.state.string() + ": " + answer.error().message);
    boost::system::error_code fault;
    const boost::json::value parsed = boost::json::parse(*answer, fault);
    const bool is_object = !fault && parsed.is_object();
    const boost::json::value* ok = is_object ? parsed.get_object().if_contains("ok") : nullptr;
    if (!ok || !ok->is_bool()) return fail(exit_failed, "the collector's answer makes no sense: " + *answer);
    if (context.json) std::printf("%s\n", answer->c_str());
    if (ok->get_bool()) {
        if (!context.json) std::printf("%s\n", text(*answer).c_str());
        return exit_ok;
    }
    const auto member = [&](const char* key) {
        const boost::json::value* found = parsed.get_object().if_contains(key);
        return found && found->is_string() ? std::string{found->get_string().c_str()} : std::string{};
    };
    const std::string code = member("code");
    const bool bad_data = code == "malformed" || code == "schema" || code == "too_large" || code == "invalid" ||
                          code == "document_type" || code == "bad_parameter";
    return fail(code == "unavailable" ? exit_unavailable : bad_data ? exit_bad_data : exit_failed, member("error"));
}

}  // namespace gantry::cli
