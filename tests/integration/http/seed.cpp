#include "tests/integration/http/seed.hpp"

#include <fmt/format.h>

#include <optional>

#include "server/domain/checkpoint.hpp"
#include "server/domain/leaf_json.hpp"

namespace gantry::testing {
namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t hour = 60 * minute;

std::string device_id(int number) { return fmt::format("ct-{:04}", number); }

// One device of each kind that a list can show: used, at fault, sealed, silent, never heard of.
DeviceFold fold_of(int number, std::int64_t now) {
    DeviceFold fold;
    if (number % 5 == 4) return fold;
    fold.life.state = number % 5 == 2 ? State::sealed : number % 5 == 1 ? State::fault : State::in_use;
    fold.life.since_ms = now - 240 * hour;
    fold.life.cleared_to = number % 5 == 2 ? State::in_use : State::none;
    fold.life.sealed_by = number % 5 == 2 ? seal_bit(Role::reg_h) : std::uint8_t{0};
    fold.life.base = fold.life;
    fold.life.base_ms = fold.life.since_ms;
    fold.life.base_leaf = 3;
    if (number == 0) {
        LifeEvent baseline;
        baseline.at_ms = fold.life.since_ms;
        baseline.recv_ms = now;
        baseline.leaf = 2;
        baseline.event = "baseline.declared";
        baseline.from = baseline.to = baseline.after = fold.life.state;
        baseline.owes = role_bit(Role::reg_h);
        fold.life.events = {baseline};
    }
    fold.operating = Operating::standby;
    fold.operating_since_ms = now - hour;
    fold.last_at_ms = fold.last_recv_ms = number % 5 == 3 ? now - 3 * hour : now - minute;
    fold.records = 1200;
    fold.exposures = 300;
    fold.tubes = {
        {.id = "A", .serial = "T-88", .exposures = 300, .exposure_ms = 900'000, .charge_ua_ms = 45'000'000'000}};
    if (number % 5 == 1)
        fold.faults = {{.code = "E-4410",
                        .severity = "hard",
                        .subsystem = "generator",
                        .raised_ms = now - 2 * hour,
                        .leaf_index = 3}};
    return fold;
}

}  // namespace

Seed::Seed(const std::filesystem::path& database, int devices, std::int64_t now_ms)
    : writer_{database}, now_ms_{now_ms}, last_leaf_(static_cast<std::size_t>(devices) + 2) {
    writer_.begin();
    for (int number = 0; number < devices; ++number) put_device(number);
    const auto pseudo = static_cast<store::DevNo>(devices + 1);
    writer_.put_device({pseudo, "unassigned-east", 0, R"({"fact":"registered","subject":"unassigned-east"})"});
    writer_.put_epoch({1, 1, EpochId{1}, 0, Hash{}, 0, "{}"});
    writer_.put_epoch({2, pseudo, EpochId{2}, 0, Hash{}, 0, "{}"});
    append_json(1, LeafType::fact, R"({"fact":"registered","subject":"ct-0000"})");
    append_record(pseudo, "usage.exam.start",
                  R"({"exam_h":"00112233445566778899aabbccddeeff","origin":{"ae":"CT9","serial":"S-9"}})");
    writer_.add_unassigned(size_ - 1);
    DeclarationLeaf baseline;
    baseline.declared.event = "baseline.declared";
    baseline.declared.subject = "ct-0000";
    baseline.declared.actor = "Lin Wei";
    baseline.declared.reason = "adoption";
    baseline.declared.at_ms = now_ms_ - 240 * hour;
    baseline.to = State::in_use;
    baseline.table = "CT/1";
    append_json(1, LeafType::declaration, declaration_leaf_json(baseline));
    writer_.add_moment(1, {now_ms_, 0, "registered"});
    writer_.add_moment(1, {baseline.declared.at_ms, size_ - 1, "baseline.declared"});
    for (int i = 0; i < 12; ++i)
        append_record(1, i % 3 == 0 ? "power.on" : "usage.exposure",
                      R"({"event_h":"00112233445566778899aabbccddeeff","acq":"spiral"})");
    append_json(1, LeafType::fact,
                R"({"epoch":"01000000000000000000000000000000","fact":"lost","from":5,"subject":"ct-0000","to":9})");
    writer_.add_finding({.dev_no = 1,
                         .rule = "records_lost",
                         .key = "k",
                         .kind = "delivery",
                         .severity = Severity::high,
                         .state = "",
                         .since_ms = now_ms,
                         .first_at_ms = now_ms,
                         .last_at_ms = now_ms,
                         .first_leaf = size_ - 1,
                         .last_leaf = size_ - 1});
    for (int i = 0; i < 3; ++i)
        writer_.add_finding({.dev_no = 1,
                             .rule = fmt::format("V1{}", i),
                             .key = "IN_USE 5",
                             .kind = "contradiction",
                             .severity = Severity::critical,
                             .suspected = true,
                             .state = "SEALED",
                             .since_ms = now_ms,
                             .first_at_ms = now_ms,
                             .last_at_ms = now_ms,
                             .first_leaf = 4,
                             .last_leaf = 5});
    add_judged();
    for (int i = 0; i < 3; ++i) {
        const paper::PaperFiling filing{
            "permit", fmt::format("P-{}", i),
            fmt::format(R"({{"from":1767225600000,"holder":"h-1","kind":"radiation_safety","no":"{}"}})", i)};
        writer_.put_paper({.leaf = 1'000'000 + static_cast<std::uint64_t>(i),
                           .kind = filing.kind,
                           .id = filing.id,
                           .recv_ms = now_ms_,
                           .actor = "Lin Wei",
                           .role = "HM",
                           .reason = "scan of the original",
                           .body = filing.body},
                          {{paper::Scope::device, "ct-0000"}});
    }
    put_places();
    const Checkpoint checkpoint{"gantry.test/1", size_, frontier_.root()};
    writer_.put_checkpoint(
        {size_, checkpoint.root, sign_checkpoint(checkpoint, SigningKey::from_seed(KeySeed{})).value(), now_ms});
    put_state();
    writer_.commit();
}

