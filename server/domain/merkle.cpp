#include "server/domain/merkle.hpp"

#include <fmt/format.h>

#include <bit>

#include "common/core/crypto.hpp"

namespace gantry::merkle {
namespace {

// The left-aligned split of [begin, end) into perfect subtrees, largest first. `begin` must be a multiple of the
// largest.
std::vector<NodeId> split(std::uint64_t begin, std::uint64_t end) {
    std::vector<NodeId> out;
    while (begin < end) {
        const auto level = static_cast<unsigned>(std::bit_width(end - begin) - 1);
        out.push_back({level, begin >> level});
        begin += std::uint64_t{1} << level;
    }
    return out;
}

// The largest power of two smaller than n; n > 1.
std::uint64_t split_point(std::uint64_t n) { return std::bit_floor(n - 1); }

Hash fold_from_right(const std::vector<Hash>& hashes) {
    Hash root = hashes.back();
    for (std::size_t i = hashes.size() - 1; i > 0; --i) root = node_hash(hashes[i - 1], root);
    return root;
}

Result<Hash> fold_nodes(const std::vector<NodeId>& nodes, const FetchNode& fetch) {
    std::vector<Hash> hashes;
    hashes.reserve(nodes.size());
    for (const NodeId& node : nodes) {
        auto hash = fetch(node);
        if (!hash) return hash.error();
        hashes.push_back(*hash);
    }
    return fold_from_right(hashes);
}

Error mismatch(std::string_view what, const Hash& got, const Hash& want) {
    return {Errc::unauthentic, fmt::format("{}: got root {}, want {}", what, to_hex(got), to_hex(want))};
}

}  // namespace

Hash node_hash(const Hash& left, const Hash& right) {
    static constexpr std::uint8_t prefix[1] = {0x01};
    return sha256({ByteView{prefix}, ByteView{left}, ByteView{right}});
}

Hash empty_root() { return sha256(ByteView{}); }

Hash Frontier::root() const {
    if (size_ == 0) return empty_root();
    auto level = static_cast<unsigned>(std::countr_zero(size_));
    Hash root = nodes_[level];
    for (++level; level < 64; ++level) {
        if ((size_ >> level) & 1U) root = node_hash(nodes_[level], root);
    }
    return root;
}

void Frontier::append(const Hash& leaf_hash, std::vector<TileHash>& completed) {
    Hash hash = leaf_hash;
    unsigned level = 0;
    for (; (size_ >> level) & 1U; ++level) {
        hash = node_hash(nodes_[level], hash);
        if ((level + 1) % tile_height == 0)
            completed.push_back({(level + 1) / tile_height, size_ >> (level + 1), hash});
    }
    nodes_[level] = hash;
    ++size_;
}

Bytes Frontier::serialize() const {
    Bytes out;
    out.reserve(8 + 32 * static_cast<std::size_t>(std::popcount(size_)));
    ByteWriter writer{out};
    writer.u64(size_);
    for (unsigned level = 64; level-- > 0;) {
        if ((size_ >> level) & 1U) writer.bytes(nodes_[level]);
    }
    return out;
}

Result<Frontier> Frontier::parse(ByteView bytes) {
    ByteReader reader{bytes};
    Frontier out;
    out.size_ = reader.u64();
    const std::size_t want = 8 + 32 * static_cast<std::size_t>(std::popcount(out.size_));
    if (reader.failed() || bytes.size() != want)
        return Error{Errc::malformed, fmt::format("frontier: got {} bytes, want {}", bytes.size(), want)};
    for (unsigned level = 64; level-- > 0;) {
        if ((out.size_ >> level) & 1U) out.nodes_[level] = reader.array<32>();
    }
    return out;
}

bool Frontier::operator==(const Frontier& other) const {
    if (size_ != other.size_) return false;
    for (unsigned level = 0; level < 64; ++level) {
        if (((size_ >> level) & 1U) && nodes_[level] != other.nodes_[level]) return false;
    }
    return true;
}

Result<ProofPlan> plan_inclusion(std::uint64_t index, std::uint64_t size) {
    if (index >= size)
        return Error{Errc::not_found,
                     fmt::format("inclusion proof: got leaf {}, want below tree size {}", index, size)};
    // Walks from the root down to the leaf; each step leaves the sibling's range behind.
    ProofPlan plan;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end - begin > 1) {
        const std::uint64_t middle = begin + split_point(end - begin);
        if (index < middle) {
            plan.parts.push_back(split(middle, end));
            end = middle;
        } else {
            plan.parts.push_back(split(begin, middle));
            begin = middle;
        }
    }
    return ProofPlan{{plan.parts.rbegin(), plan.parts.rend()}};
}

