#include "server/http/reader_pool.hpp"

#include <utility>

namespace gantry::http {

ReaderPool::ReaderPool(const std::filesystem::path& database, std::size_t threads, std::size_t jobs_max)
    : jobs_max_{jobs_max} {
    readers_.reserve(threads);  // the threads keep references
    for (std::size_t i = 0; i < threads; ++i) readers_.emplace_back(database);
    for (store::StoreReader& reader : readers_) threads_.emplace_back(&ReaderPool::run, this, std::ref(reader));
}

ReaderPool::~ReaderPool() { stop(); }

bool ReaderPool::try_post(Job job) {
    {
        const std::scoped_lock lock{mutex_};
        if (stopped_ || jobs_.size() >= jobs_max_) return false;
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
    return true;
}

void ReaderPool::stop() {
    std::deque<Job> dropped;  // their captures are destroyed outside the lock
    {
        const std::scoped_lock lock{mutex_};
        stopped_ = true;
        dropped.swap(jobs_);
    }
    changed_.notify_all();
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

void ReaderPool::run(store::StoreReader& reader) {
    for (;;) {
        Job job;
        {
            std::unique_lock lock{mutex_};
            while (!stopped_ && jobs_.empty()) changed_.wait(lock);
            if (stopped_) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job(reader);
    }
}

}  // namespace gantry::http
