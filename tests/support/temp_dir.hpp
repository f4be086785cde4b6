#pragma once

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace gantry::testing {

// Each test owns its files; nothing is left behind, nothing collides. GANTRY_KEEP=1 keeps the folder, for a look
// afterwards.
class TempDir {
public:
    TempDir() {
        auto pattern = (std::filesystem::temp_directory_path() / "gantry-test-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::system_error{errno, std::generic_category(), pattern};
        path_ = pattern;
    }
    ~TempDir() {
        std::error_code ignored;  // A destructor must not throw over a test's own failure.
        if (getenv("GANTRY_KEEP") == nullptr) std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace gantry::testing
