#pragma once

#include <memory>

#include "common/io/mqtt_link.hpp"
#include "server/ingest/collector.hpp"
#include "server/ingest/transport.hpp"

namespace gantry::ingest {

// The devices behind an MQTT broker.
class MqttTransport final : public Transport {
public:
    explicit MqttTransport(MqttOptions options) : options_{std::move(options)} {}

    // Before the collector starts: what comes in goes to it. Throws std::runtime_error when the options make no sense.
    void attach(Collector& collector);

    void start() override { link_->start(); }
    bool try_publish(const std::string& topic, ByteView payload, bool retained) override {
        return link_->try_publish(topic, payload, retained);
    }
    bool connected() const override { return link_ && link_->connected(); }
    void stop() override { link_->stop(); }

private:
    MqttOptions options_;
    std::unique_ptr<MqttLink> link_;
};

}  // namespace gantry::ingest
