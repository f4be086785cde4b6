#pragma once

#include <cstdint>
#include <filesystem>

#include "server/store/store_writer.hpp"

// A store with a small fleet in it, made of rows that the collector would write.
namespace gantry::testing {

class Seed {
public:
    Seed(const std::filesystem::path& database, int devices, std::int64_t now_ms);

    // Appends records of the first device in one commit; answers the first new index.
    std::uint64_t commit(std::uint64_t count, std::int64_t now_ms);
    std::uint64_t size() const { return size_; }

private:
    void put_device(int number);
    void put_places();
    void add_judged();
    void append_record(store::DevNo dev_no, std::string_view type, std::string_view body);
    void append_json(store::DevNo dev_no, LeafType type, std::string_view json);
    void append(store::LeafRow row);
    void put_state();

    store::StoreWriter writer_;
    std::int64_t now_ms_;
    std::uint64_t size_ = 0;
    std::uint64_t seq_ = 0;
    std::vector<std::optional<std::uint64_t>> last_leaf_;
    merkle::Frontier frontier_;
};

}  // namespace gantry::testing
