#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "agent/dicom/dcmtk_setup.hpp"
#include "agent/dicom/pipeline.hpp"
#include "agent/dicom/rdsr.hpp"
#include "common/core/schema.hpp"

namespace gantry::dicom::testing {

// Takes every line, or fails as told.
class CollectingTarget : public Target {
public:
    Delivery deliver(const std::vector<std::string>& wanted) override {
        Delivery out{std::vector<bool>(wanted.size(), false), std::nullopt};
        for (std::size_t at = 0; at < wanted.size(); ++at) {
            if (accept_max == 0) {
                out.failure = failure;
                return out;
            }
            --accept_max;
            lines.push_back(wanted[at]);
            out.accepted[at] = true;
        }
        return out;
    }
    std::size_t accept_max = static_cast<std::size_t>(-1);
    Error failure{Errc::unavailable, "away"};
    std::vector<std::string> lines;
};

inline Hash test_key() {
    Hash key{};
    key.fill(7);
    return key;
}

// Everything between bytes and lines, in memory.
struct Bench {
    Bench() { silence_dcmtk(); }

    Pseudonymiser pseudonyms{test_key()};
    SiteConfig site;
    ZoneRule zone = ZoneRule::utc_default();
    CollectingTarget target;
    bool unassigned = false;
    std::int64_t now_ms = 1'700'000'000'000;
    Pipeline pipeline{StateStore{""}, pseudonyms,
                      [this](const Sender&) {
                          return Chosen{&target, unassigned};
                      },
                      [this] { return now_ms; }};

    ParseContext context() const { return {pseudonyms, site, zone}; }
    Result<DoseReport> parse(ByteView file) const { return parse_dose_report_file(file, context()); }
};

inline std::string read_text(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline const Schema& schema() {
    static const Schema loaded = Schema::parse(read_text(GANTRY_SOURCE_DIR "/config/schema/events.toml")).value();
    return loaded;
}

}  // namespace gantry::dicom::testing
