#include "server/domain/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/core/json.hpp"

namespace gantry {
namespace {

constexpr std::string_view dash = "\xE2\x80\x94 ";  // em dash and a blank

Error malformed(std::string message) { return {Errc::malformed, std::move(message)}; }

// A signer's name: not empty, no blanks of any kind, no '+', as golang.org/x/mod/sumdb/note demands.
bool valid_name(std::string_view name) {
    return !name.empty() && is_valid_utf8(name) && name.find('+') == std::string_view::npos &&
           std::ranges::none_of(name, [](char c) { return c >= 0 && c <= ' '; });
}

// Cuts the next line off, without its newline; false when there is no whole line left.
bool next_line(std::string_view& text, std::string_view& line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return true;
}

// Decimal, without sign and leading zeros.
Result<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool leading_zero = text.size() > 1 && text.front() == '0';
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || leading_zero)
        return malformed(fmt::format("checkpoint size: got '{}', want a decimal number", text));
    return value;
}

Result<NoteSignature> parse_signature_line(std::string_view line) {
    if (!line.starts_with(dash)) return malformed("note signature: want a line beginning with an em dash and a blank");
    line.remove_prefix(dash.size());
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos || !valid_name(line.substr(0, blank)))
        return malformed("note signature: want '— name base64'");
    auto bytes = base64_decode(line.substr(blank + 1));
    if (!bytes || bytes->size() < 5) return malformed("note signature: want base64 of a key id and a signature");
    ByteReader reader{*bytes};
    const std::uint32_t key_id = reader.u32();
    return NoteSignature{std::string{line.substr(0, blank)}, key_id, Bytes{bytes->begin() + 4, bytes->end()}};
}

}  // namespace

std::string checkpoint_body(const Checkpoint& checkpoint) {
    return fmt::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size, base64_encode(checkpoint.root));
}

Result<CheckpointLines> parse_checkpoint_lines(std::string_view body) {
    std::string_view origin;
    std::string_view size_text;
    std::string_view root_text;
    if (!next_line(body, origin) || !next_line(body, size_text) || !next_line(body, root_text))
        return malformed("checkpoint: got fewer than three whole lines, want origin, size and root");
    if (origin.empty()) return malformed("checkpoint: got an empty origin");
    const auto size = parse_size(size_text);
    if (!size) return size.error();
    auto root = base64_decode(root_text);
    if (!root || root->empty()) return malformed(fmt::format("checkpoint root: got '{}', want base64", root_text));
    CheckpointLines out{std::string{origin}, *size, std::move(*root), {}};
    for (std::string_view line; !body.empty();) {
        if (!next_line(body, line) || line.empty())
            return malformed("checkpoint extension: want whole lines that are not empty");
        out.extensions.emplace_back(line);
    }
    return out;
}

Result<Checkpoint> parse_checkpoint_body(std::string_view body) {
    auto lines = parse_checkpoint_lines(body);
    if (!lines) return lines.error();
    Checkpoint out{std::move(lines->origin), lines->size, {}};
    if (lines->root.size() != out.root.size())
        return malformed(fmt::format("checkpoint root: got {} bytes, want {}", lines->root.size(), out.root.size()));
    std::ranges::copy(lines->root, out.root.begin());
    return out;
}

Result<Note> parse_note(std::string_view signed_note) {
    if (signed_note.size() > note_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("note: got {} bytes, want at most {}", signed_note.size(), note_bytes_max)};
    if (!is_valid_utf8(signed_note)) return malformed("note: want UTF-8");
    const bool control = std::ranges::any_of(signed_note, [](char c) { return c >= 0 && c < ' ' && c != '\n'; });
    if (control) return malformed("note: want no control characters but newline");
    // The last empty line parts text and signatures; the text may hold empty lines itself.
    const std::size_t gap = signed_note.rfind("\n\n");
    if (gap == std::string_view::npos) return malformed("note: want an empty line between text and signatures");
    Note out{std::string{signed_note.substr(0, gap + 1)}, {}};
    std::string_view rest = signed_note.substr(gap + 2);
    if (rest.empty()) return malformed("note: got no signature");
    for (std::string_view line; !rest.empty();) {
        if (!next_line(rest, line)) return malformed("note: want a newline at the end");
        auto signature = parse_signature_line(line);
        if (!signature) return signature.error();
        if (out.signatures.size() == note_signatures_max)
            return Error{Errc::too_large, fmt::format("note: want at most {} signatures", note_signatures_max)};
        out.signatures.push_back(std::move(*signature));
    }
    return out;
}

