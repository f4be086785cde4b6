#!/usr/bin/env python3
"""Writes messages.json: one vector a message kind, made without the product's code (Ed25519 as in RFC 8032, section 6).
The product must produce and accept these very bytes; see tests/unit/core/golden_test.cpp. Usage: make_messages.py > messages.json"""
import hashlib
import json

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    t, u = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    v, w = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = u - t, w - v, w + v, u + t
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x & 1:
        x = P - x
    return (x, y, 1, x * y % P)


G = base_point()


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def sign(seed, message):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | 1 << 254
    public = compress(multiply(a, G))
    r = int.from_bytes(hashlib.sha512(h[32:] + message).digest(), "little") % L
    point = compress(multiply(r, G))
    k = int.from_bytes(hashlib.sha512(point + public + message).digest(), "little") % L
    return point + ((r + k * a) % L).to_bytes(32, "little")


DEV = "ct-0001"
RECORD_SEED = bytes(range(0x00, 0x20))
RECEIPT_SEED = bytes(range(0x20, 0x40))
EPOCH = "00112233445566778899aabbccddeeff"
BOOT = "ffeeddccbbaa99887766554433221100"
HEAD = "83c9fae1d64c8f01ae7841e4cea337f48369344100e1139a75db074fd7817482"
HOST = "ab" * 32
PARENT = {"epoch": "0f" * 16, "last_seq": 9, "last_head": "12" * 32}
BODIES = [
    (1, "hello", "up", {"nonce": "n1", "t": 1795000000500, "mono": 500, "boot_agent": "b1",
                        "epochs": [{"epoch": EPOCH, "parent": PARENT, "last_seq": 3, "last_head": HEAD}]}),
    (2, "state", "down", {"nonce": "n1", "boot": BOOT, "gen": 1, "t_received": 1795000000600, "t_sent": 1795000000601,
                          "epochs": [{"epoch": EPOCH, "high": 3, "at": 3, "head": HEAD},
                                     {"epoch": "0f" * 16, "high": 0, "at": 0, "head": None, "conflict": True}]}),
    (3, "ack", "down", {"boot": BOOT, "gen": 1, "epoch": EPOCH, "seq": 3, "head": HEAD, "leaf": 3, "size": 5, "want": 4, "credit": 512}),
    (4, "refusal", "down", {"boot": BOOT, "epoch": EPOCH, "seq": 4, "code": "schema"}),
    (5, "lost", "up", {"epoch": EPOCH, "parent": None, "from": 2, "to": 3, "head_at_to": HEAD, "host": HOST, "host_parts": 3}),
    (6, "beat", "up", {"t": 1795000060000, "mono": 60000, "pending": 7, "outbox_bytes": 4096, "version": "0.1.0"}),
    (7, "settings", "down", {"version": 2, "linger_ms": 500}),
    (8, "rekey", "down", {"new": "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7", "by_recovery": False}),
    (9, "contradiction", "up", {"epoch": EPOCH, "at": 3, "head": HEAD}),
]

vectors = []
for kind, name, direction, body in BODIES:
    text = json.dumps(body, separators=(",", ":"))
    signed = b"gantry/v1 msg\n" + bytes([kind]) + DEV.encode() + b"\n" + direction.encode() + b"\n" + text.encode()
    seed = RECORD_SEED if direction == "up" else RECEIPT_SEED
    vectors.append({"kind": kind, "name": name, "direction": direction, "json": text,
                    "message": (b"GTM1" + bytes([kind]) + sign(seed, signed) + text.encode()).hex()})
print(json.dumps({"dev": DEV, "record_key_seed": RECORD_SEED.hex(), "receipt_key_seed": RECEIPT_SEED.hex(), "messages": vectors}, indent=1))
