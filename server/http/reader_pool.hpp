#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "server/store/store_reader.hpp"

namespace gantry::http {

// A few threads, each with a read connection of its own, and one bounded queue of work for them.
class ReaderPool {
public:
    using Job = std::function<void(store::StoreReader&)>;  // must not throw

    // Opens the connections at once; throws when the store cannot be read.
    ReaderPool(const std::filesystem::path& database, std::size_t threads, std::size_t jobs_max);
    ~ReaderPool();  // stops
    ReaderPool(const ReaderPool&) = delete;
    ReaderPool& operator=(const ReaderPool&) = delete;

    // False when the queue is full or stopped; the job is then gone.
    bool try_post(Job job);
    // Waits for running jobs, drops waiting ones.
    void stop();

private:
    void run(store::StoreReader& reader);

    const std::size_t jobs_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    bool stopped_ = false;
    std::vector<store::StoreReader> readers_;
    std::vector<std::thread> threads_;
};

}  // namespace gantry::http
