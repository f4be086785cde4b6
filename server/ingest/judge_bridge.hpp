#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "server/domain/rules/pack.hpp"
#include "server/ingest/collector.hpp"
#include "server/judging/judge_thread.hpp"

// The rules beside the collector: packs from files, verdicts into the log.
namespace gantry::ingest {

// The `*.toml` files of a folder in the order of their names. Throws std::invalid_argument with file, line and reason.
struct ReadPack {
    std::vector<rules::PackText> texts;
    std::shared_ptr<const rules::RulePack> pack;
};
ReadPack read_rules(const std::filesystem::path& folder);

// Waits for the commit; false when the collector cannot take it or stops meanwhile.
judging::JudgeThread::Submit submit_to(Collector& collector);

// Says in the log which rule files judge from now on: those whose bytes are not the ones that the store knows.
void put_rules_in_force(Collector& collector, const std::filesystem::path& database, const ReadPack& rules);

}  // namespace gantry::ingest
