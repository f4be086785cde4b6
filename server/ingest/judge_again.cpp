#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "server/domain/finding/finding_life.hpp"
#include "server/domain/finding/verdict.hpp"
#include "server/domain/moment.hpp"
#include "server/ingest/findings.hpp"
#include "server/ingest/projection.hpp"

// When a life is derived anew, what was observed under it is judged again: findings that it no longer supports are
// withdrawn, others open. Live only; the facts are in the log.
namespace gantry::ingest {
namespace {

// (rule, STATE@since), as the fold's findings are keyed.
using Key = std::pair<std::string, std::string>;

// One observation, under the life before and as it is known now.
struct Seen {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    std::optional<FindingCandidate> before, after;
};

Key key_of(const FindingCandidate& candidate) {
    const store::FindingRow row = finding_row(0, candidate, 0);
    return {row.rule, row.key};
}

class JudgeAgain {
public:
    JudgeAgain(const LifecycleFold& before, const LifecycleFold& after, const LifecycleTable& table,
               std::int64_t from_ms)
        : before_{before}, after_{after}, table_{table}, from_ms_{from_ms}, low_ms_{from_ms} {}

    // Leaves come newest first. Of a leaf that was received before this nothing more can matter.
    std::int64_t low_ms() const { return low_ms_; }

    void take(const RecordView& record, std::int64_t recv_ms, std::uint64_t leaf) {
        const std::int64_t at_ms = event_time_of(record, recv_ms);
        if (at_ms < low_ms_) return;
        Seen here{at_ms, leaf, presence_contradicts(before_, table_, at_ms),
                  presence_contradicts(after_, table_, at_ms)};
        add(here);
        if (record.type != "usage.exposure") return;
        const UseBody use = read_use(record.body);
        Seen exposed{at_ms, leaf, exposure_contradicts(before_, table_, use, at_ms),
                     exposure_contradicts(after_, table_, use, at_ms)};
        // A leaf is found once for a rule.
        if (here.before && exposed.before && here.before->rule == exposed.before->rule) exposed.before.reset();
        if (here.after && exposed.after && here.after->rule == exposed.after->rule) exposed.after.reset();
        if (!use.event_key) return add(exposed);
        const auto [known, fresh] = exposures_.try_emplace(*use.event_key, seen_.size());
        if (fresh)
            seen_.push_back(exposed);  // also one without a finding: the leaf that told it first may come yet
        else
            seen_[known->second] = exposed;
        touch(exposed);
    }

    // One group for each finding that is others than before; without members: nothing supports it any more.
    std::map<Key, std::vector<const Seen*>> groups() const {
        std::map<Key, std::vector<const Seen*>> out;
        for (const auto& [key, since_ms] : touched_) out[key];
        for (const Seen& seen : seen_)
            if (seen.after)
                if (const auto group = out.find(key_of(*seen.after)); group != out.end())
                    group->second.push_back(&seen);
        return out;
    }

private:
    void add(const Seen& seen) {
        if (!seen.before && !seen.after) return;
        seen_.push_back(seen);
        touch(seen);
    }

    // What parts the two lives touches both findings: each is then told whole, from the beginning of its state on.
    void touch(const Seen& seen) {
        if (seen.at_ms < from_ms_ || same(seen.before, seen.after)) return;
        for (const auto* candidate : {&seen.before, &seen.after}) {
            if (!*candidate) continue;
            touched_.emplace(key_of(**candidate), (*candidate)->state_since_ms);
            low_ms_ = std::min(low_ms_, (*candidate)->state_since_ms);
        }
    }

    static bool same(const std::optional<FindingCandidate>& a, const std::optional<FindingCandidate>& b) {
        return a.has_value() == b.has_value() && (!a || key_of(*a) == key_of(*b));
    }

    const LifecycleFold& before_;
    const LifecycleFold& after_;
    const LifecycleTable& table_;
    std::int64_t from_ms_;
    std::int64_t low_ms_;
    std::vector<Seen> seen_;
    std::unordered_map<std::uint64_t, std::size_t> exposures_;
    std::map<Key, std::int64_t> touched_;
};

rules::Found found_in(const Key& key, const std::vector<const Seen*>& group) {
    rules::Found found;
    found.rule = key.first;
    found.key = key.second;
    found.count = group.size();
    found.suspected = true;
    found.severity = Severity::info;
    found.from_ms = found.to_ms = group.front()->at_ms;
    std::uint64_t first = group.front()->leaf, last = first;
    for (const Seen* seen : group) {
        found.from_ms = std::min(found.from_ms, seen->at_ms);
        found.to_ms = std::max(found.to_ms, seen->at_ms);
        found.suspected = found.suspected && seen->after->suspected;
        found.severity = std::max(found.severity, seen->after->severity);
        first = std::min(first, seen->leaf);
        last = std::max(last, seen->leaf);
    }
    found.leaves = {first};
    if (last != first) found.leaves.push_back(last);
    return found;
}

}  // namespace

std::vector<FactLeaf> Projection::judge_again(const Redrawn& redrawn) {
    Device& device = at(redrawn.dev_no);
    JudgeAgain again{redrawn.before, device.fold.life, table_of(device), redrawn.from_ms};
    Bytes bytes, assigned;
    std::string inner;
    const auto take = [&](ByteView stored, std::int64_t recv_ms, std::uint64_t idx) {
        const auto whole = parse_record(as_text(stored));
        if (!whole || (whole->type == "rehomed" && original_is_stored(device, *whole))) return;
        if (const auto record = record_inside(as_text(stored), inner)) again.take(*record, recv_ms, idx);
    };
    auto next = device.last_leaf;
    for (std::size_t n = 0; next; ++n) {
        if (n == judged_again_max) return {};
        const auto leaf = log_.leaf(*next, bytes);
        // Nothing is believed to be later than a minute after its receipt.
        if (!leaf || leaf->recv_ms + ahead_believed_ms < again.low_ms()) break;
        if (leaf->type == LeafType::record) {
            take(leaf->bytes, leaf->recv_ms, leaf->idx);
        } else if (leaf->type == LeafType::declaration) {
            const auto declared = parse_declaration_leaf(as_text(leaf->bytes));
            const auto assignment = declared ? assignment_of(declared->declared) : std::nullopt;
            const auto other = assignment ? log_.leaf(assignment->log_index, assigned) : std::nullopt;
            if (other) take(other->bytes, other->recv_ms, other->idx);
        }
        next = leaf->back ? std::optional{leaf->idx - *leaf->back} : std::nullopt;
    }

    std::vector<FactLeaf> out;
    const std::string& id = device.entry.id.text();
    for (const auto& [key, group] : again.groups()) {
        if (!group.empty()) {
            out.push_back(finding::fact_of(id, {found_in(key, group), 0}));
            continue;
        }
        const auto known = store_.finding(device.no, key.first, key.second);
        if (!known || known->rule_version != 0 || known->stage == name(finding::Stage::withdrawn)) continue;
        out.push_back({std::string{finding::withdrawn_fact},
                       id,
                       {{"rule", key.first},
                        {"key", key.second},
                        {"why", std::string{"the declared life is known to be another"}}}});
    }
    return out;
}

}  // namespace gantry::ingest
