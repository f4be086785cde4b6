#include "agent/dicom/site_config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>

namespace gantry::dicom {
namespace {

constexpr std::array<std::string_view, 12> proto_groups = {"head",   "neck",       "chest",       "abdomen",
                                                           "pelvis", "spine",      "extremity",   "cardiac",
                                                           "angio",  "whole_body", "calibration", "other"};

struct Word {
    std::string_view word;  // lower case
    std::string_view group;
};
// The first that occurs wins, so the narrow ones stand before the wide ones: an angiography of the head is angio.
constexpr Word words[] = {
    {"daily qa", "calibration"},
    {"calib", "calibration"},
    {"phantom", "calibration"},
    {"quality", "calibration"},
    {"water", "calibration"},
    {"校准", "calibration"},
    {"质控", "calibration"},
    {"水模", "calibration"},
    {"模体", "calibration"},
    {"angio", "angio"},
    {"cta", "angio"},
    {"血管", "angio"},
    {"cardi", "cardiac"},
    {"coron", "cardiac"},
    {"heart", "cardiac"},
    {"calcium", "cardiac"},
    {"冠脉", "cardiac"},
    {"冠状", "cardiac"},
    {"心脏", "cardiac"},
    {"whole body", "whole_body"},
    {"wholebody", "whole_body"},
    {"trauma", "whole_body"},
    {"全身", "whole_body"},
    {"spine", "spine"},
    {"lumbar", "spine"},
    {"cervical", "spine"},
    {"腰椎", "spine"},
    {"颈椎", "spine"},
    {"胸椎", "spine"},
    {"脊柱", "spine"},
    {"head", "head"},
    {"brain", "head"},
    {"skull", "head"},
    {"cranial", "head"},
    {"sinus", "head"},
    {"temporal", "head"},
    {"orbit", "head"},
    {"头", "head"},
    {"颅", "head"},
    {"脑", "head"},
    {"鼻窦", "head"},
    {"颞骨", "head"},
    {"neck", "neck"},
    {"颈", "neck"},
    {"thorax", "chest"},
    {"chest", "chest"},
    {"lung", "chest"},
    {"胸", "chest"},
    {"肺", "chest"},
    {"abdo", "abdomen"},
    {"liver", "abdomen"},
    {"renal", "abdomen"},
    {"kidney", "abdomen"},
    {"colon", "abdomen"},
    {"腹", "abdomen"},
    {"肝", "abdomen"},
    {"肾", "abdomen"},
    {"pelvi", "pelvis"},
    {"盆", "pelvis"},
    {"extremit", "extremity"},
    {"shoulder", "extremity"},
    {"knee", "extremity"},
    {"ankle", "extremity"},
    {"wrist", "extremity"},
    {"elbow", "extremity"},
    {"foot", "extremity"},
    {"hand", "extremity"},
    {"肩", "extremity"},
    {"膝", "extremity"},
    {"踝", "extremity"},
    {"腕", "extremity"},
    {"肘", "extremity"},
    {"四肢", "extremity"},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
    return out;
}

Error wrong(std::string_view file, std::string_view where, std::string_view got, std::string_view want) {
    return {Errc::malformed, fmt::format("{}: {}: got {}, want {}", file, where, got, want)};
}

std::string_view known_group(std::string_view text) {
    const auto* found = std::ranges::find(proto_groups, text);
    return found == proto_groups.end() ? std::string_view{} : *found;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;
    std::size_t in = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_in = 0;
    while (in < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            star_in = in;
        } else if (at < pattern.size() && (pattern[at] == '?' || lower(pattern[at]) == lower(text[in]))) {
            ++at;
            ++in;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            in = ++star_in;
        } else {
            return false;
        }
    }
    while (at < pattern.size() && pattern[at] == '*') ++at;
    return at == pattern.size();
}

Result<SiteConfig> SiteConfig::parse(std::string_view text, std::string_view file_name) {
    toml::table root;
    try {
        root = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return Error{Errc::malformed,
                     fmt::format("{}: line {}: {}", file_name, error.source().begin.line, error.description())};
    }
    SiteConfig out;
    for (const auto& [key, node] : root) {
        const std::string_view name = key.str();
        if (name == "test_object" && node.is_array_of_tables()) {
            for (const auto& entry : *node.as_array()) {
                const toml::table& table = *entry.as_table();
                for (const auto& [inner, ignored] : table) {
                    if (inner != "field" && inner != "pattern" && inner != "purpose") {
                        return wrong(file_name, "test_object", inner.str(), "field, pattern or purpose");
                    }
                }
                const std::string field = table["field"].value_or(std::string{});
                const std::string pattern = table["pattern"].value_or(std::string{});
                const std::string purpose = table["purpose"].value_or(std::string{"phantom"});
                if (field != "patient_id" && field != "patient_name") {
                    return wrong(file_name, "test_object.field", fmt::format("\"{}\"", field),
                                 "patient_id or patient_name");
                }
                if (pattern.empty())
                    return wrong(file_name, "test_object.pattern", "nothing", "a pattern such as \"*QC*\"");
                if (purpose != "phantom" && purpose != "service") {
                    return wrong(file_name, "test_object.purpose", fmt::format("\"{}\"", purpose),
                                 "phantom or service");
                }
                out.test_objects_.push_back(
                    {field == "patient_id", pattern, purpose == "service" ? "service" : "phantom"});
            }
        } else if (name == "protocol_groups" && node.is_table()) {
            for (const auto& [protocol, group] : *node.as_table()) {
                const std::string_view known = known_group(group.value_or(std::string_view{}));
                if (known.empty()) {
                    return wrong(file_name, fmt::format("protocol_groups.\"{}\"", protocol.str()), "an unknown group",
                                 fmt::format("one of {}", fmt::join(proto_groups, ", ")));
                }
                out.protocol_groups_.emplace(std::string{protocol.str()}, known);
            }
        } else {
            return wrong(file_name, "file", name, "[[test_object]] or [protocol_groups]");
        }
    }
    return out;
}

Purpose SiteConfig::purpose_of(std::string_view patient_id, std::string_view patient_name) const {
    if (test_objects_.empty()) return {};
    for (const TestObject& object : test_objects_) {
        if (matches_pattern(object.pattern, object.by_id ? patient_id : patient_name))
            return {object.purpose, "pattern"};
    }
    return {"patient", "pattern"};
}

std::string_view SiteConfig::proto_group_of(std::string_view protocol_name) const {
    if (protocol_name.empty()) return {};
    if (const auto own = protocol_groups_.find(protocol_name); own != protocol_groups_.end()) return own->second;
    const std::string folded = lower(protocol_name);
    for (const Word& word : words) {
        if (folded.find(word.word) != std::string::npos) return word.group;
    }
    return "other";
}

}  // namespace gantry::dicom
