#include "agent/core/agent.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "agent/core/guest.hpp"
#include "common/core/topics.hpp"
#include "common/io/clock.hpp"
#include "common/io/log.hpp"
#include "common/io/notify.hpp"
#include "common/io/version.hpp"

namespace gantry::agent {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t prune_period_ms = 600'000;
constexpr std::size_t prune_rows_max = 1'000;  // in one commit: a pause of a few milliseconds for the intake
constexpr std::int64_t reopen_period_ms = 5'000;
constexpr std::int64_t warning_period_ms = 10'000;

std::string ok_line(const Promise& promise) {
    return "ok " + to_hex(promise.epoch) + " " + std::to_string(promise.seq) + " " + to_hex(promise.head);
}

// One line, whatever the text holds.
std::string error_line(std::string_view code, std::string_view text) {
    std::string line = "error " + std::string{code} + " ";
    for (const char c : text.substr(0, 400)) line.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    return line;
}

UniqueFd block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);  // before any thread: all inherit it; the loop reads what came meanwhile
    signal(SIGPIPE, SIG_IGN);
    UniqueFd fd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!fd) throw std::runtime_error{"signalfd failed"};
    return fd;
}

}  // namespace

struct Agent::Judged {
    std::uint64_t client = 0;
    std::string answer;  // empty: `observation` waits for its place
    Observation observation;
};

Agent::Agent(AgentSettings settings, Provisioning trust, SigningKey key, Schema schema)
    : settings_{std::move(settings)},
      trust_{trust},
      key_{std::move(key)},
      schema_{std::move(schema)},
      host_{host_fingerprint(settings_.device, settings_.host)},
      machine_boot_{clock::machine_boot_id()},
      signals_{block_signals()} {
    auto held = files::lock(settings_.state / "lock");
    if (!held) throw std::runtime_error{"another agent uses this state folder? " + held.error().message};
    lock_ = std::move(*held);
    start_link();
    open_first_outbox();
    open_start_epoch();
    intake_ = std::make_unique<Intake>(settings_.intake_socket, settings_.intake);
    const auto now = clock::monotonic_ms();
    next_minute_ms_ = now;
    next_prune_ms_ = now + minute_ms;
}

Agent::~Agent() = default;

Stamp Agent::stamp() const {
    const auto clk = clock::sync_state();
    const auto state = clk == clock::Sync::sync     ? ClockState::sync
                       : clk == clock::Sync::unsync ? ClockState::unsync
                                                    : ClockState::unknown;
    return {clock::utc_ms(), clock::boottime_ms(), machine_boot_, state};
}

// ---- start
// ---------------------------------------------------------------------------------------------------------------------

void Agent::start_link() {
    if (settings_.mqtt.url.empty()) {
        log::warn("no broker configured (mqtt.url): records wait in the outbox");
        return;
    }
    MqttOptions options = settings_.mqtt;
    options.client_id = settings_.device.text();
    options.subscriptions = {device_topic(settings_.device, Channel::down), collector_status_topic(trust_.collector)};
    options.will = MqttWill{device_topic(settings_.device, Channel::status), R"({"state":"down"})", true};
    options.message_bytes_max = LinkInbox::message_bytes_max;
    MqttEvents events;
    events.on_message = [this](std::string_view topic, ByteView payload, bool) { inbox_.push_message(topic, payload); };
    events.on_connection = [this](bool up, std::string_view why) { inbox_.push_connection(up, why); };
    events.on_published = [this](std::uint32_t, int reason) { inbox_.push_puback(reason); };
    link_ = std::make_unique<MqttLink>(std::move(options), std::move(events));
}

void Agent::open_outbox() {
    outbox_ = std::make_unique<Outbox>(settings_.outbox_file(), settings_.device, settings_.outbox);
}

// A device must not go unwatched because a file was damaged: the damaged outbox is kept for a person, and a new one
// says what happened.
void Agent::open_first_outbox() {
    try {
        open_outbox();
    } catch (const sql::SqlBroken& error) {
        const std::string aside = settings_.outbox_file().string() + ".broken-" + std::to_string(clock::utc_ms());
        log::error("alarm: the outbox is damaged and was set aside", {{"why", error.what()}, {"kept_as", aside}});
        for (const char* part : {"", "-wal", "-shm"}) {
            std::error_code absent;
            std::filesystem::rename(settings_.outbox_file().string() + part, aside + part, absent);
        }
        open_outbox();
    }
}

