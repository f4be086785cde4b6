#include <fmt/format.h>

#include <cstdio>

#include "common/core/json.hpp"
#include "common/io/clock.hpp"
#include "common/io/files.hpp"
#include "common/io/unix_socket.hpp"
#include "server/cli/context.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/ingest/rebuild.hpp"
#include "server/store/store_reader.hpp"

// Commands that only read. They look at the store itself, so they work whether the collector runs or not.
namespace gantry::cli {

int assign_record(const Context& context);

namespace {

constexpr std::size_t unassigned_shown_max = 1000;

std::string text_of(const FactLeaf& fact, std::string_view key) {
    const auto found = fact.more.find(key);
    const auto* text = found == fact.more.end() ? nullptr : std::get_if<std::string>(&found->second);
    return text ? *text : std::string{};
}

std::optional<store::StoreReader> open_store(const Context& context) {
    std::error_code ignored;
    if (!std::filesystem::exists(context.database(), ignored)) return std::nullopt;
    return std::optional<store::StoreReader>{std::in_place, context.database()};
}

int no_store(const Context& context) {
    return fail(exit_unavailable,
                fmt::format("{}: no log here; --state names the collector's folder", context.database().string()));
}

}  // namespace

int run_devices(const Context& context) {
    auto reader = open_store(context);
    if (!reader) return no_store(context);
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    if (!context.json) std::printf("%-24s %-14s %-24s %s\n", "device", "state", "last record", "maker and model");
    for (const store::StoreReader::Device& device : reader->devices()) {
        const FactLeaf entry = parse_fact_leaf(device.row.entry).value();
        const DeviceFold fold = device.fold.empty() ? DeviceFold{} : parse_device_fold(device.fold).value();
        const std::string last = fold.records ? clock::rfc3339(fold.last_recv_ms) : "-";
        if (!context.json) {
            std::printf("%-24s %-14s %-24s %s %s\n", device.row.id.c_str(), std::string{name(fold.life.state)}.c_str(),
                        last.c_str(), text_of(entry, "maker").c_str(), text_of(entry, "model").c_str());
            continue;
        }
        json.begin_object().field("id", device.row.id);
        for (const char* key : {"name", "maker", "model", "serial", "modality", "org", "site", "tz", "record_key"})
            json.field(key, text_of(entry, key));
        json.field("state", name(fold.life.state))
            .field("operating", name(fold.operating))
            .field("records", fold.records);
        json.field("exposures", fold.exposures).field("missing_records", fold.missing_records);
        json.field("identity_alarm", fold.identity_alarm).field("last_recv_ms", fold.last_recv_ms);
        json.field("last_seen_ms", std::max(device.seen.seen_ms, fold.last_recv_ms)).end_object();
    }
    json.end_array();
    if (context.json) std::printf("%s\n", out.c_str());
    return exit_ok;
}

int run_unassigned(const Context& context) {
    const auto& words = context.args.words;
    if (words.size() >= 2 && words[1] == "assign") return assign_record(context);
    if (words.size() != 2 || words[1] != "list")
        return fail(exit_usage, "want: unassigned list, or unassigned assign LOG_INDEX DEVICE");
    auto reader = open_store(context);
    if (!reader) return no_store(context);
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    for (const store::StoreReader::Leaf& leaf : reader->unassigned(0, unassigned_shown_max)) {
        const auto record = parse_record(as_text(leaf.bytes)).value();
        if (context.json)
            json.begin_object()
                .field("log_index", leaf.row.idx)
                .field("device", reader->device_id(leaf.row.dev_no).value_or(""))
                .field("recv_ms", leaf.row.recv_ms)
                .field("type", record.type)
                .key("body")
                .raw(record.body)
                .end_object();
        else
            std::printf("%-10llu %s %s %.*s\n", static_cast<unsigned long long>(leaf.row.idx),
                        clock::rfc3339(leaf.row.recv_ms).c_str(), std::string{record.type}.c_str(),
                        static_cast<int>(std::min<std::size_t>(record.body.size(), 200)), record.body.data());
    }
    json.end_array();
    if (context.json) std::printf("%s\n", out.c_str());
    return exit_ok;
}

int run_log(const Context& context) {
    if (context.args.words.size() != 2 || context.args.words[1] != "checkpoint")
        return fail(exit_usage, "want: log checkpoint");
    auto reader = open_store(context);
    if (!reader) return no_store(context);
    const auto last = reader->last_checkpoint();
    if (!last)
        return fail(exit_failed, "no checkpoint is signed yet: the first comes within a minute of the first record");
    if (!context.json) {
        std::printf("%s", last->note.c_str());
        return exit_ok;
    }
    std::string out;
    JsonWriter{out}
        .begin_object()
        .field("size", last->size)
        .field("root", to_hex(last->root))
        .field("note", last->note)
        .field("created_ms", last->created_ms)
        .field("witnessed", false)
        .end_object();
    std::printf("%s\n", out.c_str());
    return exit_ok;
}

int run_rebuild(const Context& context) {
    if (!context.args.has("--check")) return fail(exit_usage, "want: rebuild --check");
    std::error_code fault;
    if (!std::filesystem::exists(context.database(), fault)) return no_store(context);
    std::string scratch = (std::filesystem::temp_directory_path() / "gantry-rebuild-XXXXXX").string();
    if (!mkdtemp(scratch.data())) return fail(exit_io, "no scratch folder can be made in " + scratch);
    const auto report = ingest::rebuild(context.database(), scratch);
    std::filesystem::remove_all(scratch, fault);
    if (!report) return fail(exit_io, report.error().message);
    if (context.json) {
        std::string out;
        JsonWriter json{out};
        json.begin_object()
            .field("identical", !report->difference)
            .field("leaves", report->leaves)
            .field("root", report->root);
        if (report->difference) json.field("difference", *report->difference);
        json.end_object();
        std::printf("%s\n", out.c_str());
    } else if (!report->difference) {
        std::printf("identical: %llu leaves folded again, root %s\n", static_cast<unsigned long long>(report->leaves),
                    report->root.c_str());
    }
    return report->difference ? fail(exit_failed, "differs: " + *report->difference) : exit_ok;
}

int run_doctor(const Context& context) {
    int faults = 0;
    const auto say = [&](bool good, const std::string& what) {
        std::printf("%s  %s\n", good ? "ok  " : "bad ", what.c_str());
        if (!good) ++faults;
    };
    auto reader = open_store(context);
    say(reader.has_value(), fmt::format("log at {}", context.database().string()));
    const auto answer = unix_socket::ask(context.admin_socket(), R"({"cmd":"status"})", std::chrono::seconds{5});
    say(answer.has_value(), answer ? "collector answers: " + *answer : "collector: " + answer.error().message);
    if (answer) {
        say(answer->find("\"broker_connected\":true") != std::string::npos, "connection to the broker");
        say(answer->find("\"degraded\":true") == std::string::npos, "room on the disk");
        say(answer->find("\"log_damaged\":true") == std::string::npos, "stored leaves give the log's root");
    }
    if (reader) {
        const auto check = sql::Query<std::string>{reader->db(), "PRAGMA quick_check(1)"}.first();
        say(check && std::get<0>(*check) == "ok", "database pages (quick_check)");
    }
    return faults == 0 ? exit_ok : exit_failed;
}

}  // namespace gantry::cli
