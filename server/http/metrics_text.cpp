#include "server/http/metrics_text.hpp"

#include <fmt/format.h>

#include "server/domain/fold.hpp"
#include "server/http/api.hpp"

namespace gantry::http {
namespace {

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void one(std::string& out, std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
    head(out, name, type, help);
    out += fmt::format("{} {}\n", name, value);
}

// A label's value: the three characters that the format gives a meaning are escaped.
std::string label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

void histogram(std::string& out, std::string_view name, std::string_view help, const Histogram& data) {
    head(out, name, "histogram", help);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < data.bounds.size(); ++i) {
        sum += data.counts[i];
        out += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, data.bounds[i], sum);
    }
    sum += data.counts.back();
    out += fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, sum, data.sum);
}

void ingest(std::string& out, const CollectorFigures& figures) {
    one(out, "gantry_records_committed_total", "counter", "Records durable in the log since this process began.",
        figures.records_committed);
    one(out, "gantry_records_duplicate_total", "counter", "Records that came again and were stored already.",
        figures.records_duplicate);
    head(out, "gantry_frames_refused_total", "counter", "Messages that were not stored, by reason.");
    for (const auto& [reason, count] : figures.frames_refused)
        out += fmt::format("gantry_frames_refused_total{{reason=\"{}\"}} {}\n", label(reason), count);
    one(out, "gantry_inbox_depth", "gauge", "Messages that wait to be verified.", figures.inbox_depth);
    one(out, "gantry_log_size", "gauge", "Entries of the log.", figures.log_size);
    one(out, "gantry_broker_connected", "gauge", "1 while the broker is reachable.", figures.broker_connected ? 1 : 0);
    histogram(out, "gantry_commit_seconds", "Time of one commit.", figures.commit_seconds);
    histogram(out, "gantry_batch_records", "Records that shared one commit.", figures.batch_records);
    for (const Figure& more : figures.more) one(out, more.name, more.type, more.help, more.value);
}

void fleet(std::string& out, const MetricsInput& input) {
    head(out, "gantry_devices", "gauge", "Registered devices by declared state.");
    for (std::size_t i = 0; i < state_count; ++i)
        out +=
            fmt::format("gantry_devices{{state=\"{}\"}} {}\n", name(static_cast<State>(i)), input.devices_by_state[i]);
    head(out, "gantry_findings_open", "gauge", "Open findings by severity.");
    for (std::size_t i = 0; i < input.findings_open.size(); ++i)
        out += fmt::format("gantry_findings_open{{severity=\"{}\"}} {}\n", name(static_cast<Severity>(i)),
                           input.findings_open[i]);
}

void web(std::string& out, const MetricsInput& input, const HttpCounters& http) {
    head(out, "gantry_http_answers_total", "counter", "HTTP answers by class of status.");
    for (int i = 2; i < 6; ++i)
        out += fmt::format("gantry_http_answers_total{{class=\"{}xx\"}} {}\n", i, http.answers[i].load());
    one(out, "gantry_http_connections", "gauge", "Open HTTP connections.", http.connections.load());
    one(out, "gantry_http_connections_refused_total", "counter", "HTTP connections turned away at a limit.",
        http.connections_refused.load());
    one(out, "gantry_live_streams", "gauge", "Clients of the live stream.", http.streams.load());
    one(out, "gantry_live_streams_dropped_total", "counter", "Clients of the live stream that read too slowly.",
        http.streams_dropped.load());
    one(out, "gantry_live_notes_dropped_total", "counter", "Live notes left out under load.", input.live_dropped);
}

}  // namespace

std::string render_metrics(const MetricsInput& input, const HttpCounters& http) {
    std::string out;
    ingest(out, input.figures);
    fleet(out, input);
    web(out, input, http);
    head(out, "gantry_build_info", "gauge", "Always 1; the labels tell the build.");
    out +=
        fmt::format("gantry_build_info{{version=\"{}\",commit=\"{}\"}} 1\n", label(input.version), label(input.commit));
    return out;
}

double Rate::per_second(std::uint64_t count, std::int64_t now_ms) {
    const std::scoped_lock lock{mutex_};
    if (old_ms_ == 0) old_ms_ = mid_ms_ = now_ms, old_count_ = mid_count_ = count;
    // Two marks half a minute apart: the older one is always 30 to 60 s back once that long has passed.
    if (now_ms - mid_ms_ >= 30'000) {
        old_ms_ = mid_ms_, old_count_ = mid_count_;
        mid_ms_ = now_ms, mid_count_ = count;
    }
    if (now_ms <= old_ms_ || count < old_count_) return 0;
    return static_cast<double>(count - old_count_) * 1000.0 / static_cast<double>(now_ms - old_ms_);
}

}  // namespace gantry::http
