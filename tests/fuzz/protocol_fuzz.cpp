// Frames, messages, records and schema bodies under seeded mutation of good examples. What is refused must be refused
// in peace; what is accepted must mean exactly its bytes. GANTRY_FUZZ_ROUNDS and GANTRY_FUZZ_SEED set length and start.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "common/core/frame.hpp"
#include "common/core/messages.hpp"
#include "common/core/record.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/domain/verify.hpp"
#include "tests/fuzz/mutator.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

boost::json::object golden(const char* file) {
    std::ifstream in{std::string{GANTRY_SOURCE_DIR "/tests/golden/"} + file};
    return boost::json::parse(std::string{std::istreambuf_iterator<char>{in}, {}}).as_object();
}

Bytes unhex(std::string_view digits) {
    Bytes out(digits.size() / 2);
    from_hex(digits, out).value();
    return out;
}

const Schema& schema() {
    static const Schema shipped = [] {
        std::ifstream in{GANTRY_SOURCE_DIR "/config/schema/events.toml"};
        return Schema::parse(std::string{std::istreambuf_iterator<char>{in}, {}}).value();
    }();
    return shipped;
}

const DeviceId dev = DeviceId::parse("ct-0001").value();
const SigningKey key = SigningKey::from_seed(KeySeed{1});

}  // namespace

TEST_CASE("fuzz: frames") {
    const auto vectors = golden("delivery.json");
    std::vector<Bytes> seeds;
    for (const char* name : {"frame_1_to_3", "frame_2_to_3", "frame_with_tombstone_3"})
        seeds.push_back(unhex(vectors.at(name).as_string()));
    fuzz("frames", seeds, [](const Bytes& bytes) {
        const auto frame = decode_frame(bytes);
        if (!frame) return false;
        const std::vector<Hash> heads = frame_heads(*frame);
        if (to_hex(heads.back()) == to_hex(frame->head)) {
            // Re-encoding what was read gives the same bytes but for the signature.
            const Bytes again = encode_frame(dev, frame->epoch, frame->first, frame->base, frame->entries, key);
            CHECK(std::equal(again.begin(), again.end() - 64, bytes.begin(), bytes.end() - 64));
        }
        return true;
    });
}

TEST_CASE("fuzz: messages") {
    std::vector<Bytes> seeds;
    const auto vectors = golden("messages.json");
    for (const auto& vector : vectors.at("messages").as_array())
        seeds.push_back(unhex(vector.as_object().at("message").as_string()));
    fuzz("messages", seeds, [](const Bytes& bytes) {
        const auto envelope = open_message(bytes);
        if (!envelope) return false;
        switch (envelope->kind) {
            case MessageKind::hello:
                return decode_hello(envelope->json).has_value();
            case MessageKind::state:
                return decode_state(envelope->json).has_value();
            case MessageKind::ack:
                return decode_ack(envelope->json).has_value();
            case MessageKind::refusal:
                return decode_refusal(envelope->json).has_value();
            case MessageKind::lost:
                return decode_lost(envelope->json).has_value();
            case MessageKind::beat:
                return decode_beat(envelope->json).has_value();
            case MessageKind::settings:
                return decode_settings(envelope->json).has_value();
            case MessageKind::rekey:
                return decode_rekey(envelope->json).has_value();
            case MessageKind::contradiction:
                return decode_contradiction(envelope->json).has_value();
        }
        return false;
    });
}

TEST_CASE("fuzz: records against the shipped schema") {
    const auto seeds = texts({
        R"({"seq":2,"t":1795000001000,"mono":2000,"boot":"b1","clk":"sync","src":"rdsr","at":1794999990000,"type":"usage.exposure","body":{"event_h":"0123456789abcdef0123456789abcdef","acq":"spiral","dlp_ugy_cm":115660,"sources":[{"id":"A","kv_v":120000},{"id":"B"}],"problems":["no_zone"]}})",
        R"({"seq":3,"t":1,"mono":0,"boot":"b1","clk":"unknown","src":"log","type":"fault.raised","body":{"code":"E-4410","severity":"hard","subsystem":"tube"}})",
        R"({"seq":4,"t":1,"mono":0,"boot":"b1","clk":"unsync","src":"agent","type":"coverage","body":{"hour":3600000,"map":"fffffffffffffff"}})",
    });
    fuzz("records", seeds, [](const Bytes& bytes) {
        const auto record = parse_record(as_text(bytes), &schema());
        if (!record) return false;
        CHECK(encode_record(*record, record->body) == as_text(bytes));
        return true;
    });
}

TEST_CASE("fuzz: declarations and facts") {
    const auto seeds = texts({
        R"({"epoch":"00112233445566778899aabbccddeeff","fact":"poisoned","length":12,"seq":3,"sha256":"00","subject":"ct-0001"})",
        R"({"fact":"lost","from":2,"subject":"ct-0001","to":9})",
    });
    fuzz("facts", seeds, [](const Bytes& bytes) {
        const auto fact = parse_fact_leaf(as_text(bytes));
        if (fact) CHECK(parse_fact_leaf(fact_leaf_json(*fact)).has_value());
        return fact.has_value();
    });
}

TEST_CASE("fuzz: signed frames whose insides were bent before signing") {
    // The verifier meets these only from a device that signs nonsense: every record in the valid prefix must be a real
    // one.
    Mutator mutator{setting("GANTRY_FUZZ_SEED", 1) + 1};
    const std::string good =
        R"({"seq":1,"t":1,"mono":0,"boot":"b","clk":"sync","src":"agent","type":"epoch_open","body":{"parent":null,"reason":"install","host":")" +
        std::string(64, 'a') + R"(","host_parts":["machine_id"],"agent":"0.1.0"}})";
    const EpochId epoch{7};
    const PublicKey verifier{key.public_key()};
    const std::uint64_t rounds = setting("GANTRY_FUZZ_ROUNDS", 40'000) / 20;  // each costs a signature
    for (std::uint64_t i = 0; i < rounds; ++i) {
        const Bytes record = mutator.mutate(Bytes{good.begin(), good.end()});
        const Bytes bytes = encode_frame(dev, epoch, 1, Hash{1}, {FrameEntry::of_record(record)}, key);
        const auto verdict = verify_up_frame(bytes, dev, verifier, schema());
        const auto* frame = std::get_if<VerifiedFrame>(&verdict);
        REQUIRE(frame != nullptr);
        CHECK(frame->valid == 0);  // the base does not follow from any parent
        CHECK_FALSE(frame->refusal.empty());
    }
}
