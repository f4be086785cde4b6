#include "server/judging/case_keeper.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "server/domain/leaf_json.hpp"
#include "server/domain/moment.hpp"
#include "server/domain/record_body.hpp"
#include "server/domain/rules/judge.hpp"
#include "server/domain/rules/span.hpp"
#include "server/judging/case_reader.hpp"
#include "server/judging/use_reader.hpp"

namespace gantry::judging {
namespace {

constexpr std::int64_t all_time_ms = std::numeric_limits<std::int64_t>::max();
// More news than this is read like a whole life: an agent's backlog of weeks.
constexpr std::size_t news_max = 20'000;
constexpr std::size_t ages_max = 4'096;

std::int64_t window_begin(std::int64_t now_ms) {
    return rules::day_of(now_ms) - rules::events_window_days * rules::ms_per_day;
}

auto order(const PackedUse& use) { return std::pair{use.at_ms, use.leaf}; }

// One more exposure, unless it is told again: what was told first stands.
void put(std::vector<PackedUse>& uses, const PackedUse& use) {
    if (use.event != 0) {
        auto same = std::ranges::lower_bound(uses, hour_of(use.at_ms), {}, &PackedUse::at_ms);
        for (; same != uses.end() && hour_of(same->at_ms) == hour_of(use.at_ms); ++same) {
            if (same->event != use.event) continue;
            if (same->leaf <= use.leaf) return;
            uses.erase(same);
            break;
        }
    }
    uses.insert(std::ranges::upper_bound(uses, order(use), {}, order), use);
}

}  // namespace

// What a device's leaves since the last judgement touch.
struct CaseKeeper::News {
    std::vector<store::StoreReader::Leaf> leaves;  // oldest first
    std::int64_t from_hour_ms = std::numeric_limits<std::int64_t>::max(), to_hour_ms = 0;

    void touch(std::int64_t hour_ms) {
        from_hour_ms = std::min(from_hour_ms, hour_ms);
        to_hour_ms = std::max(to_hour_ms, hour_ms);
    }

