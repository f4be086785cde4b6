#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gantry::http {

// counts[i] holds the observations ≤ bounds[i] and above the bound before; the last element those above all bounds.
struct Histogram {
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;
    double sum = 0;

    explicit Histogram(std::vector<double> upper_bounds = {})
        : bounds{std::move(upper_bounds)}, counts(bounds.size() + 1) {}
    void observe(double value) {
        std::size_t i = 0;
        while (i < bounds.size() && value > bounds[i]) ++i;
        ++counts[i];
        sum += value;
    }
};

struct NotReady {
    std::string code;    // broker_down, disk_full, …
    std::string detail;  // for people
};

// A further series of one value.
struct Figure {
    std::string name;
    std::string type;  // counter (its name ends in _total) or gauge
    std::string help;  // a sentence
    std::uint64_t value = 0;
};

// The ingest's figures at one moment. Counters count from the start of the process.
struct CollectorFigures {
    std::uint64_t records_committed = 0;
    std::uint64_t records_duplicate = 0;
    std::map<std::string, std::uint64_t> frames_refused;  // by reason
    std::uint64_t inbox_depth = 0;
    std::uint64_t log_size = 0;
    Histogram commit_seconds;
    Histogram batch_records;
    std::vector<Figure> more;
    bool broker_connected = false;
    std::vector<NotReady> not_ready;  // empty: records can come in and be stored
};

class Metrics {
public:
    virtual ~Metrics() = default;
    virtual CollectorFigures figures() const = 0;  // on any thread; cheap, no I/O
};

}  // namespace gantry::http
