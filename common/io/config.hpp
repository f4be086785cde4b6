#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

// Settings: flag > environment GANTRY_… > conf.d/*.toml beside the file > file > default. A key is dotted ("mqtt.url");
// its environment name is GANTRY_ and the key in capitals with '_' for '.' and '-' (GANTRY_MQTT_URL).
namespace gantry {

class Config {
public:
    struct Sources {
        std::optional<std::filesystem::path> file;            // given by the user: must exist
        std::filesystem::path default_file;                   // read when it exists and no file was given; empty: none
        std::map<std::string, std::string> flags;             // key -> text from the command line
        std::function<const char*(const char*)> environment;  // default: getenv
    };

    // Reads and parses; an error names file, line and column.
    static Result<Config> load(Sources sources);

    // Each getter says what it wants; a wrong value is remembered for finish() and the fallback returned.
    std::string text(std::string_view key, std::string_view fallback = {});
    std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high, std::int64_t fallback);
    bool boolean(std::string_view key, bool fallback);
    std::string choice(std::string_view key, std::initializer_list<std::string_view> allowed,
                       std::string_view fallback);
    std::vector<std::string> list(std::string_view key);
    // Like text(), and a problem when it is absent or empty.
    std::string required_text(std::string_view key);
    bool has(std::string_view key);
    // A rule between keys that the program found broken.
    void problem(std::string message);

    // After all getters: every problem, one a line: wrong values, and keys that nobody asked for with the nearest known
    // one.
    Result<void> finish();

    // What is in force, one "key = value  (where it comes from)" a line, in the order asked. Values of keys that
    // contain "password", "secret" or "token" are not shown.
    std::string describe() const;
    // The files that were read, for the start line.
    const std::vector<std::string>& files() const;

    ~Config();
    Config(Config&&) noexcept;
    Config& operator=(Config&&) noexcept;

private:
    struct Impl;
    explicit Config(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry
