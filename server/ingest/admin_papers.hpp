#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/http_server.hpp"

namespace gantry::ingest {

// What the command line asks of the collector about tables, documents and papers:
// {"cmd":"import","format":"csv","table":BASE64,"dry_run","org"?,"site"?,"tz"?,"actor","role"?} ·
// {"cmd":"document","content":BASE64,"device"?,"kind"?,"title"?,"actor","role"?} ·
// {"cmd":"paper","kind","id","body":{…},"reason","actor","role"?}
// -> {"ok":true,…} or {"ok":false,"code":…,"error":…}. Waits for the commits.
class AdminPapers {
public:
    // Both must outlive it.
    AdminPapers(const http::HttpConfig& config, http::Commands& commands) : config_{config}, commands_{commands} {}

    // nullopt: none of these commands.
    std::optional<std::string> answer(std::string_view line) const;

private:
    std::string import(const boost::json::object& request) const;
    std::string document(const boost::json::object& request) const;
    std::string paper(const boost::json::object& request) const;

    const http::HttpConfig& config_;
    http::Commands& commands_;
};

}  // namespace gantry::ingest
