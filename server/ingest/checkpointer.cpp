#include "server/ingest/checkpointer.hpp"

#include <fmt/format.h>

#include "common/io/clock.hpp"
#include "common/io/log.hpp"
#include "server/domain/checkpoint.hpp"
#include "server/ingest/limits.hpp"

namespace gantry::ingest {
namespace {

constexpr std::chrono::seconds look_period{1};
// 1,000 leaves may be a twentieth of a second: hashing and signing more often than this would only cost.
constexpr std::int64_t shortest_ms = 5000;

}  // namespace

Checkpointer::Checkpointer(std::filesystem::path database, std::string origin, SigningKey log_key, WriterQueue& writer,
                           Metrics& metrics)
    : database_{std::move(database)},
      origin_{std::move(origin)},
      key_{std::move(log_key)},
      writer_{writer},
      metrics_{metrics},
      reader_{database_} {}

void Checkpointer::start() {
    thread_ = std::thread{[this] { run(); }};
}

void Checkpointer::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard guard{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Checkpointer::run() {
    while (true) {
        bool last = false;
        {
            std::unique_lock lock{mutex_};
            last = wake_.wait_for(lock, look_period, [&] { return stopping_; });
        }
        const std::int64_t now_ms = clock::utc_ms();
        try {
            if (last || is_due(now_ms)) make_and_send(now_ms);
        } catch (const std::exception& fault) {
            log::error("checkpoint: not made", {{"error", fault.what()}});
        }
        if (last) return;
    }
}

bool Checkpointer::is_due(std::int64_t now_ms) {
    const std::uint64_t size = metrics_.log_size;
    if (size <= signed_.size()) return false;
    const std::int64_t waited_ms = now_ms - last_ms_;
    if (waited_ms < 0 || waited_ms >= std::chrono::milliseconds{checkpoint_period}.count()) return true;
    return size - signed_.size() >= checkpoint_leaves && waited_ms >= shortest_ms;
}

void Checkpointer::make_and_send(std::int64_t now_ms) {
    last_ms_ = now_ms;
    auto made = make(now_ms);
    if (!made) {
        metrics_.log_damaged = made.error().code == Errc::unauthentic ? 1 : 0;
        log::error("checkpoint: not signed", {{"error", made.error().message}});
        return;
    }
    metrics_.log_damaged = 0;
    if (*made) writer_.push(CheckpointRequest{std::move(**made)}, 0);
}

// Goes on from the last stored checkpoint, whose tree the stored tiles must still give.
Result<void> Checkpointer::begin_at_last() {
    const auto last = reader_.last_checkpoint();
    if (last) {
        auto tree = hasher_.frontier_at(last->size);
        if (!tree) return tree.error();
        if (tree->root() != last->root)
            return Error{Errc::unauthentic, fmt::format("the stored log of {} leaves gives root {}, signed was {}",
                                                        last->size, to_hex(tree->root()), to_hex(last->root))};
        signed_ = *tree;
    }
    begun_ = true;
    return {};
}

Result<std::optional<store::CheckpointRow>> Checkpointer::make(std::int64_t now_ms) {
    if (!begun_)
        if (auto begun = begin_at_last(); !begun) return begun.error();
    const auto state = reader_.log_state();
    if (!state || state->size <= signed_.size()) return std::optional<store::CheckpointRow>{};
    const merkle::Frontier stored = merkle::Frontier::parse(state->frontier).value();

    merkle::Frontier hashed = signed_;
    std::vector<merkle::TileHash> tiles;  // stored by the writer already
    hasher_.each(signed_.size(), state->size, [&](std::uint64_t, const Hash& hash) {
        tiles.clear();
        hashed.append(hash, tiles);
    });
    if (hashed.root() != stored.root())
        return Error{Errc::unauthentic,
                     fmt::format("the stored leaves {} to {} give root {}, the tree says {}", signed_.size(),
                                 state->size - 1, to_hex(hashed.root()), to_hex(stored.root()))};
    auto note = sign_checkpoint({origin_, state->size, hashed.root()}, key_);
    if (!note) return note.error();
    signed_ = hashed;
    return std::optional{store::CheckpointRow{state->size, hashed.root(), std::move(*note), now_ms}};
}

}  // namespace gantry::ingest
