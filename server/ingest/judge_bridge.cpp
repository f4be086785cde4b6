#include "server/ingest/judge_bridge.hpp"

#include <future>
#include <stdexcept>

#include "common/core/crypto.hpp"

namespace gantry::ingest {
namespace {

constexpr std::chrono::seconds commit_wait{30};
constexpr std::string_view rules_in_force = "rules_in_force";

template <class Request>
bool submit_and_wait(Collector& collector, Request request) {
    const auto committed = std::make_shared<std::promise<void>>();
    auto future = committed->get_future();
    request.done = [committed] { committed->set_value(); };
    if (!collector.submit(std::move(request))) return false;
    return future.wait_for(commit_wait) == std::future_status::ready;
}

}  // namespace

judging::JudgeThread::Submit submit_to(Collector& collector) {
    return [&collector](const std::string& device, std::vector<FactLeaf> facts) {
        return submit_and_wait(collector, VerdictRequest{device, std::move(facts), {}, {}});
    };
}

void put_rules_in_force(Collector& collector, const std::filesystem::path& database, const judging::RuleFiles& rules) {
    store::StoreReader reader{database};
    VerdictRequest request;
    for (const rules::PackText& text : rules.texts) {
        const std::string hash = to_hex(sha256(as_bytes(text.toml)));
        const std::string key = std::string{rules_in_force} + "." + text.file;
        if (reader.meta(key) == hash) continue;
        request.metas.emplace_back(key, hash);
        request.metas.emplace_back("rules." + hash, text.toml);
        request.facts.push_back({std::string{rules_in_force}, {}, {{"file", text.file}, {"sha256", hash}}});
    }
    if (!request.facts.empty()) submit_and_wait(collector, std::move(request));
}

void put_tables_in_force(Collector& collector, std::vector<std::string> tables,
                         std::vector<paper::Catalogue> catalogues) {
    if (!submit_and_wait(collector, TablesRequest{std::move(tables), std::move(catalogues), {}}))
        throw std::runtime_error{"the collector has too much to do to take other lifecycle tables"};
}

}  // namespace gantry::ingest
