#pragma once

#include "server/http/commands.hpp"
#include "server/http/live_bus.hpp"
#include "server/http/metrics.hpp"
#include "server/ingest/collector.hpp"

// The two rooms know nothing of each other; here the program joins them.
namespace gantry::ingest {

class HttpCommands final : public http::Commands {
public:
    explicit HttpCommands(Collector& collector) : collector_{collector} {}
    void declare(Declaration declaration, http::CommandDone done) override;
    void assign(http::AssignRequest request, http::CommandDone done) override;
    Result<std::vector<http::ImportedRow>> import_rows(std::vector<paper::ImportChange> changes) override;

private:
    Collector& collector_;
};

class HttpMetrics final : public http::Metrics {
public:
    explicit HttpMetrics(const Collector& collector) : collector_{collector} {}
    http::CollectorFigures figures() const override;

private:
    const Collector& collector_;
};

LiveListener live_to(http::LiveBus& bus);

}  // namespace gantry::ingest
