#pragma once

#include <filesystem>
#include <optional>

#include "server/http/message.hpp"

namespace gantry::http {

// The file of the page that a path means: `/` and addresses of screens are its index. From the program itself, or from
// `web_dir` when that is not empty. Nothing: there is no such file.
std::optional<Response> page_file(const Request& request, const std::filesystem::path& web_dir);

}  // namespace gantry::http
