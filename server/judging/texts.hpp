#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "server/domain/due/calendar.hpp"

namespace gantry::judging {

// The catalogue of what people see: config/text/{en,zh-CN}.json.
class Texts {
public:
    // Throws std::invalid_argument with file and reason.
    static Texts read(const std::filesystem::path& folder);

    // A key that is not there stands for itself.
    std::string_view text(std::string_view key, due::Language language) const;

private:
    std::map<std::string, std::string, std::less<>> en_, zh_;
};

}  // namespace gantry::judging
