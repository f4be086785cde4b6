#pragma once

#include <map>
#include <string>

#include "common/core/record.hpp"
#include "server/domain/fold.hpp"
#include "server/domain/leaf_json.hpp"
#include "tests/unit/domain/ct_table.hpp"

inline constexpr std::int64_t t0 = 1'795'000'000'000 - 1'795'000'000'000 % gantry::ms_per_hour;  // the start of an hour
inline constexpr std::int64_t minute = 60'000;

// One device with its rows in memory, fed leaf by leaf as the writer does: hours asked for first, then apply.
class Bench : public gantry::HourCells {
public:
    gantry::DeviceFold device;
    std::map<std::int64_t, gantry::HourCell> rows;
    gantry::Effects effects;
    std::uint64_t next_leaf = 1;
    std::int64_t recv_ms = t0 + 30LL * 24 * gantry::ms_per_hour;  // long after all that is told

    gantry::HourCell* find(std::int64_t hour) override {
        asked(hour);
        const auto found = rows.find(hour);
        return found == rows.end() ? nullptr : &found->second;
    }
    gantry::HourCell& change(std::int64_t hour) override {
        asked(hour);
        return rows[hour];
    }

    // A record as an agent would have written it.
    void record(std::string_view type, std::int64_t at_ms, std::string body, std::string_view source = "rdsr") {
        gantry::RecordHead head;
        head.seq = next_leaf;
        head.t_ms = at_ms + 5;
        head.mono_ms = 1;
        head.boot = "b1";
        head.clk = gantry::ClockState::sync;
        head.src = gantry::parse_source(source).value();
        head.at_ms = at_ms;
        head.type = type;
        bytes(gantry::encode_record(head, body));
    }
    void bytes(const std::string& record, bool original_stored = false, bool assigned = false) {
        gantry::LeafEvent leaf;
        leaf.record = gantry::parse_record(record).value();
        leaf.original_stored = original_stored;
        leaf.assigned = assigned;
        feed(leaf);
    }
    // An exposure of `tube` in exam `exam`; each `event` number is another irradiation event.
    void exposure(int event, std::int64_t at_ms, int exam = 1, std::string_view purpose = "patient",
                  int duration_ms = 1'000) {
        record("usage.exposure", at_ms, exposure_body(event, exam, purpose, duration_ms));
    }
    static std::string exposure_body(int event, int exam, std::string_view purpose, int duration_ms) {
        return "{\"event_h\":\"" + hash(event) + "\",\"exam_h\":\"" + hash(exam) +
               "\",\"acq\":\"spiral\",\"duration_ms\":" + std::to_string(duration_ms) +
               ",\"ctdivol_ugy\":" + std::to_string(10'000 + event) + ",\"dlp_ugy_cm\":300000,\"purpose\":\"" +
               std::string{purpose} +
               "\",\"sources\":[{\"id\":\"A\",\"ma_mean_ua\":200000},{\"id\":\"B\",\"ma_mean_ua\":100000}]}";
    }
    static std::string hash(int number) {
        std::string hex = std::to_string(number);
        return std::string(16 - hex.size(), '0') + hex + std::string(16, 'f');
    }
    void declare(std::string event, std::int64_t at_ms, gantry::State to, gantry::Role role = gantry::Role::hm) {
        gantry::DeclarationLeaf leaf;
        leaf.declared = full_declaration(std::move(event), role);
        leaf.declared.at_ms = at_ms;
        leaf.from = device.life.state;
        leaf.to = to;
        leaf.table = "CT/1";
        json(gantry::LeafType::declaration, gantry::declaration_leaf_json(leaf));
    }
    void fact(std::string name, gantry::DataMap more = {}) {
        json(gantry::LeafType::fact, gantry::fact_leaf_json({std::move(name), "ct-0001", std::move(more)}));
    }
    void json(gantry::LeafType type, const std::string& text) {
        gantry::LeafEvent leaf;
        leaf.type = type;
        leaf.json = text;
        feed(leaf);
    }

private:
    void feed(gantry::LeafEvent leaf) {
        leaf.leaf_index = next_leaf++;
        leaf.recv_ms = recv_ms;
        touched_ = gantry::touched_hours(leaf);
        gantry::apply(device, leaf, ct_table(), *this, effects).value();
    }
    // What was not announced beforehand must not be asked for: the writer would not have fetched it.
    void asked(std::int64_t hour) const {
        if (std::find(touched_.begin(), touched_.end(), hour) == touched_.end())
            throw std::logic_error{"hour was not announced"};
    }
    gantry::TouchedHours touched_;
};
