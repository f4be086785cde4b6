#include "server/domain/merkle.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <string>

#include "common/core/crypto.hpp"
#include "common/core/leaf.hpp"
#include "tests/unit/domain/third_party.hpp"

using namespace gantry;
using namespace gantry::merkle;

namespace {

// RFC 6962 section 2.1, word for word: slow and obviously right.
Hash reference_root(const std::vector<Hash>& leaves, std::size_t begin, std::size_t end) {
    if (begin == end) return empty_root();
    if (end - begin == 1) return leaves[begin];
    std::size_t k = 1;
    while (k * 2 < end - begin) k *= 2;
    return node_hash(reference_root(leaves, begin, begin + k), reference_root(leaves, begin + k, end));
}

Hash reference_root(const std::vector<Hash>& leaves, std::size_t size) { return reference_root(leaves, 0, size); }

std::vector<Hash> some_leaves(std::size_t count) {
    std::vector<Hash> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(leaf_hash(as_bytes("leaf " + std::to_string(i))));
    return out;
}

FetchNode from_reference(const std::vector<Hash>& leaves) {
    return [&leaves](NodeId id) -> Result<Hash> {
        const std::size_t width = std::size_t{1} << id.level;
        return reference_root(leaves, id.index * width, (id.index + 1) * width);
    };
}

}  // namespace

