#include "server/judging/judge_thread.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "common/io/clock.hpp"
#include "common/io/log.hpp"
#include "server/domain/finding/finding_life.hpp"
#include "server/domain/finding/verdict.hpp"
#include "server/store/read_findings.hpp"
#include "server/store/read_fleet.hpp"
#include "server/store/read_papers.hpp"

namespace gantry::judging {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::int64_t fleet_every_ms = 60'000;
constexpr std::size_t papers_at_once = 1000;
constexpr int nice_value = 10;
// A device that goes on is judged for at most a fiftieth of the time: one with a long history waits longer.
constexpr std::int64_t settle_times_cost = 50;

std::vector<finding::Known> known_of(const std::vector<store::FindingRow>& rows) {
    std::vector<finding::Known> out;
    for (const store::FindingRow& row : rows)
        out.push_back({row.rule, row.key, row.severity, row.suspected, row.first_at_ms, row.last_at_ms, row.count,
                       row.stage == name(finding::Stage::withdrawn)});
    return out;
}

}  // namespace

JudgeThread::JudgeThread(JudgeOptions options, std::shared_ptr<const rules::RulePack> pack, Submit submit)
    : options_{std::move(options)},
      pack_{std::move(pack)},
      submit_{std::move(submit)},
      reader_{options_.database},
      keeper_{options_.cases_bytes_max} {
    if (!options_.now_ms) options_.now_ms = clock::utc_ms;
}

void JudgeThread::start() {
    thread_ = std::thread{[this] { run(); }};
}

void JudgeThread::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard guard{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void JudgeThread::use_pack(std::shared_ptr<const rules::RulePack> pack) {
    {
        const std::lock_guard guard{mutex_};
        next_pack_ = std::move(pack);
    }
    wake_.notify_all();
}

void JudgeThread::run() {
    paced_ = true;
    // On Linux the priority is the thread's own.
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice_value);
    std::chrono::nanoseconds pause = std::chrono::milliseconds{options_.look_every_ms};
    while (true) {
        {
            std::unique_lock lock{mutex_};
            wake_.wait_for(lock, pause, [&] { return stopping_; });
            if (stopping_) return;
        }
        const auto began = Steady::now();
        try {
            judge_due(options_.now_ms());
        } catch (const std::exception& fault) {
            log::error("judging: broken off, tried again", {{"error", fault.what()}});
        }
        const auto cost = Steady::now() - began;
        pause = std::max<std::chrono::nanoseconds>(std::chrono::milliseconds{options_.look_every_ms},
                                                   cost * (1000 - options_.share_permille) / options_.share_permille);
    }
}

std::size_t JudgeThread::judge_due(std::int64_t now_ms) {
    {
        const std::lock_guard guard{mutex_};
        if (next_pack_) {
            pack_ = std::move(next_pack_);
            ask_all();
        }
    }
    look_for_news();
    look_for_papers();
    if (fleet_ms_ == 0 || now_ms - fleet_ms_ >= fleet_every_ms || now_ms < fleet_ms_) {
        FleetFacts fleet = read_fleet_facts(reader_);
        // A device that was judged before another showed its serial is judged again. Papers ask for a reading of their
        // own.
        if (fleet.by_serial != fleet_.by_serial || fleet.by_report != fleet_.by_report) ask_all();
        fleet_ = std::move(fleet);
        fleet_ms_ = now_ms;
    }
    std::size_t count = 0;
    for (const std::string& device : due(now_ms)) {
        const auto began = Steady::now();
        judge_device(device, now_ms);
        ++count;
        const std::chrono::nanoseconds cost = Steady::now() - began;
        std::unique_lock lock{mutex_};
        if (stopping_) break;
        if (paced_)
            wake_.wait_for(lock, cost * (1000 - options_.share_permille) / options_.share_permille,
                           [&] { return stopping_; });
        if (stopping_) break;
    }
    return count;
}

void JudgeThread::ask_all() {
    for (auto& [device, place] : places_) place.asked = true;
}

void JudgeThread::look_for_news() {
    store::each_last_leaf(reader_, [&](std::string device, std::uint64_t leaf) {
        if (device.starts_with("unassigned-")) return;
        places_.try_emplace(device);
        newest_[std::move(device)] = leaf;
    });
}

void JudgeThread::look_for_papers() {
    while (true) {
        const auto filed = store::papers_after(reader_, papers_seen_, papers_at_once);
        for (const store::PaperRow& row : filed) {
            papers_seen_ = row.leaf + 1;
            const auto subjects = paper::subjects_of({row.kind, row.id, row.body});
            if (!subjects || subjects->empty()) {  // withdrawn: whom it named is not told
                keeper_.all_papers_changed();
                ask_all();
                continue;
            }
            for (const paper::Subject& subject : *subjects) ask_for(subject);
        }
        if (filed.size() < papers_at_once) return;
        fleet_ms_ = 0;
    }
}

// A paper of an organisation or a site concerns its devices; what names a person, a body or an instrument may concern
// any.
void JudgeThread::ask_for(const paper::Subject& subject) {
    if (subject.scope == paper::Scope::named || subject.scope == paper::Scope::all) {
        keeper_.all_papers_changed();
        return ask_all();
    }
    for (auto& [device, place] : places_) {
        const bool unknown = place.org.empty() && place.site.empty();
        const bool concerned = (subject.scope == paper::Scope::device && subject.id == device) ||
                               (subject.scope == paper::Scope::org && (unknown || subject.id == place.org)) ||
                               (subject.scope == paper::Scope::site && (unknown || subject.id == place.site));
        if (!concerned) continue;
        keeper_.papers_changed(device);
        place.asked = true;
    }
}

std::vector<std::string> JudgeThread::due(std::int64_t now_ms) {
    std::vector<std::pair<std::int64_t, std::string>> waiting;
    for (const auto& [device, place] : places_) {
        const auto newest = newest_.find(device);
        const bool news = newest != newest_.end() && newest->second != place.leaf &&
                          now_ms - place.judged_ms >= std::max(options_.settle_ms, place.cost_ms * settle_times_cost);
        if (place.asked || news || now_ms >= place.next_due_ms) waiting.emplace_back(place.judged_ms, device);
    }
    std::ranges::sort(waiting);  // who has waited longest comes first
    std::vector<std::string> out;
    for (auto& [judged_ms, device] : waiting) out.push_back(std::move(device));
    return out;
}

void JudgeThread::judge_device(const std::string& device, std::int64_t now_ms) {
    Place& place = places_[device];
    const auto began = Steady::now();
    const auto newest = newest_.find(device);
    const std::uint64_t leaf = newest == newest_.end() ? 0 : newest->second;
    const rules::DeviceCase* subject = keeper_.refresh(reader_, device, fleet_, now_ms);
    if (!subject) return;
    rules::Judged judged = rules::judge(*subject, *pack_);
    if (keeper_.fetch(reader_, device, judged.wanted)) judged = rules::judge(*subject, *pack_);
    place.org = subject->org;
    place.site = subject->site;
    due_.put(device, {subject->name, subject->org, subject->site, due::due_list(*subject)});
    const auto row = reader_.device(device);
    auto facts = finding::verdicts(device, known_of(store::judged_findings(reader_, row->row.dev_no)), judged, *pack_);
    ++judged_;
    place.cost_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began).count();
    place.judged_ms = now_ms;
    place.next_due_ms = judged.next_due_ms;
    place.leaf = leaf;
    place.asked = !facts.empty() && !submit_(device, std::move(facts));
}

}  // namespace gantry::judging
