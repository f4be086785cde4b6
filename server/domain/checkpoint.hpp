#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"
#include "common/core/result.hpp"

// C2SP signed-note and tlog-checkpoint: the log's signed size and root, in the format that independent witnesses and
// verifiers read.
namespace gantry {

inline constexpr std::size_t note_bytes_max = 64 * 1024;      // a checkpoint with 100 cosignatures takes about 15 KiB
inline constexpr std::size_t note_signatures_max = 100;       // as golang.org/x/mod/sumdb/note
inline constexpr std::uint8_t note_algorithm_ed25519 = 0x01;  // first byte of a verifier key

struct Checkpoint {
    std::string origin;  // names the log and its generation, for example "gantry.example/hospital-1/1"
    std::uint64_t size = 0;
    Hash root{};
    bool operator==(const Checkpoint&) const = default;
};

// "origin\nsize\nbase64(root)\n"
std::string checkpoint_body(const Checkpoint& checkpoint);

// The lines of a checkpoint whose root may be of any length, as the format allows; `extensions` are further lines, in
// order.
struct CheckpointLines {
    std::string origin;
    std::uint64_t size = 0;
    Bytes root;
    std::vector<std::string> extensions;
};
Result<CheckpointLines> parse_checkpoint_lines(std::string_view body);

// As above, and the root must be a SHA-256.
Result<Checkpoint> parse_checkpoint_body(std::string_view body);

struct NoteSignature {
    std::string name;
    std::uint32_t key_id = 0;
    Bytes signature;  // without the key id
};

// A note taken apart, nothing verified yet.
struct Note {
    std::string text;  // ends with a newline; this is what is signed
    std::vector<NoteSignature> signatures;
};
Result<Note> parse_note(std::string_view signed_note);

// First four bytes, big-endian, of SHA-256(name ‖ "\n" ‖ 0x01 ‖ key).
std::uint32_t note_key_id(std::string_view name, const PublicKey& key);

// Who may sign a note. Text form: name+hash+key, hash 8 hexadecimal digits, key base64(0x01 ‖ 32 bytes).
struct NoteVerifier {
    std::string name;
    PublicKey key{};

    std::uint32_t key_id() const { return note_key_id(name, key); }
    std::string text() const;
    static Result<NoteVerifier> parse(std::string_view text);
};

// One line "— name base64(key id ‖ signature)\n".
std::string note_signature_line(std::string_view text, std::string_view name, const SigningKey& key);

// text ‖ "\n" ‖ signature line. `text` must end with a newline and `name` hold neither blanks nor '+'.
Result<std::string> sign_note(std::string_view text, std::string_view name, const SigningKey& key);

// The note with those signatures that a known verifier made. Signatures of unknown keys are ignored; a wrong signature
// of a known key and a note without any known signature are refused.
Result<Note> open_note(std::string_view signed_note, std::span<const NoteVerifier> known);

// The log's own two steps in one: body signed under its origin …
Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key);
// … and read back, verified; the note's signer and the origin must be the verifier's name.
Result<Checkpoint> open_checkpoint(std::string_view signed_note, const NoteVerifier& log);

}  // namespace gantry