std::uint32_t note_key_id(std::string_view name, const PublicKey& key) {
    static constexpr std::uint8_t newline_and_algorithm[2] = {'\n', note_algorithm_ed25519};
    const Hash hash = sha256({as_bytes(name), ByteView{newline_and_algorithm}, ByteView{key}});
    return ByteReader{hash}.u32();
}

std::string NoteVerifier::text() const {
    Bytes typed{note_algorithm_ed25519};
    typed.insert(typed.end(), key.begin(), key.end());
    return fmt::format("{}+{:08x}+{}", name, key_id(), base64_encode(typed));
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view text) {
    // The key's base64 may hold '+', the name and the hash may not.
    const std::size_t first = text.find('+');
    const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos) return malformed("verifier key: want name+hash+key");
    const std::string_view name = text.substr(0, first);
    const std::string_view hash = text.substr(first + 1, second - first - 1);
    if (!valid_name(name)) return malformed("verifier key: want a name without blanks");
    const auto typed = base64_decode(text.substr(second + 1));
    if (!typed || typed->size() != 33 || typed->front() != note_algorithm_ed25519)
        return malformed("verifier key: want base64 of an Ed25519 key (33 bytes, the first 0x01)");
    NoteVerifier out{std::string{name}, {}};
    std::copy(typed->begin() + 1, typed->end(), out.key.begin());
    if (const std::string want = fmt::format("{:08x}", out.key_id()); hash != want)
        return malformed(fmt::format("verifier key: got hash {}, want {}", hash, want));
    return out;
}

std::string note_signature_line(std::string_view text, std::string_view name, const SigningKey& key) {
    const Signature signature = key.sign(as_bytes(text));
    Bytes payload;
    ByteWriter writer{payload};
    writer.u32(note_key_id(name, key.public_key()));
    writer.bytes(signature);
    return fmt::format("{}{} {}\n", dash, name, base64_encode(payload));
}

Result<std::string> sign_note(std::string_view text, std::string_view name, const SigningKey& key) {
    if (!text.ends_with('\n')) return malformed("note: want a text that ends with a newline");
    if (!valid_name(name))
        return malformed(fmt::format("note: got signer '{}', want a name without blanks and '+'", name));
    return fmt::format("{}\n{}", text, note_signature_line(text, name, key));
}

Result<Note> open_note(std::string_view signed_note, std::span<const NoteVerifier> known) {
    auto note = parse_note(signed_note);
    if (!note) return note.error();
    std::vector<NoteSignature> verified;
    for (NoteSignature& candidate : note->signatures) {
        const auto verifier = std::ranges::find_if(
            known, [&](const NoteVerifier& v) { return v.name == candidate.name && v.key_id() == candidate.key_id; });
        if (verifier == known.end()) continue;
        Signature signature{};
        bool good = candidate.signature.size() == signature.size();
        if (good) {
            std::ranges::copy(candidate.signature, signature.begin());
            good = verify(verifier->key, as_bytes(note->text), signature);
        }
        if (!good) return Error{Errc::unauthentic, fmt::format("note: the signature of {} is wrong", candidate.name)};
        verified.push_back(std::move(candidate));
    }
    if (verified.empty()) return Error{Errc::unauthentic, "note: got no signature of a known key, want at least one"};
    note->signatures = std::move(verified);
    return note;
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key) {
    return sign_note(checkpoint_body(checkpoint), checkpoint.origin, key);
}

Result<Checkpoint> open_checkpoint(std::string_view signed_note, const NoteVerifier& log) {
    auto note = open_note(signed_note, std::span{&log, 1});
    if (!note) return note.error();
    auto checkpoint = parse_checkpoint_body(note->text);
    if (checkpoint && checkpoint->origin != log.name)
        return Error{Errc::unauthentic,
                     fmt::format("checkpoint: got origin {}, want {}", checkpoint->origin, log.name)};
    return checkpoint;
}

}  // namespace gantry
