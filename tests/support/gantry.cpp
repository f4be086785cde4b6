#include "tests/support/gantry.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "tests/support/wait.hpp"

namespace gantry::testing {
namespace {

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

std::vector<std::string> joined(std::vector<std::string> front, const std::vector<std::string>& back) {
    front.insert(front.end(), back.begin(), back.end());
    return front;
}

}  // namespace

Collector::Collector(std::filesystem::path dir, std::string broker_url)
    : dir_{std::move(dir)}, state_{dir_ / "collector"}, broker_url_{std::move(broker_url)}, port_{free_port()} {
    std::filesystem::create_directories(state_);
    start();
}

void Collector::start_under(const std::vector<std::string>& wrapper) {
    child_.emplace(joined(wrapper, {program("gantry-collector"), "--state", state_.string(), "--listen",
                                    fmt::format("127.0.0.1:{}", port_), "--mqtt", broker_url_}),
                   Child::Options{.log = dir_ / "collector.log"});
}

bool Collector::ready() { return LineClient::connect(state_ / "admin.sock").has_value(); }

void Collector::start() {
    start_under({});
    if (!wait_until([this] { return ready() || !child_->running(); }) || !child_->running())
        throw std::runtime_error{"gantry-collector did not start: " + log()};
}

std::string Collector::log() const { return read_text(dir_ / "collector.log"); }

void Collector::register_device(const std::string& id, const std::string& record_key_hex) {
    auto admin = LineClient::connect(state_ / "admin.sock");
    if (!admin) throw std::runtime_error{"no admin socket"};
    const auto answer = admin->ask(fmt::format(
        R"({{"cmd":"register","devices":[{{"id":"{}","record_key":"{}","maker":"Test","model":"CT","serial":"{}","site":"site-1","tz":"UTC","modality":"CT","name":"{}"}}]}})",
        id, record_key_hex, id, id));
    if (!answer || answer->find("\"ok\":true") == std::string::npos)
        throw std::runtime_error{"register " + id + ": " + answer.value_or("no answer")};
}

std::optional<double> Collector::metric(const std::string& name) const {
    const std::string text = "\n" + http_get(port_, "/metrics").body;
    const auto at = text.find("\n" + name + " ");
    if (at == std::string::npos) return std::nullopt;
    return std::stod(text.substr(at + name.size() + 2));
}

Agent::Agent(std::filesystem::path dir, std::string device, std::string broker_url, std::filesystem::path provisioning)
    : dir_{std::move(dir)},
      state_{dir_ / "state"},
      device_{std::move(device)},
      broker_url_{std::move(broker_url)},
      provisioning_{std::move(provisioning)} {
    std::filesystem::create_directories(state_);
    const Ran made = run({program("gantry-agent"), "keys", "--state", state_.string()});
    if (made.exit != Exit{}) throw std::runtime_error{"gantry-agent keys: " + made.err};
    record_key_ = trimmed(made.out);
}

void Agent::start_under(const std::vector<std::string>& wrapper) {
    child_.emplace(
        joined(wrapper, {program("gantry-agent"), "run", "--device", device_, "--state", state_.string(), "--intake",
                         intake().string(), "--mqtt", broker_url_, "--provisioning", provisioning_.string()}),
        Child::Options{.log = dir_ / "agent.log"});
}

void Agent::start() {
    start_under({});
    if (!wait_until([this] { return LineClient::connect(intake()).has_value() || !child_->running(); }) ||
        !child_->running())
        throw std::runtime_error{"gantry-agent did not start: " + log()};
}

std::string Agent::log() const { return read_text(dir_ / "agent.log"); }

std::optional<std::int64_t> Agent::status(const std::string& name) const {
    return json_number(run({program("gantry-agent"), "status", "--json", "--device", device_, "--state",
                            state_.string(), "--intake", intake().string()})
                           .out,
                       name);
}

std::string mark(std::uint64_t n) { return fmt::format("{:032x}", n); }

std::string exposure_line(std::uint64_t n) {
    return fmt::format(
        R"({{"src":"rdsr","type":"usage.exposure","at":{},"body":{{"event_h":"{}","acq":"spiral","duration_ms":2500,"dlp_ugy_cm":310000}}}})",
        1790000000000 + static_cast<std::int64_t>(n) * 1000, mark(n));
}

std::optional<std::int64_t> json_number(const std::string& json, const std::string& name) {
    const std::string key = "\"" + name + "\":";
    const auto at = json.find(key);
    if (at == std::string::npos) return std::nullopt;
    const char* begin = json.data() + at + key.size();
    while (*begin == ' ') ++begin;
    std::int64_t value = 0;
    const auto parsed = std::from_chars(begin, json.data() + json.size(), value);
    return parsed.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

}  // namespace gantry::testing
