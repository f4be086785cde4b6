#include "server/judging/texts.hpp"

#include <boost/json.hpp>
#include <stdexcept>

#include "common/io/files.hpp"

namespace gantry::judging {
namespace {

std::map<std::string, std::string, std::less<>> read_one(const std::filesystem::path& file) {
    const auto text = files::read_all(file);
    if (!text) throw std::invalid_argument{text.error().message};
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(*text, error);
    if (error || !value.is_object()) throw std::invalid_argument{file.string() + ": want one JSON object"};
    std::map<std::string, std::string, std::less<>> out;
    for (const auto& [key, entry] : value.get_object()) {
        if (!entry.is_string()) throw std::invalid_argument{file.string() + ": " + std::string{key} + ": want a text"};
        out.emplace(key, std::string_view{entry.get_string()});
    }
    return out;
}

}  // namespace

Texts Texts::read(const std::filesystem::path& folder) {
    Texts out;
    out.en_ = read_one(folder / "en.json");
    out.zh_ = read_one(folder / "zh-CN.json");
    return out;
}

std::string_view Texts::text(std::string_view key, due::Language language) const {
    const auto& texts = language == due::Language::zh ? zh_ : en_;
    const auto found = texts.find(key);
    return found == texts.end() ? key : std::string_view{found->second};
}

}  // namespace gantry::judging
