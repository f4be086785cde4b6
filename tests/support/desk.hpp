#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "tests/support/broker.hpp"
#include "tests/support/gantry.hpp"
#include "tests/support/temp_dir.hpp"

namespace gantry::testing {

// A running collector and the two ways by which people work at it: the command line and HTTP.
class Desk {
public:
    Desk() : broker_{dir / "broker", {}}, collector{dir.path(), broker_.url()} {}

    // gantry WORDS… --state …; what it printed and how it ended.
    Ran gantry(std::vector<std::string> words) const;
    // The same with --json, which must end well.
    boost::json::value asked(std::vector<std::string> words) const;
    // GET; must be 200.
    boost::json::value get(const std::string& path) const;
    // POST of a JSON body; the answer whatever its status, with the status as member `http_status`.
    boost::json::object post(const std::string& path, const boost::json::object& body) const;
    std::string broker_url() const { return broker_.url(); }

    const TempDir dir;

private:
    Broker broker_;

public:
    Collector collector;
};

// "2026-11-22T08:00:00.000Z", so many milliseconds from now.
std::string time_from_now(std::int64_t ms);

}  // namespace gantry::testing
