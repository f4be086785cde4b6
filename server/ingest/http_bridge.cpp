#include "server/ingest/http_bridge.hpp"

#include <algorithm>
#include <future>
#include <span>

#include "common/core/json.hpp"
#include "server/ingest/limits.hpp"

namespace gantry::ingest {
namespace {

constexpr std::chrono::seconds commit_wait{30};

template <std::size_t N>
http::Histogram copy_of(const Histogram<N>& from) {
    http::Histogram out{std::vector<double>(from.bounds.begin(), from.bounds.end())};
    for (std::size_t i = 0; i < from.counts.size(); ++i) out.counts[i] = from.counts[i];
    out.sum = from.sum;
    return out;
}

CommandDone answer_to(http::CommandDone done) {
    return [done = std::move(done)](CommandResult result) {
        if (auto* committed = std::get_if<Committed>(&result))
            done(http::Committed{committed->log_index, committed->state, std::move(committed->outstanding),
                                 std::move(committed->overtakes)});
        else if (auto* refused = std::get_if<Refused>(&result))
            done(std::move(*refused));
        else
            done(std::move(std::get<Error>(result)));
    };
}

// The entry as parse_register_entry takes it: what the register would refuse is refused here, before the log.
Result<RegisterEntry> entry_of(const std::map<std::string, std::string>& members) {
    std::string text;
    JsonWriter json{text};
    json.begin_object();
    for (const auto& [name, value] : members) json.field(name, value);
    json.end_object();
    return parse_register_entry(text);
}

Result<std::vector<ImportedRow>> import_some(Collector& collector, std::span<paper::ImportChange> changes) {
    std::vector<ImportedRow> out(changes.size());
    std::vector<std::size_t> places;
    ImportRequest request;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        ImportRow row{.entry = {}, .sheet = std::move(changes[i].sheet), .baseline = std::move(changes[i].baseline)};
        if (!changes[i].entry.empty()) {
            auto entry = entry_of(changes[i].entry);
            if (!entry) {
                out[i].error = entry.error().message;
                continue;
            }
            row.entry = std::move(*entry);
        }
        places.push_back(i);
        request.rows.push_back(std::move(row));
    }
    const auto promise = std::make_shared<std::promise<Result<std::vector<ImportedRow>>>>();
    auto future = promise->get_future();
    request.done = [promise](Result<std::vector<ImportedRow>> done) { promise->set_value(std::move(done)); };
    collector.submit(std::move(request));
    if (future.wait_for(commit_wait) != std::future_status::ready)
        return Error{Errc::unavailable, "no answer from the writer yet: the same table again does the rest"};
    const auto done = future.get();
    if (!done) return done.error();
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = (*done)[i];
    return out;
}

}  // namespace

void HttpCommands::declare(Declaration declaration, http::CommandDone done) {
    collector_.submit(DeclareRequest{std::move(declaration), answer_to(std::move(done))});
}

void HttpCommands::assign(http::AssignRequest request, http::CommandDone done) {
    Declaration declaration;
    declaration.event = unassigned_assigned;
    declaration.subject = request.device;
    declaration.actor = std::move(request.actor);
    declaration.role = request.role;
    declaration.reason = std::move(request.reason);
    declaration.data = {{"device", request.device}, {"log_index", static_cast<std::int64_t>(request.log_index)}};
    declare(std::move(declaration), std::move(done));
}

Result<std::vector<http::ImportedRow>> HttpCommands::import_rows(std::vector<paper::ImportChange> changes) {
    std::vector<http::ImportedRow> out;
    out.reserve(changes.size());
    for (std::size_t first = 0; first < changes.size(); first += import_rows_max) {
        const std::size_t count = std::min(import_rows_max, changes.size() - first);
        const auto done = import_some(collector_, std::span{changes}.subspan(first, count));
        if (!done) return done.error();
        for (const ImportedRow& row : *done) out.push_back({row.error, row.state});
    }
    return out;
}

http::CollectorFigures HttpMetrics::figures() const {
    const ingest::Metrics& metrics = collector_.metrics();  // The base class is a Metrics too.
    http::CollectorFigures out;
    out.records_committed = metrics.records_committed;
    out.records_duplicate = metrics.records_duplicate;
    for (std::size_t i = 0; i < refused_names.size(); ++i)
        out.frames_refused[std::string{refused_names[i]}] = metrics.frames_refused[i];
    out.inbox_depth = static_cast<std::uint64_t>(metrics.inbox_depth.load());
    out.log_size = metrics.log_size;
    out.commit_seconds = copy_of(metrics.commit_seconds);
    out.batch_records = copy_of(metrics.batch_records);
    out.broker_connected = metrics.broker_connected != 0;
    if (!out.broker_connected)
        out.not_ready.push_back({"broker_down", "no connection to the MQTT broker: records cannot come in"});
    if (metrics.degraded != 0)
        out.not_ready.push_back({"disk_full", "the disk is full: nothing is stored and nothing receipted"});
    if (metrics.log_damaged != 0)
        out.not_ready.push_back({"log_damaged", "the stored log does not give its own root: no checkpoint is signed"});
    return out;
}

LiveListener live_to(http::LiveBus& bus) {
    return [&bus](std::vector<LiveNote> notes) {
        std::vector<http::LiveNote> out;
        out.reserve(notes.size());
        for (LiveNote& note : notes)
            out.push_back(
                {note.log_index, note.kind, std::move(note.device), std::move(note.type), note.at_ms, note.recv_ms});
        bus.publish(std::move(out));
    };
}

}  // namespace gantry::ingest