Result<ProofPlan> plan_consistency(std::uint64_t size1, std::uint64_t size2) {
    if (size1 < 1 || size1 > size2)
        return Error{Errc::not_found,
                     fmt::format("consistency proof: got sizes {} and {}, want 1 <= first <= second", size1, size2)};
    ProofPlan plan;
    std::uint64_t begin = 0;
    std::uint64_t end = size2;
    while (end != size1) {
        const std::uint64_t middle = begin + split_point(end - begin);
        if (size1 <= middle) {
            plan.parts.push_back(split(middle, end));
            end = middle;
        } else {
            plan.parts.push_back(split(begin, middle));
            begin = middle;
        }
    }
    // A verifier that knows root 1 has this subtree already when it is the whole of tree 1.
    if (begin != 0) plan.parts.push_back(split(begin, end));
    return ProofPlan{{plan.parts.rbegin(), plan.parts.rend()}};
}

std::vector<NodeId> plan_root(std::uint64_t size) { return split(0, size); }

Result<std::vector<Hash>> build_proof(const ProofPlan& plan, const FetchNode& fetch) {
    std::vector<Hash> proof;
    proof.reserve(plan.parts.size());
    for (const auto& nodes : plan.parts) {
        auto hash = fold_nodes(nodes, fetch);
        if (!hash) return hash.error();
        proof.push_back(*hash);
    }
    return proof;
}

Result<Hash> build_root(std::uint64_t size, const FetchNode& fetch) {
    if (size == 0) return empty_root();
    return fold_nodes(plan_root(size), fetch);
}

Result<Hash> node_from_tiles(NodeId node, const FetchTileHashes& fetch) {
    const unsigned tile_level = node.level / tile_height;
    const std::size_t count = std::size_t{1} << (node.level % tile_height);
    auto hashes = fetch(tile_level, node.index * count, count);
    if (!hashes) return hashes.error();
    if (hashes->size() != count)
        return Error{Errc::io, fmt::format("tile level {} from {}: got {} hashes, want {}", tile_level,
                                           node.index * count, hashes->size(), count)};
    std::vector<Hash>& row = *hashes;
    for (std::size_t width = count; width > 1; width /= 2) {
        for (std::size_t i = 0; i < width / 2; ++i) row[i] = node_hash(row[2 * i], row[2 * i + 1]);
    }
    return row[0];
}

// RFC 9162 2.1.3.2.
Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf_hash,
                              const std::vector<Hash>& proof, const Hash& root) {
    if (index >= size)
        return Error{Errc::unauthentic, fmt::format("inclusion: got leaf {}, want below tree size {}", index, size)};
    std::uint64_t fn = index;
    std::uint64_t sn = size - 1;
    Hash hash = leaf_hash;
    for (const Hash& step : proof) {
        if (sn == 0) return Error{Errc::unauthentic, fmt::format("inclusion: got {} hashes, want fewer", proof.size())};
        if ((fn & 1U) || fn == sn) {
            hash = node_hash(step, hash);
            while (!(fn & 1U) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hash = node_hash(hash, step);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) return Error{Errc::unauthentic, fmt::format("inclusion: got {} hashes, want more", proof.size())};
    if (hash != root) return mismatch("inclusion", hash, root);
    return {};
}

// RFC 9162 2.1.4.2.
Result<void> verify_consistency(std::uint64_t size1, std::uint64_t size2, const std::vector<Hash>& proof,
                                const Hash& root1, const Hash& root2) {
    if (size1 == 0 || size1 > size2)
        return Error{Errc::unauthentic,
                     fmt::format("consistency: got sizes {} and {}, want 1 <= first <= second", size1, size2)};
    if (size1 == size2) {
        if (!proof.empty())
            return Error{Errc::unauthentic, fmt::format("consistency: got {} hashes, want none", proof.size())};
        if (root1 != root2) return mismatch("consistency", root1, root2);
        return {};
    }
    if (proof.empty()) return Error{Errc::unauthentic, "consistency: got no hashes, want some"};

    const bool first_is_subtree = std::has_single_bit(size1);
    std::uint64_t fn = size1 - 1;
    std::uint64_t sn = size2 - 1;
    while (fn & 1U) {
        fn >>= 1;
        sn >>= 1;
    }
    Hash hash1 = first_is_subtree ? root1 : proof.front();
    Hash hash2 = hash1;
    for (std::size_t i = first_is_subtree ? 0 : 1; i < proof.size(); ++i) {
        if (sn == 0)
            return Error{Errc::unauthentic, fmt::format("consistency: got {} hashes, want fewer", proof.size())};
        if ((fn & 1U) || fn == sn) {
            hash1 = node_hash(proof[i], hash1);
            hash2 = node_hash(proof[i], hash2);
            while (!(fn & 1U) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hash2 = node_hash(hash2, proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) return Error{Errc::unauthentic, fmt::format("consistency: got {} hashes, want more", proof.size())};
    if (hash1 != root1) return mismatch("consistency, first tree", hash1, root1);
    if (hash2 != root2) return mismatch("consistency, second tree", hash2, root2);
    return {};
}

}  // namespace gantry::merkle
