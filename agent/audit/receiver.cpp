#include "agent/audit/receiver.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "agent/audit/domain/audit_message.hpp"
#include "agent/audit/domain/limits.hpp"
#include "agent/audit/domain/observation.hpp"
#include "agent/audit/domain/syslog.hpp"
#include "common/io/clock.hpp"
#include "common/io/log.hpp"

namespace gantry::audit {
namespace asio = boost::asio;
namespace {

// A peer that sends nonsense must not fill the log: this many reasons a minute, the rest is in the counters.
constexpr int refusals_told_max = 10;
constexpr std::int64_t minute_ms = 60'000;

// A host name as RFC 1123 has it, for the log of this host; anything else is not repeated.
std::string_view host_name(std::string_view text) {
    const bool plain =
        text.size() <= 64 && std::ranges::all_of(text, [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        });
    return plain ? text : std::string_view{"?"};
}

}  // namespace

Receiver::Receiver(asio::any_io_executor executor, const Host& host, StateStore& state, RouteTable routes)
    : executor_{std::move(executor)}, host_{host}, state_{state}, routes_{std::move(routes)} {}

void Receiver::give_up() {
    given_up_ = true;
    for (auto& [path, link] : links_) link->give_up();
}

std::int64_t Receiver::evict() { return state_.evict(clock::utc_ms()); }

IntakeLink& Receiver::link(const std::filesystem::path& socket) {
    auto& slot = links_[socket];
    if (!slot) slot = std::make_unique<IntakeLink>(executor_, socket);
    if (given_up_) slot->give_up();
    return *slot;
}

bool Receiver::refuse(const Incoming& incoming, const Error& error) {
    ++counters_.refused;
    const std::int64_t now_ms = clock::monotonic_ms();
    if (now_ms - refusals_from_ms_ >= minute_ms) {
        refusals_from_ms_ = now_ms;
        refusals_told_ = 0;
    }
    if (++refusals_told_ <= refusals_told_max)
        log::warn("refused", {{"peer", incoming.peer}, {"bytes", incoming.bytes.size()}, {"reason", error.message}});
    return false;
}

void Receiver::tell_stranger(const Incoming& incoming, std::string_view host, const std::string& source_h) {
    ++counters_.unassigned;
    if (strangers_.size() >= limits::strangers_max || !strangers_.insert(source_h).second) return;
    log::warn("no route claims this sender, its observations go to the unassigned device",
              {{"source_h", source_h},
               {"peer", incoming.peer},
               {"certificate", incoming.certificate},
               {"host", host_name(host)}});
}

// False when nothing of the message is to be sent.
bool Receiver::prepare(const Incoming& incoming, Ready& out) {
    ++counters_.messages;
    const auto syslog = parse_syslog(incoming.bytes);
    if (!syslog) return refuse(incoming, syslog.error());
    const auto message = read_audit_message(syslog->text, host_.pseudonyms, host_.zone);
    if (!message) return refuse(incoming, message.error());
    if (message->zone_missing) ++counters_.no_zone;
    if (on_the_way_.contains(message->message_h) || state_.seen(message->message_h)) {
        ++counters_.repeated;
        return false;
    }
    const auto choice = routes_.choose({incoming.certificate, incoming.peer, message->ae, std::string{syslog->host}});
    std::string source_h;
    if (choice.unassigned)
        source_h =
            host_.pseudonyms.of("source", fmt::format("{}|{}|{}", incoming.certificate, incoming.peer, syslog->host));
    for (const Observation& observation : observe(*message, source_h)) {
        if (auto fits = host_.schema.check(observation.type, observation.body); !fits)
            return refuse(incoming, fits.error());
        out.lines.push_back(intake_line("audit", observation));
    }
    if (out.lines.empty()) {
        ++counters_.not_ours;
        return false;
    }
    if (choice.unassigned) tell_stranger(incoming, syslog->host, source_h);
    out.intake = choice.intake;
    out.message_h = message->message_h;
    on_the_way_.insert(out.message_h);
    return true;
}

asio::awaitable<void> Receiver::take(std::vector<Incoming> messages) {
    // Neighbours for the same intake share a commit there; their order stays.
    std::vector<Ready> group;
    for (const Incoming& incoming : messages) {
        Ready ready;
        if (!prepare(incoming, ready)) continue;
        if (!group.empty() && group.front().intake != ready.intake) {
            co_await deliver(std::move(group));
            group.clear();
        }
        group.push_back(std::move(ready));
    }
    if (!group.empty()) co_await deliver(std::move(group));
}

asio::awaitable<void> Receiver::deliver(std::vector<Ready> ready) {
    std::vector<std::string> lines;
    for (const Ready& message : ready) lines.insert(lines.end(), message.lines.begin(), message.lines.end());
    const std::vector<Verdict> verdicts = co_await link(ready.front().intake).deliver(std::move(lines));
    std::vector<std::string> done;
    std::size_t at = 0;
    for (const Ready& message : ready) {
        bool whole = true;
        for (std::size_t i = 0; i < message.lines.size(); ++i, ++at) {
            whole = whole && verdicts[at] != Verdict::unanswered;
            counters_.events += verdicts[at] == Verdict::accepted ? 1U : 0U;
            counters_.refused += verdicts[at] == Verdict::refused ? 1U : 0U;
        }
        on_the_way_.erase(message.message_h);
        if (whole)
            done.push_back(message.message_h);
        else
            ++counters_.lost;
    }
    state_.remember(done, clock::utc_ms());
}

}  // namespace gantry::audit