TEST_CASE("merkle: the classic eight inputs give the known roots") {
    const std::array<std::string_view, 8> inputs = {
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
    const std::map<std::size_t, std::string_view> roots = {
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    Frontier tree;
    std::vector<TileHash> completed;
    for (std::size_t size = 0; size <= inputs.size(); ++size) {
        CAPTURE(size);
        if (const auto want = roots.find(size); want != roots.end()) CHECK(to_hex(tree.root()) == want->second);
        if (size < inputs.size()) tree.append(leaf_hash(unhex(inputs[size])), completed);
    }
    CHECK(completed.empty());
}

TEST_CASE("merkle: the published leaves of a record, a declaration and a fact give the published roots") {
    const std::array<std::string_view, 5> leaf_hashes = {
        "621c12b22c41fdbf52c654c7517f6586b2fdbc050c9345fb1c8cff04c5da6cf3",
        "7bcc56f0e3506179867314d0aeb5a0da5c380da2dd2434a21dfe247d51d3a55c",
        "23e0c2f6f75914d3e6d2f4f8265967de51c031801966a5c5ef16cee7ef7deb54",
        "3b2c68e8a32a1391c2e7b93b16151bba99754d80940f8680c6322365c16f07b1",
        "292bb72f391e4d21883c381cf96efbbb5db5ff9f58e262c8fb812b04125ff749"};
    const std::array<std::string_view, 5> roots = {"621c12b22c41fdbf52c654c7517f6586b2fdbc050c9345fb1c8cff04c5da6cf3",
                                                   "ca785e61b5a6aba39e29b841dedf7a39847755d20d2a0b7d08446e187a14599b",
                                                   "792e3be8f8fc73324e5ddf268a05891700cb084427af05476798d72ff7594c67",
                                                   "2f844122a70413d1a56e615d0b5a504c722e1a54593e7924ad3724cf3d448e75",
                                                   "7c70ce140428df97668e883fa35093bb24faf97292062347e119e8557709936c"};
    Frontier tree;
    std::vector<TileHash> completed;
    for (std::size_t i = 0; i < leaf_hashes.size(); ++i) {
        tree.append(hash_from_hex(leaf_hashes[i]).value(), completed);
        CHECK(to_hex(tree.root()) == roots[i]);
    }
}

TEST_CASE("merkle: the frontier equals the reference tree at every size, and survives its bytes") {
    const auto leaves = some_leaves(600);
    Frontier tree;
    std::vector<TileHash> completed;
    for (std::size_t size = 0; size < leaves.size(); ++size) {
        REQUIRE(tree.root() == reference_root(leaves, size));
        const auto again = Frontier::parse(tree.serialize());
        REQUIRE(again.has_value());
        REQUIRE(*again == tree);
        tree = *again;  // grow the parsed one, so that a wrong place would show
        tree.append(leaves[size], completed);
    }
    REQUIRE(completed.size() == 2);
    CHECK(completed[0] == TileHash{1, 0, reference_root(leaves, 0, 256)});
    CHECK(completed[1] == TileHash{1, 1, reference_root(leaves, 256, 512)});
}

TEST_CASE("merkle: the 65,536th leaf completes a hash of tile level 2 above the last one of level 1") {
    Frontier tree;
    std::vector<TileHash> completed;
    for (std::uint32_t i = 0; i < 65'536; ++i) {
        Hash leaf{};
        leaf[0] = static_cast<std::uint8_t>(i >> 8);
        leaf[1] = static_cast<std::uint8_t>(i);
        tree.append(leaf, completed);
    }
    REQUIRE(completed.size() == 257);
    CHECK(completed[255].tile_level == 1);
    CHECK(completed[255].index == 255);
    CHECK(completed[256] == TileHash{2, 0, tree.root()});
    std::vector<Hash> level1;
    for (std::size_t i = 0; i < 256; ++i) level1.push_back(completed[i].hash);
    CHECK(reference_root(level1, level1.size()) == tree.root());
}

TEST_CASE("merkle: a frontier of another length is refused with got and want") {
    Frontier tree;
    std::vector<TileHash> completed;
    for (const Hash& leaf : some_leaves(5)) tree.append(leaf, completed);
    const Bytes good = tree.serialize();
    CHECK(good.size() == 8 + 2 * 32);
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto parsed = Frontier::parse(ByteView{good}.first(size));
        REQUIRE(!parsed);
        CHECK(parsed.error().code == Errc::malformed);
    }
}

TEST_CASE("merkle: every proof of every tree up to 70 leaves verifies, and no other place, size or root does") {
    const auto leaves = some_leaves(70);
    const auto fetch = from_reference(leaves);
    for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
        const Hash root = reference_root(leaves, size);
        REQUIRE(build_root(size, fetch).value() == root);
        for (std::uint64_t index = 0; index < size; ++index) {
            const auto proof = build_proof(plan_inclusion(index, size).value(), fetch).value();
            REQUIRE(verify_inclusion(index, size, leaves[index], proof, root).has_value());
            REQUIRE(!verify_inclusion(index ^ 1U, size, leaves[index], proof, root));
            REQUIRE(!verify_inclusion(index, size, leaves[(index + 1) % leaves.size()], proof, root));
            auto longer = proof;
            longer.push_back(root);
            REQUIRE(!verify_inclusion(index, size, leaves[index], longer, root));
            if (!proof.empty()) {
                auto flipped = proof;
                flipped[index % proof.size()][7] ^= 1U;
                REQUIRE(!verify_inclusion(index, size, leaves[index], flipped, root));
            }
        }
        for (std::uint64_t size1 = 1; size1 <= size; ++size1) {
            const Hash root1 = reference_root(leaves, size1);
            const auto proof = build_proof(plan_consistency(size1, size).value(), fetch).value();
            REQUIRE(verify_consistency(size1, size, proof, root1, root).has_value());
            if (size1 < size) {
                REQUIRE(!verify_consistency(size1, size, proof, root, root));
                REQUIRE(!verify_consistency(size1, size, {}, root1, root));
                auto flipped = proof;
                flipped.back()[0] ^= 1U;
                REQUIRE(!verify_consistency(size1, size, flipped, root1, root));
            }
        }
    }
    CHECK(!plan_inclusion(3, 3));
    CHECK(!plan_consistency(0, 3));
    CHECK(!plan_consistency(4, 3));
}

