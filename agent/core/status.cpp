#include "agent/core/status.hpp"

#include <filesystem>

#include "common/core/json.hpp"
#include "common/io/sqlite.hpp"
#include "common/io/unix_socket.hpp"

namespace gantry::agent {
namespace {

std::string from_outbox(const AgentSettings& settings) {
    auto db = sql::open_reader(settings.outbox_file());
    sql::Query<EpochId, std::uint64_t, std::uint64_t> tip{
        db, "SELECT id, last_seq, acked FROM epoch ORDER BY n DESC LIMIT 1"};
    sql::Query<std::int64_t, std::int64_t> sums{
        db,
        "SELECT coalesce(sum(iif(dead, 0, last_seq - acked)), 0), coalesce(sum(max(0, iif(dead, last_seq, acked) - "
        "pruned)), 0) FROM epoch"};
    const auto current = tip.first();
    const auto [pending, tail] = sums.first().value();
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("device", settings.device.text()).key("epoch");
    if (current)
        json.value(to_hex(std::get<0>(*current)));
    else
        json.null();
    json.field("last_seq", current ? std::get<1>(*current) : 0).field("acked_seq", current ? std::get<2>(*current) : 0);
    json.field("pending", pending).field("tail", tail).field("connected", false).field("refused", 0).end_object();
    return out;
}

}  // namespace

Result<std::string> read_status(const AgentSettings& settings) {
    constexpr std::chrono::seconds limit{5};
    if (auto answer = unix_socket::ask(settings.intake_socket, R"({"query":"status"})", limit)) return answer;
    std::error_code ignored;
    if (!std::filesystem::exists(settings.outbox_file(), ignored))
        return Error{Errc::not_found, "no agent answers at " + settings.intake_socket.string() + " and there is no " +
                                          settings.outbox_file().string()};
    return from_outbox(settings);
}

std::string status_text(std::string_view json) {
    std::string out;
    JsonCursor cursor{json};
    std::string_view key, value;
    cursor.enter_object();
    while (cursor.next_key(key)) {
        cursor.skip(&value);
        if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
        std::string line{key};
        line.resize(12, ' ');
        out += (out.empty() ? "" : "\n") + line + std::string{value};
    }
    return out;
}

}  // namespace gantry::agent
