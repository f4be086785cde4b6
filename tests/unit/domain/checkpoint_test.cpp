#include "server/domain/checkpoint.hpp"

#include <doctest/doctest.h>

#include "common/core/leaf.hpp"
#include "server/domain/merkle.hpp"
#include "tests/unit/domain/third_party.hpp"

using namespace gantry;

namespace {

constexpr std::string_view log_seed = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f";
constexpr std::string_view golden_note =
    "gantry.example/hospital-1/1\n5\nfHDOFAQo35dmjog/o1CTuyT6+XKSBiNH4RnoVXcJk2w=\n\n"
    "— gantry.example/hospital-1/1 "
    "ZcuoXj7JylsIDRY8wBHhoVubOF5Xv0OO4vhXXg77qCGbvGo934h2aBKAcZMk+F0AYtsdcRfk5+N2y6+CpN3qGrmQIwY=\n";

SigningKey log_key() { return SigningKey::from_seed(array_from_hex<32>(log_seed).value()); }
NoteVerifier log_verifier() { return {"gantry.example/hospital-1/1", log_key().public_key()}; }
Checkpoint golden_checkpoint() {
    return {"gantry.example/hospital-1/1", 5,
            hash_from_hex("7c70ce140428df97668e883fa35093bb24faf97292062347e119e8557709936c").value()};
}

}  // namespace

TEST_CASE("checkpoint: signing gives the published note, and reading it gives the checkpoint back") {
    CHECK(sign_checkpoint(golden_checkpoint(), log_key()).value() == golden_note);
    const auto opened = open_checkpoint(golden_note, log_verifier());
    REQUIRE(opened.has_value());
    CHECK(*opened == golden_checkpoint());
}

TEST_CASE("checkpoint: a changed byte anywhere in text or signature is refused") {
    for (std::size_t i = 0; i < golden_note.size(); ++i) {
        std::string changed{golden_note};
        changed[i] = static_cast<char>(changed[i] ^ 0x01);
        CAPTURE(i);
        CHECK(!open_checkpoint(changed, log_verifier()));
    }
    for (std::size_t size = 0; size < golden_note.size(); ++size)
        CHECK(!open_checkpoint(golden_note.substr(0, size), log_verifier()));
}

TEST_CASE("checkpoint: a body signed by the right key for another log is refused") {
    const auto body = checkpoint_body({"gantry.example/hospital-2/1", 5, golden_checkpoint().root});
    const auto note = sign_note(body, "gantry.example/hospital-1/1", log_key()).value();
    const auto opened = open_checkpoint(note, log_verifier());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::unauthentic);
}

TEST_CASE("note: signatures of unknown keys are ignored, a wrong one of a known key is not") {
    const SigningKey other = SigningKey::from_seed(KeySeed{9});
    const std::string body = checkpoint_body(golden_checkpoint());
    const std::string with_witness = std::string{golden_note} + note_signature_line(body, "witness.example", other);
    const NoteVerifier known[] = {log_verifier()};
    const auto opened = open_note(with_witness, known);
    REQUIRE(opened.has_value());
    REQUIRE(opened->signatures.size() == 1);
    CHECK(opened->signatures[0].name == "gantry.example/hospital-1/1");

    const NoteVerifier both[] = {log_verifier(), {"witness.example", other.public_key()}};
    CHECK(open_note(with_witness, both)->signatures.size() == 2);
    const std::string wrong = std::string{golden_note} + note_signature_line(body + "x\n", "witness.example", other);
    CHECK(open_note(wrong, known).has_value());
    CHECK(!open_note(wrong, both));

    const NoteVerifier stranger[] = {{"witness.example", SigningKey::from_seed(KeySeed{8}).public_key()}};
    CHECK(!open_note(with_witness, stranger));
}

TEST_CASE("note: what is not a note is refused") {
    for (const std::string_view bad :
         {"", "text", "text\n", "text\n\n", "\n\n", "text\n\n— name\n", "text\n\n- name AAAAAAAAAA==\n",
          "text\n\n— na+me AAAAAAAA\n", "text\n\n— name AAAA\n", "text\n\n— name AAAAAAAA",
          "te\txt\n\n— name AAAAAAAA\n", "\xff\n\n— name AAAAAAAA\n"}) {
        CAPTURE(bad);
        CHECK(!parse_note(bad));
    }
    CHECK(!parse_note(std::string(note_bytes_max + 1, 'x')));
    std::string many = "text\n\n";
    for (std::size_t i = 0; i <= note_signatures_max; ++i) many += "— name AAAAAAAA\n";
    CHECK(!parse_note(many));
    CHECK(!sign_note("no newline", "name", log_key()));
    CHECK(!sign_note("text\n", "a name", log_key()));
    CHECK(!sign_note("text\n", "na+me", log_key()));
}

