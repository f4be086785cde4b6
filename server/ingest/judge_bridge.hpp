#pragma once

#include <atomic>
#include <filesystem>
#include <memory>

#include "server/http/judging.hpp"
#include "server/ingest/collector.hpp"
#include "server/judging/judge_thread.hpp"
#include "server/judging/rule_files.hpp"

// The rules beside the collector: packs from files, verdicts into the log.
namespace gantry::ingest {

// Waits for the commit; false when the collector cannot take it or stops meanwhile.
judging::JudgeThread::Submit submit_to(Collector& collector);

// Says in the log which rule files judge from now on: those whose bytes are not the ones that the store knows.
void put_rules_in_force(Collector& collector, const std::filesystem::path& database, const judging::RuleFiles& rules);

// Lets other lifecycle tables and catalogues judge, by a fact for each table that is another than before. Waits for the
// commit; throws std::runtime_error when the collector cannot take it.
void put_tables_in_force(Collector& collector, std::vector<std::string> tables,
                         std::vector<paper::Catalogue> catalogues);

// What the pages see of the judge. `judge` must outlive it.
class HttpJudging final : public http::Judging {
public:
    HttpJudging(const judging::JudgeThread& judge, std::shared_ptr<const rules::RulePack> pack)
        : judge_{judge}, pack_{std::move(pack)} {}

    void use_pack(std::shared_ptr<const rules::RulePack> pack) { pack_ = std::move(pack); }

    std::shared_ptr<const rules::RulePack> pack() const override { return pack_; }
    std::vector<due::Entry> due(const due::Filter& filter) const override { return judge_.due_board().entries(filter); }
    std::size_t devices_judged() const override { return judge_.due_board().devices(); }

private:
    const judging::JudgeThread& judge_;
    std::atomic<std::shared_ptr<const rules::RulePack>> pack_;
};

}  // namespace gantry::ingest
