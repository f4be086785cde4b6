#include "server/domain/hour_cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "common/core/bytes.hpp"

namespace gantry {
namespace {

constexpr unsigned sub_bits = 3;  // eight buckets to each doubling

// Values below 8 have a bucket each; above, the highest bit and the three bits after it choose.
std::uint8_t bucket_of(std::uint32_t value) {
    if (value < (1U << sub_bits)) return static_cast<std::uint8_t>(value);
    const auto top = static_cast<unsigned>(std::bit_width(value)) - 1;
    const std::uint32_t sub = (value >> (top - sub_bits)) - (1U << sub_bits);
    return static_cast<std::uint8_t>(((top - sub_bits + 1) << sub_bits) + sub);
}

std::uint32_t middle_of(std::uint8_t index) {
    if (index < (1U << sub_bits)) return index;
    const unsigned shift = (index >> sub_bits) - 1U;
    const std::uint32_t low = ((index & ((1U << sub_bits) - 1U)) + (1U << sub_bits)) << shift;
    return low + ((1U << shift) - 1U) / 2U;
}

bool read_number(std::string_view& text, std::uint32_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

}  // namespace

void Sketch::add(std::uint32_t value, std::uint32_t count) {
    constexpr std::uint32_t value_max = 0x7FFF'FFFF;  // the last of the 232 buckets that a byte can number
    const std::uint8_t index = bucket_of(std::min(value, value_max));
    const auto place = std::ranges::lower_bound(buckets_, index, {}, &Bucket::index);
    if (place != buckets_.end() && place->index == index) {
        place->count += count;
    } else {
        buckets_.insert(place, {index, count});
    }
}

void Sketch::merge(const Sketch& other) {
    for (const Bucket& bucket : other.buckets_) add(middle_of(bucket.index), bucket.count);
}

std::uint64_t Sketch::count() const {
    std::uint64_t total = 0;
    for (const Bucket& bucket : buckets_) total += bucket.count;
    return total;
}

std::optional<std::uint32_t> Sketch::percentile(unsigned permille) const {
    const std::uint64_t total = count();
    if (total == 0) return std::nullopt;
    const std::uint64_t rank = std::min<std::uint64_t>(total - 1, total * permille / 1000);
    std::uint64_t below = 0;
    for (const Bucket& bucket : buckets_) {
        below += bucket.count;
        if (rank < below) return middle_of(bucket.index);
    }
    return middle_of(buckets_.back().index);
}

std::string Sketch::serialize() const {
    std::string out;
    for (const Bucket& bucket : buckets_) {
        if (!out.empty()) out.push_back(',');
        out += std::to_string(bucket.index) + ":" + std::to_string(bucket.count);
    }
    return out;
}

Result<Sketch> Sketch::parse(std::string_view text) {
    Sketch out;
    const Error bad{Errc::malformed, fmt::format("sketch: got '{}', want index:count,… with rising indexes", text)};
    while (!text.empty()) {
        std::uint32_t index = 0;
        std::uint32_t count = 0;
        if (!read_number(text, index) || !text.starts_with(':')) return bad;
        text.remove_prefix(1);
        if (!read_number(text, count) || index > 255 || count == 0) return bad;
        if (!out.buckets_.empty() && index <= out.buckets_.back().index) return bad;
        out.buckets_.push_back({static_cast<std::uint8_t>(index), count});
        if (text.empty()) break;
        if (!text.starts_with(',') || text.size() == 1) return bad;
        text.remove_prefix(1);
    }
    return out;
}

std::int64_t ExamEnds::aborted() const {
    std::int64_t out = 0;
    for (const std::int32_t count : discontinued) out += count;
    return out;
}

void ExamEnds::add(const ExamEnds& other) {
    completed += other.completed;
    timed += other.timed;
    exam_ms += other.exam_ms;
    for (std::size_t i = 0; i < discontinued.size(); ++i) discontinued[i] += other.discontinued[i];
}

std::string ExamEnds::serialize() const {
    if (*this == ExamEnds{}) return {};
    std::string out = fmt::format("{},{},{}", completed, timed, exam_ms);
    for (std::size_t i = 0; i < discontinued.size(); ++i)
        if (discontinued[i] != 0) out += fmt::format(",{}:{}", abort_reasons[i], discontinued[i]);
    return out;
}

Result<ExamEnds> ExamEnds::parse(std::string_view text) {
    const Error bad{Errc::malformed, fmt::format("exam ends: got '{}', want completed,timed,ms,reason:count…", text)};
    ExamEnds out;
    if (text.empty()) return out;
    const auto take = [&](auto& into) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return error == std::errc{};
    };
    const auto comma = [&] {
        const bool there = text.starts_with(',');
        if (there) text.remove_prefix(1);
        return there;
    };
    if (!take(out.completed) || !comma() || !take(out.timed) || !comma() || !take(out.exam_ms)) return bad;
    while (comma()) {
        const auto colon = text.find(':');
        const auto reason = std::ranges::find(abort_reasons, text.substr(0, colon));
        if (colon == std::string_view::npos || reason == abort_reasons.end()) return bad;
        text.remove_prefix(colon + 1);
        if (!take(out.discontinued[static_cast<std::size_t>(reason - abort_reasons.begin())])) return bad;
    }
    if (!text.empty()) return bad;
    return out;
}

int HourCell::coverage_minutes() const { return std::popcount(coverage); }

std::string HourCell::serialize_keys() const {
    Bytes out;
    out.reserve(5 + 8 * (event_keys.size() + exam_keys.size()));
    ByteWriter writer{out};
    writer.u8(keys_full ? 1 : 0);
    writer.u16(static_cast<std::uint16_t>(event_keys.size()));
    writer.u16(static_cast<std::uint16_t>(exam_keys.size()));
    for (const std::uint64_t key : event_keys) writer.u64(key);
    for (const std::uint64_t key : exam_keys) writer.u64(key);
    return std::string{as_text(out)};
}

Result<void> HourCell::parse_keys(std::string_view bytes) {
    ByteReader reader{as_bytes(bytes)};
    const std::uint8_t flags = reader.u8();
    const std::size_t events = reader.u16();
    const std::size_t exam_count = reader.u16();
    if (reader.failed() || flags > 1 || reader.remaining() != 8 * (events + exam_count))
        return Error{Errc::malformed, fmt::format("hour keys: got {} bytes for {} events and {} exams, want {}",
                                                  bytes.size(), events, exam_count, 5 + 8 * (events + exam_count))};
    keys_full = flags == 1;
    event_keys.resize(events);
    exam_keys.resize(exam_count);
    for (std::uint64_t& key : event_keys) key = reader.u64();
    for (std::uint64_t& key : exam_keys) key = reader.u64();
    return {};
}

}  // namespace gantry
