#include "server/ingest/collector.hpp"

#include <malloc.h>

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "common/io/clock.hpp"
#include "common/io/files.hpp"
#include "server/ingest/limits.hpp"

namespace gantry::ingest {

namespace {

// Message buffers come and go in megabytes. Given back to the kernel after each batch they would be faulted in again
// for the next: a fifth of the time at full load. 64 MiB is about what the bounded queues hold when they are full.
void keep_freed_memory() {
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_TOP_PAD, 4 << 20);
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
}

}  // namespace

Collector::Collector(CollectorOptions options, Transport& transport)
    : options_{std::move(options)},
      transport_{transport},
      inbox_{inbox_messages_max, inbox_bytes_max},
      queue_{verified_messages_max, verified_bytes_max},
      store_{options_.database} {
    keep_freed_memory();
    files::random_bytes(boot_);
    if (!options_.now_ms) options_.now_ms = clock::utc_ms;
    settle_identity();
    writer_ = std::make_unique<Writer>(store_, queue_, inbox_, receipts_, metrics_,
                                       WriterOptions{.boot = boot_,
                                                     .gen = gen_,
                                                     .now_ms = options_.now_ms,
                                                     .on_commit = options_.on_commit,
                                                     .catalogues = options_.catalogues});
    writer_->load();
    writer_->begin_with(options_.lifecycle_tables);
    verifier_ = std::make_unique<VerifierThread>(inbox_, queue_, options_.schema, metrics_);
    sender_ = std::make_unique<Sender>(receipts_, transport_, options_.receipt_key, options_.id, boot_, gen_, metrics_);
    checkpointer_ = std::make_unique<Checkpointer>(options_.database, origin_, options_.log_key, queue_, metrics_);
}

Collector::~Collector() { stop(); }

// A store belongs to one collector, under whose name its log is signed.
void Collector::settle_identity() {
    const std::string id = options_.id.text();
    const auto stored = store_.meta("collector_id");
    if (stored && *stored != id)
        throw std::runtime_error{
            fmt::format("{}: belongs to collector {}, configured is {}", options_.database.string(), *stored, id)};
    if (const auto gen = store_.meta("gen")) {
        const auto parsed = std::from_chars(gen->data(), gen->data() + gen->size(), gen_);
        if (parsed.ec != std::errc{}) throw std::runtime_error{fmt::format("store: gen: got {}, want a number", *gen)};
    }
    origin_ = store_.meta("origin").value_or(fmt::format("gantry/{}/{}", id, gen_));
    store_.begin();
    store_.put_meta("collector_id", id);
    store_.put_meta("gen", std::to_string(gen_));
    store_.put_meta("origin", origin_);
    store_.commit();
}

void Collector::start() {
    writer_->start();
    verifier_->start();
    sender_->start();
    checkpointer_->start();
    accepting_ = true;
}

void Collector::stop() {
    accepting_ = false;
    inbox_.close();
    verifier_->join();
    checkpointer_->stop();
    queue_.close();
    writer_->join();
    sender_->stop();
}

bool Collector::offer(std::string_view topic, ByteView payload) {
    if (!accepting_ || payload.size() > limits::frame_bytes_max) {
        if (accepting_) metrics_.refused(RefusedFrame::too_large);
        return false;
    }
    const std::size_t bytes = payload.size() + topic.size();
    Incoming incoming{std::string{topic}, Bytes(payload.begin(), payload.end()), options_.now_ms()};
    if (!inbox_.try_push(std::move(incoming), bytes)) {
        ++metrics_.inbox_dropped;
        return false;
    }
    return true;
}

void Collector::submit(DeclareRequest request) {
    const CommandDone done = request.done;
    if (!queue_.try_push(WriterItem{std::move(request)}, 0))
        done(Error{Errc::unavailable, "the collector has too much to do, or is stopping"});
}

bool Collector::submit(TablesRequest request) { return queue_.try_push(WriterItem{std::move(request)}, 0); }

bool Collector::submit(VerdictRequest request) { return queue_.try_push(WriterItem{std::move(request)}, 0); }

void Collector::submit(RegisterRequest request) {
    const auto done = request.done;
    if (!queue_.try_push(WriterItem{std::move(request)}, 0))
        done(Error{Errc::unavailable, "the collector has too much to do, or is stopping"});
}

void Collector::submit(ImportRequest request) {
    const auto done = request.done;
    if (!queue_.try_push(WriterItem{std::move(request)}, 0))
        done(Error{Errc::unavailable, "the collector has too much to do, or is stopping"});
}

}  // namespace gantry::ingest
