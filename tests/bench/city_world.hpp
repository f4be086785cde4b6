#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "firmware-sim/model/fleet.hpp"
#include "server/ingest/collector.hpp"
#include "server/judging/judge_thread.hpp"

// A simulated city in front of a real collector, in one process and under simulated time: what the scanners tell flies
// as signed frames, what people state goes the way of every declaration, and the rules are judged when the day is over.
namespace gantry::bench {

// When a finding of the rule packs was first told and by which judgement.
struct Told {
    std::string device, rule, key;
    std::int64_t first_ms = 0;  // receive time
    std::uint64_t withdrawn = 0;
};

struct CityTally {
    std::uint64_t records = 0, declarations = 0, refused = 0;
    double ingest_s = 0, judge_s = 0;
    std::uint64_t judged = 0;
};

class CityWorld {
public:
    // Opens a fresh store under `folder`. `rules`: whether anything is judged.
    CityWorld(const sim::FleetOptions& options, const std::filesystem::path& folder, bool rules);
    ~CityWorld();

    // Everything up to then happens, is received and committed; the collector's clock stands at `until_ms`.
    void live_until(std::int64_t until_ms);
    void judge();

    const sim::Fleet& fleet() const { return fleet_; }
    const std::filesystem::path& database() const { return database_; }
    const CityTally& tally() const { return tally_; }
    const std::vector<Told>& told() const { return told_; }
    const std::vector<std::string>& refusals() const { return refusals_; }  // the first twenty
    const std::shared_ptr<const rules::RulePack>& pack() const { return pack_; }
    std::int64_t now_ms() const { return now_ms_; }

private:
    struct Agent;
    class Ear;

    void register_all();
    void declare(std::uint32_t device, const sim::SimEvent& event);
    void send(std::uint32_t device);
    void await_commit();
    bool submit(const std::string& device, std::vector<FactLeaf> facts);

    sim::Fleet fleet_;
    std::filesystem::path database_;
    std::atomic<std::int64_t> now_ms_;
    std::unique_ptr<Ear> ear_;
    Schema papers_;
    std::shared_ptr<const rules::RulePack> pack_;
    std::unique_ptr<ingest::Collector> collector_;
    std::unique_ptr<judging::JudgeThread> judge_;
    std::vector<Agent> agents_;
    std::vector<sim::FleetEvent> events_;
    CityTally tally_;
    std::vector<Told> told_;
    std::vector<std::string> refusals_;
};

}  // namespace gantry::bench
