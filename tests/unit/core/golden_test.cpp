// The protocol's bytes against vectors that an independent implementation made (tests/golden/delivery.json).
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "common/core/chain.hpp"
#include "common/core/frame.hpp"
#include "common/core/leaf.hpp"
#include "common/core/messages.hpp"
#include "common/core/record.hpp"
#include "common/core/topics.hpp"

using namespace gantry;

namespace {

boost::json::object read(const std::string& file) {
    std::ifstream in{GANTRY_SOURCE_DIR "/tests/golden/" + file};
    std::stringstream text;
    text << in.rdbuf();
    return boost::json::parse(text.str()).as_object();
}

const boost::json::object& golden() {
    static const boost::json::object vectors = read("delivery.json");
    return vectors;
}

std::string_view text(std::string_view key) { return golden().at(key).as_string(); }

Bytes unhex(std::string_view digits) {
    Bytes out(digits.size() / 2);
    from_hex(digits, out).value();
    return out;
}

SigningKey key(std::string_view name) { return SigningKey::from_seed(hash_from_hex(text(name)).value()); }

const DeviceId dev = DeviceId::parse("ct-0001").value();

std::vector<std::string> records() {
    std::vector<std::string> out;
    for (const auto& record : golden().at("records").as_array()) out.emplace_back(record.as_string());
    return out;
}

}  // namespace

TEST_CASE("golden: keys and partitions") {
    CHECK(to_hex(key("record_key_seed").public_key()) == text("record_key_public"));
    CHECK(to_hex(key("receipt_key_seed").public_key()) == text("receipt_key_public"));
    CHECK(to_hex(key("log_key_seed").public_key()) == text("log_key_public"));
    CHECK(partition(dev) == text("part"));
    for (const auto& [id, part] : golden().at("more_parts").as_object())
        CHECK(partition(DeviceId::parse(id).value()) == part.as_string());
}

TEST_CASE("golden: chain of an epoch and of its child") {
    const EpochId epoch = epoch_from_hex(text("epoch")).value();
    const auto& chain = golden().at("chain").as_array();
    Hash head = chain_start(dev, epoch, zero_hash);
    CHECK(to_hex(head) == chain[0].as_string());
    std::size_t n = 0;
    for (const std::string& record : records()) {
        head = chain_next(head, as_bytes(record));
        CHECK(to_hex(head) == chain[++n].as_string());
    }
    CHECK(to_hex(chain_start(dev, epoch_from_hex(text("child_epoch")).value(), head)) == text("child_chain0"));
}

TEST_CASE("golden: frames, whole, partial and with a tombstone") {
    const EpochId epoch = epoch_from_hex(text("epoch")).value();
    const SigningKey record_key = key("record_key_seed");
    const auto all = records();
    std::vector<FrameEntry> entries;
    for (const std::string& record : all) entries.push_back(FrameEntry::of_record(as_bytes(record)));
    const Hash c0 = chain_start(dev, epoch, zero_hash);
    const Hash c1 = chain_next(c0, as_bytes(all[0]));
    CHECK(to_hex(encode_frame(dev, epoch, 1, c0, entries, record_key)) == text("frame_1_to_3"));
    CHECK(to_hex(encode_frame(dev, epoch, 2, c1, {entries[1], entries[2]}, record_key)) == text("frame_2_to_3"));
    const FrameEntry grave = FrameEntry::of_tombstone(entries[2].length, entries[2].digest);
    CHECK(to_hex(encode_frame(dev, epoch, 2, c1, {entries[1], grave}, record_key)) == text("frame_with_tombstone_3"));

    for (const char* name : {"frame_1_to_3", "frame_2_to_3", "frame_with_tombstone_3"}) {
        CAPTURE(name);
        const Bytes bytes = unhex(text(name));
        const auto frame = decode_frame(bytes);
        REQUIRE(frame.has_value());
        CHECK(verify_frame(*frame, dev, record_key.public_key()).has_value());
        CHECK_FALSE(verify_frame(*frame, DeviceId::parse("ct-0002").value(), record_key.public_key()).has_value());
        CHECK_FALSE(verify_frame(*frame, dev, key("log_key_seed").public_key()).has_value());
    }
}

