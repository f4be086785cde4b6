#include "server/ingest/mqtt_transport.hpp"

#include "common/core/topics.hpp"
#include "common/io/log.hpp"

namespace gantry::ingest {

void MqttTransport::attach(Collector& collector) {
    MqttOptions options = options_;
    options.subscriptions = {std::string{any_device_up}};
    options.receive_max = 100;
    options.will = MqttWill{collector_status_topic(collector.id()), collector.will_json(), true};
    MqttEvents events;
    // Paho's thread: nothing here waits, publishes or throws.
    events.on_message = [&collector](std::string_view topic, ByteView payload, bool retained) {
        if (!retained) collector.offer(topic, payload);
    };
    events.on_connection = [&collector, url = options.url](bool up, std::string_view why) {
        if (up)
            log::info("broker connected", {{"url", url}});
        else
            log::warn("broker away", {{"url", url}, {"why", why}});
        collector.wake_sender();
    };
    events.on_published = [&collector](std::uint32_t, int) { collector.wake_sender(); };
    link_ = std::make_unique<MqttLink>(std::move(options), std::move(events));
}

}  // namespace gantry::ingest
