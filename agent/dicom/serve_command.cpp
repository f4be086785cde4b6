#include <thread>

#include "agent/dicom/commands.hpp"
#include "agent/dicom/routes.hpp"
#include "agent/dicom/scp.hpp"
#include "common/io/clock.hpp"
#include "common/io/files.hpp"
#include "common/io/log.hpp"
#include "common/io/notify.hpp"

namespace gantry::dicom {
namespace {

constexpr int progress_period_s = 60;
constexpr int evict_period_s = 24 * 3600;

// Once a minute, when something happened.
void keep_house(const std::stop_token& stop, const Service& service, Pipeline& pipeline) {
    std::uint64_t told = 0;
    for (int second = 1; !stop.stop_requested(); ++second) {
        std::this_thread::sleep_for(std::chrono::seconds{1});
        if (second % evict_period_s == 0) pipeline.evict();
        const Service::Counters& counters = service.counters();
        const std::uint64_t sum = counters.reports + counters.steps + counters.refused + counters.unavailable;
        if (second % progress_period_s != 0 || sum == told) continue;
        told = sum;
        log::info("progress", {{"reports", counters.reports.load()},
                               {"events", counters.events.load()},
                               {"steps", counters.steps.load()},
                               {"refused", counters.refused.load()},
                               {"unavailable", counters.unavailable.load()},
                               {"steps_dropped", pipeline.steps_dropped()}});
    }
}

}  // namespace

int run_serve(const Options& options, const Host& host, std::stop_token stop) {
    auto intakes = open_intakes(options.intake, options.routes);
    if (!intakes) {
        log::error(intakes.error().message);
        return exit_codes::config;
    }
    const auto lock = files::lock(options.state / "lock");
    if (!lock) {
        log::error("state folder is in use by another gantry-dicom");
        return exit_codes::unavailable;
    }
    Pipeline pipeline{StateStore{options.state / "dicom.db"}, host.pseudonyms, (*intakes)->chooser(), clock::utc_ms};
    pipeline.evict();
    Service service{host, pipeline};
    Scp scp{service};
    if (auto listening = scp.listen({options.bind_address, options.port}); !listening) {
        log::error(listening.error().message);
        return listening.error().code == Errc::malformed ? exit_codes::config : exit_codes::unavailable;
    }
    log::info("serving", {{"aet", options.aet},
                          {"address", options.bind_address},
                          {"port", scp.port()},
                          {"zone", options.tz.empty() ? "none" : options.tz.c_str()}});
    notify_systemd("READY=1");
    {
        const std::jthread house{[&](const std::stop_token& done) { keep_house(done, service, pipeline); }};
        scp.run(stop);
    }
    log::info("stopped");
    return exit_codes::ok;
}

}  // namespace gantry::dicom