TEST_CASE("golden: hello and ack are signed over the bytes as sent") {
    struct Row {
        const char* name;
        const char* seed;
        MessageKind kind;
    };
    for (const Row& row :
         {Row{"hello", "record_key_seed", MessageKind::hello}, Row{"ack", "receipt_key_seed", MessageKind::ack}}) {
        CAPTURE(row.name);
        const Bytes bytes = unhex(text(row.name));
        const auto envelope = open_message(bytes);
        REQUIRE(envelope.has_value());
        CHECK(envelope->kind == row.kind);
        CHECK(verify_message(*envelope, dev, key(row.seed).public_key()));
        CHECK(seal_message(row.kind, dev, envelope->json, key(row.seed)) == bytes);
        // Our own writer makes the very bytes, too.
        const std::string body = row.kind == MessageKind::hello ? encode_body(decode_hello(envelope->json).value())
                                                                : encode_body(decode_ack(envelope->json).value());
        CHECK(body == envelope->json);
    }
}

TEST_CASE("golden: leaves and their hashes") {
    const auto& leaves = golden().at("leaves").as_array();
    const auto& hashes = golden().at("leaf_hashes").as_array();
    const EpochId epoch = epoch_from_hex(text("epoch")).value();
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        CAPTURE(i);
        CHECK(to_hex(leaf_hash(unhex(leaves[i].as_string()))) == hashes[i].as_string());
    }
    std::uint64_t seq = 0;
    for (const std::string& record : records()) {
        const Bytes want = unhex(leaves[seq].as_string());
        const auto recv_ms = static_cast<std::int64_t>(ByteReader{ByteView{want}.subspan(1)}.u64());
        ++seq;
        CHECK(record_leaf(recv_ms, dev, epoch, seq, as_bytes(record)) == want);
        CHECK(to_hex(record_leaf_hash(recv_ms, dev, epoch, seq, as_bytes(record))) == hashes[seq - 1].as_string());
    }
}

TEST_CASE("golden: the published records parse strictly and come back byte for byte") {
    for (const std::string& record : records()) {
        CAPTURE(record);
        const auto parsed = parse_record(record);
        REQUIRE(parsed.has_value());
        CHECK(encode_record(*parsed, parsed->body) == record);
    }
}

TEST_CASE("golden: one message of each kind") {
    const boost::json::object vectors = read("messages.json");
    const auto rewrite = [](MessageKind kind, std::string_view json) -> std::string {
        switch (kind) {
            case MessageKind::hello:
                return encode_body(decode_hello(json).value());
            case MessageKind::state:
                return encode_body(decode_state(json).value());
            case MessageKind::ack:
                return encode_body(decode_ack(json).value());
            case MessageKind::refusal:
                return encode_body(decode_refusal(json).value());
            case MessageKind::lost:
                return encode_body(decode_lost(json).value());
            case MessageKind::beat:
                return encode_body(decode_beat(json).value());
            case MessageKind::settings:
                return encode_body(decode_settings(json).value());
            case MessageKind::rekey:
                return encode_body(decode_rekey(json).value());
            case MessageKind::contradiction:
                return encode_body(decode_contradiction(json).value());
        }
        return {};
    };
    int kinds = 0;
    for (const auto& entry : vectors.at("messages").as_array()) {
        const auto& vector = entry.as_object();
        CAPTURE(std::string{vector.at("name").as_string()});
        const auto kind = static_cast<MessageKind>(vector.at("kind").as_int64());
        const std::string_view json = vector.at("json").as_string();
        const SigningKey sender =
            key(vector.at("direction").as_string() == "up" ? "record_key_seed" : "receipt_key_seed");
        const Bytes message = unhex(vector.at("message").as_string());
        CHECK(rewrite(kind, json) == json);
        CHECK(seal_message(kind, dev, json, sender) == message);
        const auto envelope = open_message(message);
        REQUIRE(envelope.has_value());
        CHECK(envelope->kind == kind);
        CHECK(verify_message(*envelope, dev, sender.public_key()));
        ++kinds;
    }
    CHECK(kinds == 9);
}
