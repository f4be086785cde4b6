#include "common/core/messages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/core/limits.hpp"

namespace gantry {
namespace {

constexpr std::string_view magic = "GTM1";
constexpr std::size_t head_bytes = 4 + 1 + 64;

Error bad(std::string what) { return {Errc::malformed, "message: " + std::move(what)}; }

Bytes signed_bytes(MessageKind kind, const DeviceId& dev, std::string_view json) {
    Bytes out;
    out.reserve(96 + json.size());
    ByteWriter write{out};
    write.text("gantry/v1 msg\n");
    write.u8(static_cast<std::uint8_t>(kind));
    write.text(dev.text());
    write.text(is_upward(kind) ? "\nup\n" : "\ndown\n");
    write.text(json);
    return out;
}

}  // namespace

RefusalClass refusal_class(std::string_view code) {
    constexpr std::string_view record_codes[] = {"schema", "utf8", "too_large"};
    constexpr std::string_view identity_codes[] = {"unknown_key", "revoked", "bad_signature", "part", "conflict"};
    if (std::ranges::find(record_codes, code) != std::end(record_codes)) return RefusalClass::record;
    if (std::ranges::find(identity_codes, code) != std::end(identity_codes)) return RefusalClass::identity;
    return RefusalClass::later;
}

bool is_message(ByteView bytes) { return bytes.size() >= magic.size() && as_text(bytes.first(magic.size())) == magic; }

Result<Envelope> open_message(ByteView bytes) {
    if (bytes.size() > limits::message_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("message: got {} bytes, want at most {}", bytes.size(), limits::message_bytes_max)};
    if (!is_message(bytes)) return bad("does not begin with GTM1");
    if (bytes.size() < head_bytes + 2)
        return bad(fmt::format("got {} bytes, want at least {}", bytes.size(), head_bytes + 2));
    ByteReader in{bytes.subspan(magic.size())};
    const std::uint8_t kind = in.u8();
    if (kind < 1 || kind > 9) return bad(fmt::format("kind: got {}, want 1 to 9", kind));
    Envelope out;
    out.kind = static_cast<MessageKind>(kind);
    out.signature = in.array<64>();
    out.json = as_text(bytes.subspan(head_bytes));
    return out;
}

bool verify_message(const Envelope& envelope, const DeviceId& dev, const PublicKey& key) {
    return verify(key, signed_bytes(envelope.kind, dev, envelope.json), envelope.signature);
}

Bytes seal_message(MessageKind kind, const DeviceId& dev, std::string_view json, const SigningKey& key) {
    const Signature signature = key.sign(signed_bytes(kind, dev, json));
    Bytes out;
    out.reserve(head_bytes + json.size());
    ByteWriter write{out};
    write.text(magic);
    write.u8(static_cast<std::uint8_t>(kind));
    write.bytes(signature);
    write.text(json);
    return out;
}

}  // namespace gantry
