#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/domain/paper/papers.hpp"

// What satisfies a required paper: "permit.radiation_safety", "document.site_survey", "operator".
namespace gantry::paper {

// Empty when the selector is one that is_on_file understands; otherwise what is wrong with it.
std::string selector_problem(std::string_view selector);

// Whether such a paper is among the device's. Needs a selector without a problem.
bool is_on_file(std::string_view selector, const DevicePapers& papers, std::int64_t now_ms);

}  // namespace gantry::paper
