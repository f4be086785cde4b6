#include "server/ingest/verifier.hpp"

#include "common/core/topics.hpp"

namespace gantry::ingest {
namespace {

constexpr std::size_t taken_at_once = 64;  // few lock operations a message, and no long hold of memory

RefusedFrame reason_of(const Rejected& rejected) {
    if (rejected.reason == "signature") return RefusedFrame::signature;
    if (rejected.reason == "chain") return RefusedFrame::chain;
    if (rejected.reason == "direction") return RefusedFrame::direction;
    if (rejected.reason == "unknown_key") return RefusedFrame::unknown_key;
    return RefusedFrame::layout;
}

template <class Verified>
void settle(VerifiedItem& item, Verified&& verified, Metrics& metrics) {
    if (const auto* rejected = std::get_if<Rejected>(&verified)) metrics.refused(reason_of(*rejected));
    std::visit([&](auto&& what) { item.what = std::forward<decltype(what)>(what); }, std::forward<Verified>(verified));
}

}  // namespace

std::optional<VerifiedItem> verify_incoming(Incoming&& incoming, const KeyTable& keys, const Schema& schema,
                                            Metrics& metrics) {
    const auto topic = parse_device_topic(incoming.topic);
    if (!topic || topic->channel != Channel::up) {
        metrics.refused(RefusedFrame::topic);
        return std::nullopt;
    }
    const KeyTable::Known* known = keys.find(topic->dev);
    if (!known) {
        metrics.refused(RefusedFrame::unknown_device);
        return std::nullopt;
    }
    VerifiedItem item{known->dev_no, incoming.received_ms, std::move(incoming.payload), {}};
    if (!known->key) {
        settle(item, std::variant<VerifiedFrame, Rejected>{reject_without_key(item.payload)}, metrics);
    } else if (is_message(item.payload)) {
        settle(item, verify_up_message(item.payload, topic->dev, *known->key), metrics);
    } else {
        settle(item, verify_up_frame(item.payload, topic->dev, *known->key, schema), metrics);
        if (const auto* frame = std::get_if<VerifiedFrame>(&item.what); frame && !frame->refusal.empty())
            metrics.refused(refused_record(frame->refusal));
    }
    return item;
}

void VerifierThread::run() {
    std::vector<InboxItem> taken;
    while (inbox_.take(taken, taken_at_once, std::nullopt, [](const InboxItem&) { return true; })) {
        metrics_.inbox_depth = static_cast<std::int64_t>(inbox_.size());
        for (InboxItem& item : taken) {
            if (const auto* update = std::get_if<KeyUpdate>(&item)) {
                keys_.put(*update);
                continue;
            }
            auto verified = verify_incoming(std::move(std::get<Incoming>(item)), keys_, schema_, metrics_);
            if (!verified) continue;
            // What was read out of the payload takes about as much again.
            const std::size_t bytes = 2 * verified->payload.size();
            if (!out_.push(WriterItem{std::move(*verified)}, bytes)) return;
        }
        taken.clear();
    }
}

}  // namespace gantry::ingest