// Every start opens an epoch. The marker tells a lost outbox from a first start: it is written after the first commit
// and never goes.
void Agent::open_start_epoch() {
    const auto marker = settings_.state / "installed";
    std::error_code ignored;
    const bool known = std::filesystem::exists(marker, ignored);
    const std::string_view reason = !outbox_->empty() ? "start" : known ? "outbox_lost" : "install";
    EpochOpening opening{reason, host_.value, host_.parts, version_text};
    Outbox::Batch batch{*outbox_};
    batch.open_epoch(opening, stamp());
    batch.commit();
    if (!known) files::write_atomic(marker, "this folder belongs to an agent that made an outbox here\n").value();
    if (reason == "outbox_lost") log::error("alarm: the outbox of this device is gone, a new one was made");
    std::uint64_t seed = 0;
    files::random_bytes({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
    sender_ = std::make_unique<Sender>(Sender::Identity{settings_.device, key_, trust_, opening}, *outbox_, link_.get(),
                                       seed);
    log::info(
        "epoch open",
        {{"epoch", to_hex(outbox_->current_epoch())}, {"reason", reason}, {"pending", outbox_->pending_records()}});
}

// ---- the loop
// ------------------------------------------------------------------------------------------------------------------

void Agent::run() {
    if (link_) link_->start();
    notify_systemd("READY=1");
    log::info("running", {{"device", settings_.device.text()},
                          {"intake", settings_.intake_socket.string()},
                          {"state", settings_.state.string()}});
    while (wait(clock::monotonic_ms())) round();

    notify_systemd("STOPPING=1");
    intake_->close_door();
    watch_.finish_hour();
    round();  // What was read is committed and answered.
    if (sender_) sender_->publish_status("down");
    if (link_) link_->stop();
    log::info("stopped");
}

std::int64_t Agent::next_wakeup(std::int64_t now_ms) const {
    std::int64_t wake = std::min(next_minute_ms_, next_prune_ms_);
    if (sender_)
        wake = std::min(wake, sender_->next_wakeup(now_ms));
    else
        wake = std::min(wake, reopen_at_ms_);
    if (const auto deadline = intake_->next_deadline_ms()) wake = std::min(wake, deadline);
    return intake_->has_more() ? now_ms : wake;
}

bool Agent::wait(std::int64_t now_ms) {
    std::vector<pollfd> fds{{signals_.get(), POLLIN, 0}, {inbox_.fd(), POLLIN, 0}};
    intake_->watch(fds);
    const auto timeout = std::clamp<std::int64_t>(next_wakeup(now_ms) - now_ms, 0, minute_ms);
    ::poll(fds.data(), fds.size(), static_cast<int>(timeout));
    return (fds[0].revents & POLLIN) == 0 || read_signals();
}

bool Agent::read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        if (info.ssi_signo != SIGHUP) return false;
        log::info(
            "SIGHUP: all settings of an agent take effect at a start: restart it to change them (nothing is lost by "
            "that)");
    }
    return true;
}

void Agent::round() {
    try {
        if (!outbox_ && clock::monotonic_ms() >= reopen_at_ms_) {
            open_outbox();
            open_start_epoch();
            if (link_) link_->reconnect("the outbox was opened again");
            log::info("outbox: open again");
        }
        const auto taken = inbox_.take();
        if (sender_) sender_->take(taken, clock::monotonic_ms());
        if (clock::monotonic_ms() >= next_minute_ms_) minute();
        take_lines();
        if (sender_) {
            append_own();
            sender_->pump(clock::monotonic_ms(), stamp());
            keep_house(clock::monotonic_ms());
        }
    } catch (const sql::SqlError& error) {
        outbox_failed(error);
    }
}

// After an I/O error nobody knows what the last commit did: only what is read back from the disk counts.
void Agent::outbox_failed(const std::exception& error) {
    log::error("outbox: failed, opening it again in 5 s", {{"why", error.what()}});
    sender_.reset();
    outbox_.reset();
    reopen_at_ms_ = clock::monotonic_ms() + reopen_period_ms;
}

void Agent::minute() {
    next_minute_ms_ = clock::monotonic_ms() + minute_ms;
    watch_.tick(clock::utc_ms(), clock::boottime_ms());
    if (++minutes_ == 2) guest::give_back();  // connected by now, as a rule
    if (!sender_) return;
    Beat beat;
    beat.t_ms = clock::utc_ms();
    beat.mono_ms = clock::boottime_ms();
    beat.pending = sender_->delivery().pending();
    beat.outbox_bytes = static_cast<std::uint64_t>(outbox_->pending_bytes() + outbox_->tail_bytes());
    beat.version = version_text;
    sender_->send_beat(beat);
}

// Own records and receipted places that no intake line carried along.
void Agent::append_own() {
    if (clock::monotonic_ms() < own_retry_at_ms_) return;
    using enum Watch::Room;
    const auto own = watch_.ready(outbox_->full() ? none : outbox_->nearly_full() ? little : plenty);
    const bool marks_due = sender_->marks_are_due(clock::monotonic_ms());
    if (own.empty() && !marks_due) return;
    try {
        Outbox::Batch batch{*outbox_};
        sender_->write_marks(batch);
        const Stamp now = stamp();
        for (const auto& record : own) batch.append({Source::agent, {}, record.type, record.body}, now);
        batch.commit();
    } catch (const sql::SqlFull&) {
        own_retry_at_ms_ = clock::monotonic_ms() + reopen_period_ms;  // The intake tells of it; these wait.
        return;
    }
    sender_->marks_written();
    watch_.appended(own.size());
    if (!own.empty()) sender_->appended(false, clock::monotonic_ms());
}

