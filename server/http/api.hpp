#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "server/domain/kpi/kpi.hpp"
#include "server/http/commands.hpp"
#include "server/http/figure_cache.hpp"
#include "server/http/fleet_cache.hpp"
#include "server/http/http_server.hpp"
#include "server/http/message.hpp"
#include "server/http/metrics_text.hpp"
#include "server/http/params.hpp"
#include "server/http/router.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::http {

using Answer = Checked<Response>;

// What the network thread counts, for /metrics and /status.
struct HttpCounters {
    std::atomic<std::uint64_t> answers[6]{};  // by first digit of the status
    std::atomic<std::uint64_t> streams{0};
    std::atomic<std::uint64_t> streams_dropped{0};
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> connections_refused{0};
};

// The handlers: a request in, an answer or a problem out. They know neither sockets nor threads.
class Api {
public:
    Api(const HttpConfig& config, const Metrics& metrics, const LiveBus& bus, HttpCounters& counters);

    // Routes whose work is `reader`. On a reading thread.
    Answer read(RouteId route, const Request& request, store::StoreReader& reader);
    // Routes whose work is `memory`. On any thread.
    Answer memory(RouteId route, const Request& request);

    // Routes whose work is `job`. Where waiting for the disk and for commits is allowed.
    Answer job(RouteId route, const Request& request, store::StoreReader& reader, Commands& commands);

    // POST bodies as commands. `now_ms` bounds `at`.
    static Checked<Declaration> declaration_of(const Request& request, std::int64_t now_ms);
    static Checked<AssignRequest> assignment_of(const Request& request);
    Checked<Declaration> filing_of(const Request& request, std::int64_t now_ms) const;
    Checked<Declaration> withdrawal_of(const Request& request, std::int64_t now_ms) const;

    FleetCache& fleet() { return fleet_; }

private:
    Answer devices(const Request& request, store::StoreReader& reader);
    Answer device(const Request& request, store::StoreReader& reader);
    Answer timeline(const Request& request, store::StoreReader& reader);
    Answer records(const Request& request, store::StoreReader& reader);
    Answer unassigned(const Request& request, store::StoreReader& reader);
    Answer findings(const Request& request, store::StoreReader& reader);
    Answer finding(const Request& request, store::StoreReader& reader);
    Answer rules(const Request& request, store::StoreReader& reader);
    Answer due(const Request& request, store::StoreReader& reader);
    Answer due_calendar(const Request& request, store::StoreReader& reader);
    Answer missing(const Request& request, store::StoreReader& reader);
    Answer orgs(const Request& request, store::StoreReader& reader);
    Answer papers(const Request& request, store::StoreReader& reader);
    Answer paper(const Request& request, store::StoreReader& reader);
    Answer device_papers(const Request& request, store::StoreReader& reader);
    Answer kpis(const Request& request, store::StoreReader& reader);
    Answer kpis_of_device(const Params& params, store::StoreReader& reader, const std::string& text);
    Answer kpis_of_group(const Params& params, store::StoreReader& reader, const std::string& site,
                         const std::string& org);
    Answer kpis_of_fleet(const Request& request, const Params& params, store::StoreReader& reader);
    Answer passport(const Request& request, store::StoreReader& reader);
    Answer import_devices(const Request& request, store::StoreReader& reader, Commands& commands);
    Answer add_document(const Request& request, store::StoreReader& reader, Commands& commands);
    Answer document(const Request& request);
    Answer export_list(const Request& request, store::StoreReader& reader);
    Answer status(store::StoreReader& reader);
    Answer checkpoint(store::StoreReader& reader);
    Answer metrics_text(store::StoreReader& reader);
    Answer lifecycle() const;
    Answer readyz() const;
    Answer web(const Request& request) const;

    Checked<std::optional<std::string>> cursor(const Params& params, std::string_view kind) const;
    DeviceFigures figures_of(store::StoreReader& reader, const std::string& device, std::uint64_t last_leaf,
                             rules::Span period, bool single_events, std::int64_t now_ms);
    std::shared_ptr<const rules::RulePack> pack() const;

    const HttpConfig& config_;
    const Metrics& metrics_;
    const LiveBus& bus_;
    HttpCounters& counters_;
    Cursors cursors_;
    FleetCache fleet_;
    FigureCache figures_;
    std::int64_t started_ms_;
    Rate rate_;
};

// The live event of one leaf, as JSON; the same for replay and for live.
std::string record_note_json(std::uint64_t log_index, std::string_view device, LeafType kind, std::string_view type,
                             std::optional<std::int64_t> at_ms, std::int64_t recv_ms);
std::string record_note_json(const store::StoreReader::Leaf& leaf, std::string_view device);
std::string device_note_json(const DeviceView& device, std::int64_t now_ms);

// {"items":[…],"next_cursor":…} and the Link header; `more` are further members, each with a comma before it.
Response page_answer(const Request& request, std::string items, const std::optional<std::string>& next_cursor,
                     std::string_view more = {});

// By the parameter `lang` (en, zh-CN), else by Accept-Language.
Checked<Language> language_wanted(const Params& params, const RequestHead& head);

}  // namespace gantry::http