void Seed::put_places() {
    std::uint64_t leaf = 1'000'100;
    const auto put = [&](const char* kind, const char* id, const char* body, std::vector<paper::Subject> subjects) {
        writer_.put_paper({.leaf = leaf++,
                           .kind = kind,
                           .id = id,
                           .recv_ms = now_ms_,
                           .actor = "Lin Wei",
                           .role = "HM",
                           .reason = "list of organisations",
                           .body = body},
                          std::move(subjects));
    };
    put("org", "h-1", R"({"kind":"hospital","name":"第一医院","name_en":"First Hospital","region":"East"})",
        {{paper::Scope::org, "h-1"}});
    put("org", "lab-1", R"({"kind":"test_body","name":"Lab"})", {{paper::Scope::org, "lab-1"}});
    put("site", "East", R"({"name":"East campus","org":"h-1","tz":"Asia/Shanghai"})", {{paper::Scope::site, "East"}});
}

// What the rules found: one that lasts, one that ended and that people took care of, one withdrawn.
void Seed::add_judged() {
    const auto found = [&](std::string rule, std::string key, std::optional<std::int64_t> to) {
        const std::string end = to ? fmt::format(R"(,"to":{})", *to) : "";
        append_json(
            1, LeafType::fact,
            fmt::format(R"({{"count":3,"fact":"finding.found","from":{},"key":"{}","leaves":"3,4","limit":"365 d",)"
                        R"("measured":"412 d","rule":"{}","rule_version":1,"severity":"high","subject":"ct-0000",)"
                        R"("suspected":true{}}})",
                        now_ms_ - 40 * 24 * hour, key, rule, end));
        return store::FindingRow{.dev_no = 1,
                                 .rule = std::move(rule),
                                 .key = std::move(key),
                                 .kind = "violation",
                                 .severity = Severity::high,
                                 .suspected = true,
                                 .state = {},
                                 .since_ms = now_ms_ - 40 * 24 * hour,
                                 .first_at_ms = now_ms_ - 40 * 24 * hour,
                                 .last_at_ms = now_ms_,
                                 .first_leaf = 3,
                                 .last_leaf = size_ - 1,
                                 .count = 3,
                                 .open = true,
                                 .rule_version = 1,
                                 .measured = "412 d",
                                 .limit = "365 d",
                                 .leaves = "3,4"};
    };
    writer_.put_finding(found("V23", "test/it's due", {}));
    store::FindingRow closed = found("V35", "", now_ms_ - 10 * 24 * hour);
    closed.stage = "answered";
    closed.owner = "Wang Fang";
    writer_.put_finding(closed);
    writer_.add_finding_step({.leaf = size_ - 1,
                              .dev_no = 1,
                              .rule = "V35",
                              .key = "",
                              .recv_ms = now_ms_,
                              .action = "assigned",
                              .actor = "Lin Wei",
                              .role = "HM",
                              .reason = "knows the maker",
                              .owner = "Wang Fang"});
    store::FindingRow gone = found("W01", "tube A", {});
    gone.kind = "warning";
    gone.severity = Severity::medium;
    gone.open = false;
    gone.stage = "withdrawn";
    writer_.put_finding(gone);
}

