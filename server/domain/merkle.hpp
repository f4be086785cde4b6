#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/core/result.hpp"

// The Merkle tree of the log: RFC 6962 hashing, the frontier that grows it, proofs. No storage: what a proof needs is
// named, and the caller fetches it. A leaf hash is SHA-256(0x00 ‖ leaf), see common/core/leaf.hpp.
namespace gantry::merkle {

// A perfect subtree: 2^level leaves, the first of them number index × 2^level. Level 0 is a leaf hash.
struct NodeId {
    unsigned level = 0;
    std::uint64_t index = 0;
    bool operator==(const NodeId&) const = default;
};

struct Node {
    NodeId id;
    Hash hash{};
};

// C2SP tlog-tiles: a tile of level L is 256 hashes in a row, each the root of 256^L leaves. Level 0 (leaf hashes) is
// never stored: it is recomputed from the leaves.
inline constexpr unsigned tile_height = 8;
inline constexpr std::uint64_t tile_width = 256;

// One hash of a tile of level 1 or above. It belongs to tile `index / 256` of its level, at place `index % 256`.
struct TileHash {
    unsigned tile_level = 1;
    std::uint64_t index = 0;
    Hash hash{};
    bool operator==(const TileHash&) const = default;
};

// SHA-256(0x01 ‖ left ‖ right).
Hash node_hash(const Hash& left, const Hash& right);

// The root of a tree without leaves: SHA-256 of nothing.
Hash empty_root();

// The live state of a growing tree: the roots of the perfect subtrees that [0, size) splits into, at most 64 hashes.
// Appending costs one hash of two nodes on average. A value: copy it to try a batch, keep the copy when the batch
// commits.
class Frontier {
public:
    std::uint64_t size() const { return size_; }
    Hash root() const;

    // Adds the next leaf. The hashes of the subtrees of 256, 65,536, … leaves that it completes are appended to
    // `completed`, lowest level first: they are what the store keeps.
    void append(const Hash& leaf_hash, std::vector<TileHash>& completed);

    // u64 size, then the hashes, largest subtree first: 8 + 32 × (ones in size) bytes.
    Bytes serialize() const;
    static Result<Frontier> parse(ByteView bytes);

    bool operator==(const Frontier& other) const;

private:
    std::uint64_t size_ = 0;
    std::array<Hash, 64> nodes_{};  // nodes_[level] is in use when bit `level` of size_ is set
};

// The hashes a proof is made of, each given as the perfect subtrees that make it, left to right. One part is one hash
// of the proof: fold it from the right with node_hash.
struct ProofPlan {
    std::vector<std::vector<NodeId>> parts;
};

// RFC 9162 2.1.3.1: the path of leaf `index` in the tree of `size` leaves. Needs index < size.
Result<ProofPlan> plan_inclusion(std::uint64_t index, std::uint64_t size);

// RFC 9162 2.1.4.1: that the tree of `size1` leaves is a prefix of that of `size2`. Needs 1 <= size1 <= size2.
Result<ProofPlan> plan_consistency(std::uint64_t size1, std::uint64_t size2);

// What plan_* needs for the root itself: the subtrees of [0, size).
std::vector<NodeId> plan_root(std::uint64_t size);

using FetchNode = std::function<Result<Hash>(NodeId)>;
Result<std::vector<Hash>> build_proof(const ProofPlan& plan, const FetchNode& fetch);
Result<Hash> build_root(std::uint64_t size, const FetchNode& fetch);

// `count` hashes of a tile level, the first of them number `first` of that level; count is a power of two, at most 128.
// For tile level 0 these are leaf hashes (from the stored leaves), above that stored tile hashes.
using FetchTileHashes =
    std::function<Result<std::vector<Hash>>(unsigned tile_level, std::uint64_t first, std::size_t count)>;

// Any node from what is stored: its hash is computed from the tile level at or below it. Use it as a FetchNode.
Result<Hash> node_from_tiles(NodeId node, const FetchTileHashes& fetch);

// Success, or Errc::unauthentic with got and want. An index beyond the tree or a proof of another length is refused.
Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf_hash,
                              const std::vector<Hash>& proof, const Hash& root);

// A proof from the empty tree proves nothing, so size1 = 0 is refused.
Result<void> verify_consistency(std::uint64_t size1, std::uint64_t size2, const std::vector<Hash>& proof,
                                const Hash& root1, const Hash& root2);

}  // namespace gantry::merkle
