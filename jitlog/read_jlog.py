"""Prints a .jlog as JSON Lines, with nothing but Python and the schema inside the log: python3 read_jlog.py run.jlog"""
import json, sys
from struct import unpack_from as unpack

CODES = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i32": "<i", "i64": "<q", "f64": "<d"}
data = open(sys.argv[1], "rb").read()
assert data[:10] == b"\x89JLG\r\n\x1a\n\1\0", "not a jitlog file of version 1"
schema = json.loads(data[65536 + unpack("<I", data, 65536 + 72)[0]:][:unpack("<I", data, 65536 + 76)[0]])
events = {event["id"]: event for event in schema["events"]}

def field(body, tails, physical, offset, meaning=""):
    if physical in CODES:
        return schema["names"].get(meaning, {}).get(str(value := unpack(CODES[physical], body, offset)[0]), value)
    if physical == "u8[16]":
        return body[offset:offset + 16].hex()
    raw = body[tails[0]:tails[0] + unpack("<I", body, offset)[0]]
    tails[0] += (len(raw) + 7) // 8 * 8
    return raw.decode() if physical == "str" else raw.hex()

def records(at, end, base):
    while at + 8 <= end and (word := unpack("<Q", data, at)[0]):
        words = word >> 16 & 0xFFFF
        body = data[at + 8:at + words * 8] if words < 0xFFFF else data[at + 16:at + unpack("<Q", data, at + 8)[0]]
        base = unpack("<Q", body)[0] if word & 0xFFF == 1 else base
        yield word & 0xFFF, base + (word >> 32 << data[65536 + 36]), body
        at += words * 8 if words < 0xFFFF else unpack("<Q", data, at + 8)[0]

for extent in range(0, len(data), 1 << 26):
    for index in range(1, min(1024, (len(data) - extent) // 65536)):
        kind, stream, first, blocks = unpack("<B3xI8xQ32xI", data, extent + index * 64)
        at = extent + index * 65536
        for number, ticks, body in records(at + 16, at + blocks * 65536, first) if kind in (2, 3, 4) else ():
            event, tails = events[number], [events[number]["fixed"]]
            values = {name: field(body, tails, *rest) for name, *rest in event["fields"]}
            print(json.dumps({"_ticks": ticks, "_stream": stream, "ev": event["name"], **values}))
