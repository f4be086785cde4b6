#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/message.hpp"
#include "server/http/problem.hpp"

namespace gantry::http {

// A value, or the problem to answer with.
template <class T>
using Checked = boost::system::result<T, Problem>;

[[noreturn]] inline void throw_exception_from_error(const Problem& problem, const boost::source_location&) {
    throw std::logic_error{"unchecked problem: " + problem.detail};
}

// The query of one request against what its route knows. Everything unknown, repeated or out of range is refused with
// what was got and what is wanted.
class Params {
public:
    static Checked<Params> of(const Request& request, std::initializer_list<std::string_view> known);

    const std::string* find(std::string_view name) const;
    Checked<std::size_t> limit() const;  // page_limit_default when absent
    Checked<std::optional<std::int64_t>> time(std::string_view name) const;
    Checked<std::optional<std::uint64_t>> number(std::string_view name) const;
    Checked<std::optional<bool>> flag(std::string_view name) const;  // true or false

private:
    explicit Params(const Request& request) : request_{&request} {}
    const Request* request_;
};

// A path value or parameter as a device id.
Checked<std::string> device_id_of(std::string_view text);
Checked<std::uint64_t> log_index_of(std::string_view text);

}  // namespace gantry::http
