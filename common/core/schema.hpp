#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/core/json.hpp"
#include "common/core/result.hpp"

namespace gantry {

// `text` is a person's words; only a file that says `allow_text = true` may use it, so that a record never can.
enum class FieldKind { integer, boolean, enumeration, hex, time, token, text, base64, list, object };

// One allowed field, as config/schema/events.toml describes it.
struct Field {
    std::string name;
    FieldKind kind = FieldKind::integer;
    bool required = false;
    bool nullable = false;
    std::int64_t min = 0;             // integer, time
    std::int64_t max = 0;             // integer, time: value; token, text, base64: characters; list: elements
    std::size_t digits = 0;           // hex
    std::vector<std::string> values;  // enumeration
    std::vector<Field> fields;        // object: its fields; list: one nameless element
    std::string unit;
    std::string doc;
    std::string zh;  // label in Chinese; empty: none
};

struct EventType {
    std::string name;
    std::string device_class;  // basic, use, device, security, maintenance
    bool agent_only = false;   // only the agent itself writes it
    bool urgent = false;       // never waits for company
    std::string doc;
    std::string zh;
    std::vector<Field> fields;
};

// The closed list of what a record may carry. Immutable after parse, so it may be shared between threads.
class Schema {
public:
    // `toml` is the text of events.toml or papers.toml. An error names the type, field and what is wrong with it.
    static Result<Schema> parse(std::string_view toml);

    const EventType* find(std::string_view type) const;
    const std::map<std::string, EventType, std::less<>>& types() const { return types_; }
    std::int64_t version() const { return version_; }

    // Whether `body`, a strict JSON object, is what `type` allows. Errors: Errc::not_found (type unknown here), schema,
    // malformed.
    Result<void> check(std::string_view type, std::string_view body) const;

    // The same for a body that stands inside a larger text: checks the value at the cursor and moves past it.
    Result<void> check_at(std::string_view type, JsonCursor& cursor) const;

private:
    std::map<std::string, EventType, std::less<>> types_;
    std::int64_t version_ = 0;
};

}  // namespace gantry