    // False: too many, or the chain does not lead there.
    bool collect(store::StoreReader& reader, store::DevNo dev_no, std::uint64_t last, std::uint64_t known) {
        std::optional<std::uint64_t> at = last;
        while (at && *at > known) {
            auto leaf = reader.leaf(*at);
            if (!leaf || leaf->row.dev_no != dev_no || leaves.size() >= news_max) return false;
            at = leaf->row.back ? std::optional{leaf->row.idx - *leaf->row.back} : std::nullopt;
            leaves.push_back(std::move(*leaf));
        }
        std::ranges::reverse(leaves);
        return at.has_value();
    }
};

// False: something that is not read leaf by leaf; the whole is to be read.
bool CaseKeeper::catch_up(store::StoreReader& reader, const store::StoreReader::Device& row, Kept& kept) {
    if (row.row.entry != kept.entry || row.row.dev_no != kept.dev_no) return false;
    if (row.last_leaf == kept.last_leaf) return true;
    News news;
    if (!news.collect(reader, row.row.dev_no, row.last_leaf, kept.last_leaf)) return false;
    for (const store::StoreReader::Leaf& leaf : news.leaves) {
        const std::string_view bytes = as_text(ByteView{leaf.bytes});
        std::int64_t at_ms = leaf.row.recv_ms;
        if (leaf.row.type == LeafType::record) {
            const auto record = parse_record(bytes);
            if (!record || record->type == "rehomed") return false;
            at_ms = event_time_of(*record, leaf.row.recv_ms);
            if (record->type == "coverage")
                news.touch(hour_of(BodyFields{record->body}.integer("hour").value_or(at_ms)));
            if (is_use(record->type)) news.touch(hour_of(at_ms));
            if (const auto edge = exam_edge(*record); edge && edge->age_band != 0) {
                if (kept.ages.size() >= ages_max) kept.ages.clear();
                kept.ages.emplace(edge->exam, edge->age_band);
                for (auto use = kept.uses.rbegin(); use != kept.uses.rend() && use->at_ms > at_ms - 4 * ms_per_hour;
                     ++use)
                    if (use->exam == edge->exam) use->age_band = edge->age_band;
            }
            if (auto use = packed_use(*record, at_ms, leaf.row.idx)) {
                if (const auto age = kept.ages.find(use->exam); age != kept.ages.end()) use->age_band = age->second;
                if (use->at_ms >= kept.uses_from_ms || kept.old_hours.contains(hour_of(use->at_ms)))
                    put(kept.uses, *use);
            }
            if (record->type.starts_with("usage.") || record->type == "coverage") continue;
        } else if (leaf.row.type == LeafType::declaration) {
            const auto declared = parse_declaration_leaf(bytes);
            if (!declared || declared->declared.event == unassigned_assigned) return false;
            at_ms = declared->declared.at_ms;
        }
        if (kept.taker.take(leaf, at_ms, kept.subject) == MomentTaker::Taken::out_of_order) return false;
    }
    MomentTaker::settle(kept.subject);
    kept.last_leaf = row.last_leaf;
    if (news.to_hour_ms == 0) return true;
    // An exam counts in the hour where it began, so that the hours beside may change too.
    const std::int64_t from = news.from_hour_ms - ms_per_hour, to = news.to_hour_ms + 2 * ms_per_hour;
    auto& hours = kept.subject.hours;
    const auto first = std::ranges::lower_bound(hours, from, {}, &rules::UseHour::hour_ms);
    const auto last = std::ranges::lower_bound(hours, to, {}, &rules::UseHour::hour_ms);
    auto place = hours.erase(first, last);
    for (const store::HourRow& hour : reader.hours(row.row.dev_no, from, to))
        place = std::next(hours.insert(place, use_hour(hour)));
    return true;
}

void CaseKeeper::read_all(store::StoreReader& reader, const store::StoreReader::Device& row, std::int64_t now_ms,
                          Kept& kept) {
    ++read_whole_;
    if (lent_ == &kept) lent_ = nullptr;
    bytes_ -= kept.bytes;
    kept = Kept{};
    kept.dev_no = row.row.dev_no;
    kept.last_leaf = row.last_leaf;
    kept.entry = row.row.entry;
    const auto hours = reader.hours(row.row.dev_no, 0, all_time_ms);
    read_past(reader, row, hours, kept.subject, kept.taker);
    kept.uses_from_ms = window_begin(now_ms);
    std::vector<std::int64_t> wanted;
    for (const store::HourRow& hour : hours)
        if (hour.hour_ms >= kept.uses_from_ms && hour.cell.exposures > 0) wanted.push_back(hour.hour_ms);
    kept.uses = read_packed_uses(reader, row.row.dev_no, hours, wanted);
    // More exposures of the latest examinations may come.
    for (auto use = kept.uses.rbegin(); use != kept.uses.rend() && kept.ages.size() < ages_max; ++use)
        if (use->exam != 0 && use->age_band != 0) kept.ages.emplace(use->exam, use->age_band);
}

void CaseKeeper::lend(Kept& kept) {
    if (lent_) scratch_ = std::move(lent_->subject.uses);
    lent_ = &kept;
    scratch_.clear();
    scratch_.reserve(kept.uses.size());
    for (const PackedUse& use : kept.uses) scratch_.push_back(unpacked(use));
    kept.subject.uses = std::move(scratch_);
}

void CaseKeeper::account(Kept& kept) {
    std::size_t bodies = 0;
    for (const rules::Moment& moment : kept.subject.moments) bodies += moment.body.capacity() + sizeof moment;
    const std::size_t papers = kept.subject.papers.tests.size() * 1'500 + 100'000;
    bytes_ -= kept.bytes;
    kept.bytes = bodies + papers + kept.uses.capacity() * sizeof(PackedUse) +
                 kept.subject.hours.capacity() * sizeof(rules::UseHour) +
                 kept.subject.climate.capacity() * sizeof(rules::Climate);
    bytes_ += kept.bytes;
}

void CaseKeeper::make_room(const std::string& but) {
    while (bytes_ > bytes_max_ && kept_.size() > 1) {
        auto oldest = kept_.end();
        for (auto it = kept_.begin(); it != kept_.end(); ++it)
            if (it->first != but && (oldest == kept_.end() || it->second.asked < oldest->second.asked)) oldest = it;
        if (lent_ == &oldest->second) lent_ = nullptr;
        bytes_ -= oldest->second.bytes;
        kept_.erase(oldest);
    }
}

rules::DeviceCase* CaseKeeper::refresh(store::StoreReader& reader, const std::string& device, const FleetFacts& fleet,
                                       std::int64_t now_ms) {
    const store::StoreReader::Snapshot snapshot{reader};
    const auto row = reader.device(device);
    if (!row || device.starts_with("unassigned-")) return nullptr;
    const auto [place, fresh] = kept_.try_emplace(device);
    Kept& kept = place->second;
    if (fresh || !catch_up(reader, *row, kept)) read_all(reader, *row, now_ms, kept);
    kept.asked = ++asked_;
    read_present(reader, *row, fleet, now_ms, !kept.papers, kept.subject);
    kept.papers = true;
    // What has left the window goes, but for the hours that a rule asked for.
    const std::int64_t begin = window_begin(now_ms);
    if (begin > kept.uses_from_ms) {
        kept.uses_from_ms = begin;
        std::erase_if(kept.uses, [&](const PackedUse& use) {
            return use.at_ms < begin && !kept.old_hours.contains(hour_of(use.at_ms));
        });
    }
    lend(kept);
    account(kept);
    make_room(device);
    return &kept.subject;
}

bool CaseKeeper::fetch(store::StoreReader& reader, const std::string& device, std::span<const std::int64_t> wanted) {
    const auto place = kept_.find(device);
    if (place == kept_.end()) return false;
    Kept& kept = place->second;
    std::vector<std::int64_t> missing;
    for (const std::int64_t hour : wanted) {
        if (hour >= kept.uses_from_ms || kept.old_hours.contains(hour)) continue;
        const auto known = std::ranges::lower_bound(kept.subject.hours, hour, {}, &rules::UseHour::hour_ms);
        if (known != kept.subject.hours.end() && known->hour_ms == hour && known->exposures > 0)
            missing.push_back(hour);
    }
    if (missing.empty()) return false;
    const auto hours = reader.hours(kept.dev_no, missing.front(), missing.back() + ms_per_hour);
    for (const PackedUse& use : read_packed_uses(reader, kept.dev_no, hours, missing)) put(kept.uses, use);
    kept.old_hours.insert(missing.begin(), missing.end());
    lend(kept);
    account(kept);
    return true;
}

void CaseKeeper::papers_changed(const std::string& device) {
    if (const auto place = kept_.find(device); place != kept_.end()) place->second.papers = false;
}

void CaseKeeper::all_papers_changed() {
    for (auto& [device, kept] : kept_) kept.papers = false;
}

}  // namespace gantry::judging
