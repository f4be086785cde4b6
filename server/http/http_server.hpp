#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/core/result.hpp"
#include "common/core/schema.hpp"
#include "server/domain/rules/pack.hpp"
#include "server/http/commands.hpp"
#include "server/http/judging.hpp"
#include "server/http/lifecycle_shelf.hpp"
#include "server/http/limits.hpp"
#include "server/http/live_bus.hpp"
#include "server/http/metrics.hpp"
#include "server/store/document_folder.hpp"

namespace gantry::http {

struct HttpConfig {
    std::string listen =
        "127.0.0.1:8080";                 // loopback addresses only: 127.0.0.1, ::1, localhost; port 0 picks a free one
    std::vector<std::string> host_names;  // further names this server answers for, without port
    std::filesystem::path database;       // the store's file; must exist
    std::shared_ptr<store::DocumentFolder> documents{};  // null: none are kept
    std::shared_ptr<LifecycleShelf> tables = std::make_shared<LifecycleShelf>();
    std::shared_ptr<const Schema> papers =
        std::make_shared<const Schema>();      // what a paper may hold; empty: none can be filed
    std::shared_ptr<const Judging> judging{};  // null: no rule is in force and nothing is known to be due
    std::shared_ptr<const PaperDuties> duties = std::make_shared<const PaperDuties>();  // empty: nothing is missing
    std::string dictionary = R"({"items":[]})";                                         // dictionary_json
    std::string version;
    std::string commit;
    bool demo = false;
    std::filesystem::path web_dir;  // serve the page from here instead of the embedded one (for developing it)
    HttpLimits limits{};
};

// Serves the API and the page. Threads: one for the network, `limits.readers` for the store; started by start(), gone
// after stop(). `commands`, `bus` and `metrics` must outlive it.
class HttpServer {
public:
    HttpServer(HttpConfig config, Commands& commands, LiveBus& bus, const Metrics& metrics);
    ~HttpServer();  // stops
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Listens, and only then returns. Errc::refused: not a loopback address; Errc::io: the address cannot be had.
    Result<void> start();
    // Takes no more connections, ends the streams, lets running answers end for at most limits.stop_ms, joins all
    // threads.
    void stop();

    std::uint16_t port() const;  // after start()
    std::string url() const;     // "http://127.0.0.1:8080"

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::http