void Seed::put_device(int number) {
    const auto dev_no = static_cast<store::DevNo>(number + 1);
    const std::string id = device_id(number);
    writer_.put_device(
        {dev_no, id, 0,
         fmt::format(
             R"({{"fact":"registered","maker":"Meridian","modality":"CT","model":"Axis <128>","name":"CT \"{}\"","org":"h-1","serial":"MA-{}",)"
             R"("site":"East","subject":"{}","tz":"Asia/Shanghai"}})",
             number, number, id)});
    const DeviceFold fold = fold_of(number, now_ms_);
    writer_.put_fold(dev_no, 0, serialize(fold));
    if (fold.records == 0) return;
    writer_.put_seen(
        {.dev_no = dev_no, .seen_ms = fold.last_recv_ms, .clock_offset_ms = 4, .pending = 0, .version = "0.1.0"});
    for (int i = 1; i <= 26; ++i) {
        HourCell cell;
        cell.coverage = (std::uint64_t{1} << 60) - 1;
        cell.exams = 4;
        cell.exposures = 12;
        cell.exposure_ms = 96'000;
        cell.half_exposures = {6, 6};
        cell.half_exposure_ms = {48'000, 48'000};
        cell.dlp_ugy_cm = 5'000'000;
        for (int n = 0; n < 12; ++n) cell.ctdivol.add(9'000);
        writer_.put_hour(dev_no, hour_of(now_ms_) - i * hour, cell);
    }
    writer_.put_interval(dev_no, {.lane = Lane::lifecycle,
                                  .key = {},
                                  .state = std::string{name(fold.life.state)},
                                  .from_ms = fold.life.since_ms,
                                  .to_ms = {},
                                  .leaf_index = 3});
    for (int i = 20; i > 0; --i)
        writer_.put_interval(dev_no, {.lane = Lane::operating,
                                      .key = {},
                                      .state = i % 2 == 0 ? "scanning" : "standby",
                                      .from_ms = now_ms_ - i * hour,
                                      .to_ms = i == 1 ? std::nullopt : std::optional{now_ms_ - (i - 1) * hour},
                                      .leaf_index = 4});
    for (const FaultFold& fault : fold.faults)
        writer_.put_interval(dev_no, {.lane = Lane::faults,
                                      .key = fault.code,
                                      .state = fault.severity,
                                      .from_ms = fault.raised_ms,
                                      .to_ms = {},
                                      .leaf_index = 3});
}

void Seed::append_record(store::DevNo dev_no, std::string_view type, std::string_view body) {
    RecordHead head;
    head.seq = ++seq_;
    head.t_ms = now_ms_;
    head.mono_ms = 1;
    head.boot = "b1";
    head.src = Source::rdsr;
    head.type = type;
    const std::string bytes = encode_record(head, body);
    append({.idx = size_,
            .type = LeafType::record,
            .recv_ms = now_ms_,
            .dev_no = dev_no,
            .epoch_no = dev_no == 1 ? 1U : 2U,
            .seq = seq_,
            .back = {},
            .bytes = as_bytes(bytes)});
}

void Seed::append_json(store::DevNo dev_no, LeafType type, std::string_view json) {
    append({.idx = size_,
            .type = type,
            .recv_ms = now_ms_,
            .dev_no = dev_no,
            .epoch_no = 0,
            .seq = 0,
            .back = {},
            .bytes = as_bytes(json)});
}

void Seed::append(store::LeafRow row) {
    auto& last = last_leaf_.at(row.dev_no);
    if (last) row.back = row.idx - *last;
    last = row.idx;
    writer_.append(row);
    const DeviceId dev = DeviceId::parse(row.dev_no == 1 ? "ct-0000" : "unassigned-east").value();
    std::vector<merkle::TileHash> completed;
    frontier_.append(store::leaf_row_hash(row, &dev, row.dev_no == 1 ? EpochId{1} : EpochId{2}), completed);
    for (const merkle::TileHash& tile : completed) writer_.put_tile(tile);
    ++size_;
}

void Seed::put_state() {
    const Bytes frontier = frontier_.serialize();
    writer_.put_log_state({size_, now_ms_, frontier});
    DeviceFold fold = fold_of(0, now_ms_);
    fold.records += size_;
    writer_.put_fold(1, *last_leaf_.at(1), serialize(fold));
}

std::uint64_t Seed::commit(std::uint64_t count, std::int64_t now_ms) {
    now_ms_ = now_ms;
    const std::uint64_t first = size_;
    writer_.begin();
    for (std::uint64_t i = 0; i < count; ++i) append_record(1, "power.on", "{}");
    put_state();
    writer_.commit();
    return first;
}

}  // namespace gantry::testing
