#pragma once

#include <string>
#include <string_view>

// How a paper enters the log: as a member of a declaration `paper.filed` or `paper.withdrawn`.
namespace gantry::paper {

inline constexpr std::string_view filed_event = "paper.filed";
inline constexpr std::string_view withdrawn_event = "paper.withdrawn";

// Kind and id name a paper; a later filing of the same two takes the place of the one before.
struct PaperFiling {
    std::string kind;  // a type of config/schema/papers.toml
    std::string id;
    std::string body{};  // canonical JSON; empty: withdrawn
    bool operator==(const PaperFiling&) const = default;
};

}  // namespace gantry::paper