void Agent::keep_house(std::int64_t now_ms) {
    if (now_ms < next_prune_ms_) return;
    const auto gone = outbox_->prune(clock::utc_ms(), prune_rows_max,
                                     [&](const EpochId& epoch, std::uint64_t seq) { sender_->pruned(epoch, seq); });
    // While there is more to prune it goes on in the next rounds, a piece at a time.
    next_prune_ms_ = gone > 0 ? now_ms + 50 : now_ms + prune_period_ms;
}

// ---- lines
// ---------------------------------------------------------------------------------------------------------------------

Agent::Judged Agent::judge(const Intake::Line& line) const {
    Judged judged{line.client, {}, {}};
    if (line.too_long) {
        judged.answer =
            error_line("too_large", "line: want at most " + std::to_string(settings_.intake.line_bytes_max) + " bytes");
        return judged;
    }
    if (line.text == R"({"query":"status"})") {
        judged.answer = status_json();
        return judged;
    }
    auto observation = parse_intake_line(line.text, schema_);
    if (observation)
        judged.observation = std::move(*observation);
    else
        judged.answer = error_line(intake_code(observation.error().code), observation.error().message);
    return judged;
}

void Agent::take_lines() {
    const auto lines = intake_->collect(clock::monotonic_ms());
    if (lines.empty()) return;
    std::vector<Judged> judged;
    judged.reserve(lines.size());
    for (const auto& line : lines) judged.push_back(judge(line));
    std::optional<sql::SqlBroken> broken;
    try {
        commit_lines(judged);
    } catch (const sql::SqlBroken& error) {
        broken = error;
    }
    for (const auto& line : judged) intake_->answer(line.client, line.answer);
    intake_->flush(clock::monotonic_ms());
    if (broken) throw *broken;
}

void Agent::commit_lines(std::vector<Judged>& lines) {
    const Stamp now = stamp();
    std::string_view code;
    std::string why;
    std::vector<Promise> promises;
    bool urgent = false;
    const auto waits = [](const Judged& line) { return line.answer.empty(); };
    if (std::ranges::none_of(lines, waits)) return;
    std::optional<sql::SqlBroken> broken;
    if (!outbox_) {
        code = "io";
        why = "the outbox cannot be opened";
    } else if (outbox_->full()) {
        code = "full";
        why = "the outbox is full: got " + std::to_string(outbox_->pending_bytes()) +
              " bytes that wait for their receipt, want less than " +
              std::to_string(settings_.outbox.pending_bytes_max);
    } else {
        try {
            Outbox::Batch batch{*outbox_};
            sender_->write_marks(batch);
            for (const auto& line : lines) {
                if (!waits(line)) continue;
                promises.push_back(batch.append(
                    {line.observation.src, line.observation.at_ms, line.observation.type, line.observation.body}, now));
                urgent = urgent || line.observation.urgent;
            }
            batch.commit();
            sender_->marks_written();
        } catch (const sql::SqlFull& error) {
            code = "full";
            why = error.what();
        } catch (const sql::SqlBroken& error) {
            code = "io";
            why = error.what();
            broken = error;
        } catch (const sql::SqlError& error) {
            code = "io";
            why = error.what();
        }
    }
    auto promise = promises.begin();
    for (auto& line : lines) {
        if (!waits(line)) continue;
        if (code.empty()) {
            line.answer = ok_line(*promise++);
        } else {
            line.answer = error_line(code, why);
            watch_.refused(code, now.t_ms);
        }
    }
    if (code.empty()) {
        sender_->appended(urgent, clock::monotonic_ms());
    } else if (clock::monotonic_ms() - last_warning_ms_ >= warning_period_ms) {
        last_warning_ms_ = clock::monotonic_ms();
        log::error("intake: lines refused", {{"code", code}, {"why", why}, {"refused_total", watch_.refused_total()}});
    }
    if (broken) throw *broken;
}

std::string Agent::status_json() const {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("device", settings_.device.text());
    if (outbox_) {
        const EpochState& tip = outbox_->current();
        json.field("epoch", to_hex(tip.id)).field("last_seq", tip.last_seq).field("acked_seq", sender_->acked(tip.id));
        json.field("pending", sender_->delivery().pending()).field("tail", sender_->tail_records());
        json.field("connected", sender_->connected()).field("refused", sender_->delivery().refused());
    } else {
        json.key("epoch").null().field("last_seq", 0).field("acked_seq", 0).field("pending", 0).field("tail", 0);
        json.field("connected", false).field("refused", 0);
    }
    json.end_object();
    return out;
}

}  // namespace gantry::agent