TEST_CASE("checkpoint: what is not a body is refused") {
    const std::string root = base64_encode(zero_hash);
    for (const std::string& bad : std::vector<std::string>{
             "", "\n1\n" + root + "\n", "o\n\n" + root + "\n", "o\n01\n" + root + "\n", "o\n-1\n" + root + "\n",
             "o\n1x\n" + root + "\n", "o\n18446744073709551616\n" + root + "\n", "o\n1\nAAAA\n", "o\n1\n!\n",
             "o\n1\n" + root, "o\n1\n" + root + "\n\n", "o\n1\n" + root + "\nopen"}) {
        CAPTURE(bad);
        CHECK(!parse_checkpoint_body(bad));
    }
    CHECK(parse_checkpoint_body("o\n18446744073709551615\n" + root + "\n").has_value());
    CHECK(parse_checkpoint_lines("o\n1\n" + root + "\nmore\n")->extensions == std::vector<std::string>{"more"});
}

TEST_CASE("verifier key: text and value are one") {
    const NoteVerifier verifier = log_verifier();
    const auto again = NoteVerifier::parse(verifier.text());
    REQUIRE(again.has_value());
    CHECK(again->name == verifier.name);
    CHECK(again->key == verifier.key);
    const std::string text = verifier.text();
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 0x02);
        CAPTURE(changed);
        CHECK(!NoteVerifier::parse(changed));
    }
}

TEST_CASE("note: third-party note and checkpoint bodies") {
    const auto data = third_party("merkle/signed-note.json");
    if (!data) return;
    for (const auto& c : data->at("cases").as_array()) {
        const auto verifier = NoteVerifier::parse(text_of(c.at("verifier_key")));
        REQUIRE(verifier.has_value());
        const auto note = open_note(text_of(c.at("signed_note")), std::span{&*verifier, 1});
        CHECK(note.has_value() == (text_of(c.at("want")) == "valid"));
        if (note) CHECK(note->text == text_of(c.at("text")));
    }
    for (const auto& body : data->at("checkpoint_bodies_valid").as_array())
        CHECK(parse_checkpoint_lines(text_of(body)).has_value());
    for (const auto& body : data->at("checkpoint_bodies_invalid").as_array())
        CHECK(!parse_checkpoint_lines(text_of(body)));
}

TEST_CASE("checkpoint: third-party checkpoints of a growing log") {
    const auto data = third_party("merkle/tessera-checkpoints.json");
    if (!data) return;
    const auto verifier = NoteVerifier::parse(text_of(data->at("verifier_key")));
    REQUIRE(verifier.has_value());
    const auto& leaves = data->at("leaf_data").as_array();
    const auto& by_size = data->at("checkpoint_by_size").as_object();
    merkle::Frontier tree;
    std::vector<merkle::TileHash> completed;
    std::size_t seen = 0;
    for (std::size_t size = 0; size <= leaves.size(); ++size) {
        if (const auto* note = by_size.if_contains(std::to_string(size))) {
            const auto checkpoint = open_checkpoint(text_of(*note), *verifier);
            REQUIRE(checkpoint.has_value());
            CHECK(checkpoint->size == size);
            CHECK(checkpoint->root == tree.root());
            ++seen;
        }
        if (size < leaves.size()) tree.append(leaf_hash(as_bytes(text_of(leaves[size]))), completed);
    }
    CHECK(seen == by_size.size());
}

TEST_CASE("Ed25519: third-party signatures, all of them") {
    const auto data = third_party("merkle/wycheproof-ed25519.json");
    if (!data) return;
    std::size_t count = 0;
    for (const auto& group : data->at("testGroups").as_array()) {
        const auto key = array_from_hex<32>(text_of(group.at("publicKey").at("pk"))).value();
        for (const auto& c : group.at("tests").as_array()) {
            const Bytes message = unhex(text_of(c.at("msg")));
            const Bytes bytes = unhex(text_of(c.at("sig")));
            Signature signature{};
            bool good = bytes.size() == signature.size();
            if (good) {
                std::copy(bytes.begin(), bytes.end(), signature.begin());
                good = verify(key, message, signature);
            }
            CAPTURE(boost::json::value_to<int>(c.at("tcId")));
            CHECK(good == (text_of(c.at("result")) == "valid"));
            ++count;
        }
    }
    CHECK(count == boost::json::value_to<std::size_t>(data->at("numberOfTests")));
    std::printf("third-party Ed25519: %zu cases\n", count);
}
