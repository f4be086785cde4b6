#pragma once

#include <string>

#include "common/core/schema.hpp"
#include "server/judging/texts.hpp"

namespace gantry::http {

// The data dictionary: every figure, and every field of every record and paper, with unit, meaning and where it is laid
// down. From the same table and files that compute, check and store.
std::string dictionary_json(const Schema& events, const Schema& papers, const judging::Texts& texts);

}  // namespace gantry::http
