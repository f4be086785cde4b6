#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/judging/case_moments.hpp"
#include "server/judging/fleet_facts.hpp"
#include "server/judging/use_words.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::judging {

// Keeps the cases of devices between judgements, so that a judgement reads what is new instead of a device's whole
// life: the leaves since the last one, the hours that they touched, and papers when some were filed. What it gives is
// what read_case would give at that moment. Bounded: beyond `bytes_max` the cases that were not asked for longest are
// read anew when they are. Belongs to one thread.
class CaseKeeper {
public:
    explicit CaseKeeper(std::size_t bytes_max) : bytes_max_{bytes_max} {}

    // The case as of `now_ms`, with the single exposures of the latest events_window_days; null: no such device, or one
    // that only collects unassigned records. Valid until the next call of any function.
    rules::DeviceCase* refresh(store::StoreReader& reader, const std::string& device, const FleetFacts& fleet,
                               std::int64_t now_ms);
    // Adds the exposures of earlier hours that a judgement asked for; true when there were some: judge again.
    bool fetch(store::StoreReader& reader, const std::string& device, std::span<const std::int64_t> wanted);

    void papers_changed(const std::string& device);
    void all_papers_changed();

    std::size_t bytes() const { return bytes_; }
    std::uint64_t read_whole() const { return read_whole_; }  // how often a whole life was read

private:
    struct Kept {
        store::DevNo dev_no = 0;
        std::uint64_t last_leaf = 0;
        std::string entry;
        rules::DeviceCase subject;  // without `uses`, but for the one that was asked for last
        MomentTaker taker;
        std::vector<PackedUse> uses;                           // sorted by time and leaf
        std::int64_t uses_from_ms = 0;                         // from here on all are held
        std::set<std::int64_t> old_hours;                      // before that, those of these hours
        std::unordered_map<std::uint64_t, std::uint8_t> ages;  // of the latest examinations
        bool papers = false;
        std::size_t bytes = 0;
        std::uint64_t asked = 0;
    };
    struct News;

    bool catch_up(store::StoreReader& reader, const store::StoreReader::Device& row, Kept& kept);
    void read_all(store::StoreReader& reader, const store::StoreReader::Device& row, std::int64_t now_ms, Kept& kept);
    void lend(Kept& kept);
    void account(Kept& kept);
    void make_room(const std::string& but);

    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::uint64_t asked_ = 0;
    std::uint64_t read_whole_ = 0;
    std::map<std::string, Kept> kept_;
    std::vector<rules::UseEvent> scratch_;
    Kept* lent_ = nullptr;
};

}  // namespace gantry::judging
