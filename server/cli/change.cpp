#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <charconv>

#include "common/io/files.hpp"
#include "server/cli/context.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/register_entry.hpp"

// Commands that change something: all go to the running collector, which alone writes.
namespace gantry::cli {
namespace {

namespace json = boost::json;

std::int64_t number_of(std::string_view answer, const char* key) {
    const json::value parsed = json::parse({answer.data(), answer.size()});
    const json::value* found = parsed.get_object().if_contains(key);
    return found && found->is_int64() ? found->get_int64() : 0;
}

std::string registered_text(std::string_view answer) {
    return fmt::format("{} added, {} changed, {} as before", number_of(answer, "added"), number_of(answer, "changed"),
                       number_of(answer, "unchanged"));
}

std::string committed_text(std::string_view answer) {
    const json::value parsed = json::parse({answer.data(), answer.size()});
    return fmt::format("log index {}, state {}", number_of(answer, "log_index"),
                       parsed.at("state").get_string().c_str());
}

// One JSON object a line; the line number goes into each message.
Result<json::array> read_entries(const std::string& path) {
    const auto text = files::read_all(path, ingest::admin_line_bytes_max);
    if (!text) return text.error();
    json::array out;
    std::size_t line_no = 0;
    for (std::size_t at = 0; at < text->size();) {
        const std::size_t end = std::min(text->find('\n', at), text->size());
        const std::string_view line = std::string_view{*text}.substr(at, end - at);
        at = end + 1;
        ++line_no;
        if (line.empty()) continue;
        if (auto entry = ingest::parse_register_entry(line); !entry)
            return Error{entry.error().code, fmt::format("{}:{}: {}", path, line_no, entry.error().message)};
        out.push_back(json::parse({line.data(), line.size()}));
    }
    if (out.empty()) return Error{Errc::malformed, fmt::format("{}: got no device, want one JSON object a line", path)};
    return out;
}

Result<json::array> entry_of_flags(const Args& args) {
    json::object entry{{"id", args.words[2]}};
    if (args.has("--record-key")) entry["record_key"] = args.value("--record-key");
    for (const char* name : {"name", "maker", "model", "serial", "udi", "modality", "org", "site", "tz"})
        if (const std::string flag = fmt::format("--{}", name); args.has(flag)) entry[name] = args.value(flag);
    if (auto parsed = ingest::parse_register_entry(json::serialize(entry)); !parsed) return parsed.error();
    return json::array{entry};
}

}  // namespace

std::string actor_of(const Context& context) {
    if (context.args.has("--actor")) return context.args.value("--actor");
    const passwd* entry = getpwuid(geteuid());
    return entry ? std::string{entry->pw_name} : fmt::format("uid {}", geteuid());
}

int run_register(const Context& context) {
    const Args& args = context.args;
    const bool from_file = args.has("--from");
    const bool one = args.words.size() == 3 && args.words[1] == "device";
    if (from_file == one)
        return fail(exit_usage, "want: register device ID [--record-key HEX] [--maker …], or register --from FILE");
    const auto entries = from_file ? read_entries(args.value("--from")) : entry_of_flags(args);
    if (!entries)
        return entries.error().code == Errc::not_found ? fail(exit_io, entries.error().message) : fail(entries.error());
    return ask_collector(context, json::serialize(json::object{{"cmd", "register"}, {"devices", *entries}}),
                         registered_text);
}

int run_declare(const Context& context) {
    const Args& args = context.args;
    if (args.words.size() != 3 || !args.has("--reason"))
        return fail(exit_usage,
                    "want: declare DEVICE EVENT --reason TEXT [--role R] [--actor NAME] [--at MS] [--data JSON]");
    json::object request{{"cmd", "declare"},
                         {"device", args.words[1]},
                         {"event", args.words[2]},
                         {"reason", args.value("--reason")},
                         {"actor", actor_of(context)}};
    if (args.has("--role")) request["role"] = args.value("--role");
    if (args.has("--at")) {
        const std::string text = args.value("--at");
        std::int64_t at_ms = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), at_ms).ptr != text.data() + text.size())
            return fail(exit_usage, "--at: want UTC milliseconds since 1970");
        request["at_ms"] = at_ms;
    }
    if (args.has("--data")) {
        boost::system::error_code fault;
        json::value data = json::parse(args.value("--data"), fault);
        if (fault || !data.is_object()) return fail(exit_bad_data, "--data: want a JSON object");
        request["data"] = std::move(data);
    }
    return ask_collector(context, json::serialize(request), committed_text);
}

// unassigned assign INDEX DEVICE --reason TEXT; the list is in show.cpp.
int assign_record(const Context& context) {
    const Args& args = context.args;
    std::int64_t index = 0;
    const bool number = args.words.size() == 4 &&
                        std::from_chars(args.words[2].data(), args.words[2].data() + args.words[2].size(), index).ptr ==
                            args.words[2].data() + args.words[2].size();
    if (!number || !args.has("--reason"))
        return fail(exit_usage, "want: unassigned assign LOG_INDEX DEVICE --reason TEXT");
    const json::object request{{"cmd", "assign"},
                               {"log_index", index},
                               {"device", args.words[3]},
                               {"reason", args.value("--reason")},
                               {"actor", actor_of(context)}};
    return ask_collector(context, json::serialize(request), committed_text);
}

}  // namespace gantry::cli
