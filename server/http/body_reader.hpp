#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/lifecycle.hpp"
#include "server/http/params.hpp"

// Bodies of people's statements, read member by member.
namespace gantry::http {

inline constexpr std::size_t reason_bytes_max = 4000;  // 1,000 characters of four bytes
inline constexpr std::size_t actor_bytes_max = 400;
inline constexpr std::size_t evidence_max = 32;
inline constexpr std::size_t data_members_max = 32;
inline constexpr std::size_t data_text_bytes_max = 2000;
inline constexpr std::size_t json_depth_max = 8;
inline constexpr std::int64_t clock_slack_ms = 60'000;  // a person's clock may be a little ahead of ours

// One JSON object, or bad_json or invalid.
Checked<boost::json::object> parse_body(const std::string& body);

// Reads one body; every fault is kept, so that a form can show all of them at once.
class BodyReader {
public:
    explicit BodyReader(const boost::json::object& object) : object_{object} {}

    // Any member but these is a fault.
    void only(std::initializer_list<std::string_view> known);
    const boost::json::value* member(std::string_view name, bool required);
    // 1 to bytes_max bytes without control characters; empty when absent or faulty.
    std::string text(std::string_view name, std::size_t bytes_max, bool required = true);
    Role role(bool required);
    // RFC 3339, not later than now; 0 when faulty or (not required) absent.
    std::int64_t time(std::string_view name, std::int64_t now_ms, bool required = true);
    // A list of SHA-256 values in lower-case hexadecimal; absent: empty.
    std::vector<std::string> evidence();
    // Flat facts for guards; absent: empty.
    DataMap data();

    void fault(std::string_view name, std::string code, std::string detail);
    // The problem with all faults, or nothing.
    std::optional<Problem> problem();

private:
    const boost::json::object& object_;
    std::vector<FieldError> errors_;
};

}  // namespace gantry::http
