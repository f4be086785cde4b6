#pragma once

#include <string_view>

namespace gantry::http {

// openapi/v1.yaml as JSON, made at build time.
std::string_view openapi_json();

}  // namespace gantry::http
