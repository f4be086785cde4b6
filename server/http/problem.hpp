#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/domain/lifecycle_table.hpp"
#include "server/http/message.hpp"
#include "server/http/text_form.hpp"

namespace gantry::http {

struct FieldError {
    std::string pointer;  // RFC 6901 into the body, or a parameter's name
    std::string code;
    std::string detail;
};

// What went wrong, before it is rendered for one client. `code` is one of the table in problem.cpp, which gives status
// and title.
struct Problem {
    std::string_view code;
    std::string detail;
    std::vector<FieldError> errors{};
    std::string guard{};
    std::string missing{};
    std::string who{};
    int retry_after_s = 0;
    std::string allow{};  // of 405
};

// RFC 9457, in the client's language. A code that is not in the table is a bug and is shown as `internal`.
Response render(const Problem& problem, const RequestHead& head);

unsigned status_of(std::string_view code);
std::string_view title_of(std::string_view code, Language language);

Problem problem_from(const Error& error);
Problem problem_from(const Refused& refused);
// 400 with one entry in errors: what a parameter was and should have been.
Problem bad_parameter(std::string_view name, std::string_view detail);

}  // namespace gantry::http