TEST_CASE("merkle: proofs come out of stored tile hashes and recomputed leaves") {
    const std::size_t size = 256 * 256 + 256 * 3 + 77;
    std::vector<Hash> leaves(size);
    std::mt19937_64 random{20261122};
    for (Hash& leaf : leaves)
        leaf[0] = static_cast<std::uint8_t>(random()), leaf[1] = static_cast<std::uint8_t>(random());
    Frontier tree;
    std::map<std::pair<unsigned, std::uint64_t>, Hash> stored;
    std::vector<TileHash> completed;
    for (const Hash& leaf : leaves) tree.append(leaf, completed);
    for (const TileHash& hash : completed) stored[{hash.tile_level, hash.index}] = hash.hash;

    std::size_t leaves_read = 0;
    const FetchTileHashes tiles = [&](unsigned level, std::uint64_t first,
                                      std::size_t count) -> Result<std::vector<Hash>> {
        std::vector<Hash> out;
        for (std::uint64_t i = first; i < first + count; ++i) {
            if (level == 0) {
                out.push_back(leaves.at(i));
                ++leaves_read;
            } else {
                const auto found = stored.find({level, i});
                if (found == stored.end()) return Error{Errc::io, "tile hash not stored"};
                out.push_back(found->second);
            }
        }
        return out;
    };
    const FetchNode fetch = [&](NodeId id) { return node_from_tiles(id, tiles); };
    CHECK(build_root(size, fetch).value() == tree.root());
    for (int round = 0; round < 200; ++round) {
        const std::uint64_t index = random() % size;
        leaves_read = 0;
        const auto proof = build_proof(plan_inclusion(index, size).value(), fetch);
        REQUIRE(proof.has_value());
        CHECK(verify_inclusion(index, size, leaves[index], *proof, tree.root()).has_value());
        REQUIRE(leaves_read <= 255 + 77);  // the rest of its own tile and the last, unfinished one
    }
}

TEST_CASE("merkle: third-party roots") {
    const auto data = third_party("merkle/rfc6962-roots.json");
    if (!data) return;
    const auto& inputs = data->at("leaf_inputs_hex").as_array();
    const auto& roots = data->at("root_hash_hex_by_tree_size").as_array();
    REQUIRE(roots.size() == inputs.size() + 1);
    Frontier tree;
    std::vector<TileHash> completed;
    for (std::size_t size = 0; size < roots.size(); ++size) {
        CHECK(to_hex(tree.root()) == text_of(roots[size]));
        if (size < inputs.size()) tree.append(leaf_hash(unhex(text_of(inputs[size]))), completed);
    }
}

namespace {

// Some cases use words ("don't care 2") as hashes, to compare and never to compute with: their digest stands in for
// them. An empty hash is an error, here by type.
std::optional<Hash> hash_of(const boost::json::value& value) {
    if (!value.is_string()) return std::nullopt;
    const auto bytes = base64_decode(std::string_view{value.as_string()});
    if (!bytes || bytes->empty()) return std::nullopt;
    if (bytes->size() != 32) return sha256(*bytes);
    Hash out{};
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return out;
}

bool proof_case_accepted(const boost::json::object& c) {
    std::vector<Hash> proof;
    if (c.at("proof").is_array()) {
        for (const auto& item : c.at("proof").as_array()) {
            const auto hash = hash_of(item);
            if (!hash) return false;
            proof.push_back(*hash);
        }
    }
    const auto number = [&](const char* key) { return boost::json::value_to<std::uint64_t>(c.at(key)); };
    if (text_of(c.at("kind")) == "inclusion") {
        const auto leaf = hash_of(c.at("leafHash"));
        const auto root = hash_of(c.at("root"));
        return leaf && root && verify_inclusion(number("leafIdx"), number("treeSize"), *leaf, proof, *root).has_value();
    }
    const auto root1 = hash_of(c.at("root1"));
    const auto root2 = hash_of(c.at("root2"));
    return root1 && root2 && verify_consistency(number("size1"), number("size2"), proof, *root1, *root2).has_value();
}

}  // namespace

TEST_CASE("merkle: third-party proofs, good and bad") {
    const auto data = third_party("merkle/rfc6962-proofs.json");
    if (!data) return;
    std::size_t good = 0;
    for (const auto& item : data->as_array()) {
        const auto& c = item.as_object();
        CAPTURE(text_of(c.at("source")));
        const bool want = !c.at("wantErr").as_bool();
        CHECK(proof_case_accepted(c) == want);
        good += want ? 1 : 0;
    }
    CHECK(data->as_array().size() == 111);
    CHECK(good > 0);
    std::printf("third-party proofs: %zu cases, %zu of them good\n", data->as_array().size(), good);
}
