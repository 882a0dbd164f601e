"""Reads a log with nothing but this file and the schema inside the log; prints one JSON object per record.

It stands for a reader in another language: README.md, "The bytes", is all it knows.
"""
import json
import struct
import sys

BLOCK, EXTENT = 1 << 16, 1 << 26
CODES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i32": "i", "i64": "q", "f64": "d"}

data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89JLG\r\n\x1a\n" and struct.unpack_from("<H", data, 8)[0] == 1
schema_at, schema_len = struct.unpack_from("<II", data, BLOCK + 72)
schema = json.loads(data[BLOCK + schema_at : BLOCK + schema_at + schema_len])
events = {event["id"]: event for event in schema["events"]}
dt_shift = data[BLOCK + 36]


def fields(event, body):
    tail = event["fixed"]
    for name, physical, offset, *meaning in event["fields"]:
        if physical in CODES:
            value = struct.unpack_from("<" + CODES[physical], body, offset)[0]
            value = schema["names"].get((meaning or [""])[0], {}).get(str(value), value)
        elif physical == "u8[16]":
            value = body[offset : offset + 16].hex()
        else:
            length = struct.unpack_from("<I", body, offset)[0]
            raw = body[tail : tail + length]
            tail += length + -length % 8
            value = raw.decode() if physical == "str" else raw.hex()
        yield name, value


def records(start, end, base):
    at = start + 16
    while at + 8 <= end:
        (word,) = struct.unpack_from("<Q", data, at)
        kind, words, dt = word & 0xFFF, word >> 16 & 0xFFFF, word >> 32
        if word == 0:
            return
        body, size = at + 8, words * 8
        if words == 0xFFFF:
            body, size = at + 16, struct.unpack_from("<Q", data, at + 8)[0]
        if kind == 1:
            (base,) = struct.unpack_from("<Q", data, body)
        yield base + (dt << dt_shift), kind, data[body : at + size]
        at += size


for extent in range(0, len(data), EXTENT):
    for index in range(1, min(1024, (len(data) - extent) // BLOCK)):
        kind, _, _, _, stream, sequence, first = struct.unpack_from("<4BIQQ", data, extent + index * 64)
        (blocks,) = struct.unpack_from("<I", data, extent + index * 64 + 56)
        if kind in (2, 3, 4):
            start = extent + index * BLOCK
            for ticks, number, body in records(start, start + blocks * BLOCK, first):
                event = events[number]
                record = {"_ticks": ticks, "_stream": stream, "ev": event["name"], **dict(fields(event, body))}
                print(json.dumps(record))
