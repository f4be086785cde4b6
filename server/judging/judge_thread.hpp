#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/domain/leaf_json.hpp"
#include "server/domain/paper/paper_subjects.hpp"
#include "server/domain/rules/pack.hpp"
#include "server/judging/case_keeper.hpp"
#include "server/judging/due_board.hpp"
#include "server/judging/fleet_facts.hpp"

namespace gantry::judging {

struct JudgeOptions {
    std::filesystem::path database;
    std::function<std::int64_t()> now_ms{};  // empty: the system's clock
    std::int64_t look_every_ms = 2'000;      // for devices with something new
    // A device whose log goes on is judged again after this long, so that a busy scanner is not judged after each
    // exposure; a paper or declaration does not wait.
    std::int64_t settle_ms = 5'000;
    // Of each thousand milliseconds at most so many are spent on judging: storing comes first.
    unsigned share_permille = 250;
    // Cases kept between judgements; those beyond it are read anew. Fifty busy scanners of two months fill 48 MiB.
    std::size_t cases_bytes_max = 24 * 1024 * 1024;
};

// Judges each device when something about it changed or a deadline passed, and hands the differences on as facts. It
// asks the store what is new rather than being told: nothing is missed when it falls behind or starts late, and the
// writer does not wait for it. Owns a thread with a low priority and a read-only connection.
class JudgeThread {
public:
    // `submit` takes the facts of one device; false: not now, they are found again later.
    using Submit = std::function<bool(const std::string& device, std::vector<FactLeaf> facts)>;

    JudgeThread(JudgeOptions options, std::shared_ptr<const rules::RulePack> pack, Submit submit);
    ~JudgeThread() { stop(); }

    void start();
    void stop();

    // Judges everything that is due at `now_ms`, on the caller's thread; for tests and programs, instead of start().
    std::size_t judge_due(std::int64_t now_ms);

    // Another pack from now on; every device is judged again by it.
    void use_pack(std::shared_ptr<const rules::RulePack> pack);

    std::uint64_t judged() const { return judged_; }
    const DueBoard& due_board() const { return due_; }

private:
    // What is known of a device's last judgement.
    struct Place {
        std::uint64_t leaf = 0;        // its last leaf then
        std::int64_t judged_ms = 0;    // never: 0
        std::int64_t next_due_ms = 0;  // a deadline
        std::int64_t cost_ms = 0;
        bool asked = true;      // a paper, a declaration or a new pack: at once
        std::string org, site;  // whose papers concern it; empty: not judged yet
    };

    void run();
    void look_for_papers();
    void look_for_news();
    std::vector<std::string> due(std::int64_t now_ms);
    void judge_device(const std::string& device, std::int64_t now_ms);
    void ask_all();
    void ask_for(const paper::Subject& subject);

    JudgeOptions options_;
    std::shared_ptr<const rules::RulePack> pack_;
    Submit submit_;
    store::StoreReader reader_;
    CaseKeeper keeper_;
    FleetFacts fleet_;
    std::int64_t fleet_ms_ = 0;
    std::uint64_t papers_seen_ = 0;  // leaf of the newest paper that was looked at
    std::map<std::string, Place> places_;
    std::map<std::string, std::uint64_t> newest_;
    std::atomic<std::uint64_t> judged_{0};
    DueBoard due_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::shared_ptr<const rules::RulePack> next_pack_;
    bool stopping_ = false;
    bool paced_ = false;  // on its own thread
    std::thread thread_;
};

}  // namespace gantry::judging
