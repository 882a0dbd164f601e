# What a log of jitvm says happened, as features ("abort: inner-loop"), and all that could: read from the log's own tables.
import collections
import functools
import json
import pathlib
import re
from struct import Struct, unpack_from

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK, EXTENT = 1 << 16, 1 << 26
SCALARS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i32": "<i", "i64": "<q", "f64": "<d"}

# Events about time, the log itself and what the sampler and the kernel see: no program decides whether they come.
OF_THE_RUN = """timebase clock_sync counter_delta state_time perf_count perf_missing native_stack sampling sample samples_lost
log_stats memory memory_part codemem_flush heap heap_type alloc_sample mark span_begin span_end codemem source_text code code_map
exit_status""".split()
# Fields with a vocabulary that say nothing of the program: never set, or said already by another one.
UNUSED = {("bailout", "reason"), ("bailout", "expected"), ("code", "arch"), ("compile_end", "reason"), ("gc_begin", "kind")}
# Names of the format that jitvm has no use for: other VMs' logs have them. Code that it frees was evicted.
OF_OTHERS = {"guard_hot action: blacklist", "guard_hot action: ignore", "compile_end outcome: discarded", "trace_start kind: entry",
             "event: codemem_flush", "code_free: entry-fails", "code_free: exit-cost", "code_free: shapes-opened"}
# What guards failed, by their kind, as `guard` is what guards there were.
FAILED = "guard failed"

Field = collections.namedtuple("Field", "name code offset domain names")


class Event:
    """How a type of records is read: the fields that have a vocabulary, and where the fixed ones are."""

    def __init__(self, row, names):
        self.name, self.fixed, self.kind = row["name"], row["fixed"], row["class"]
        self.offsets = {name: (SCALARS[physical], offset) for name, physical, offset, *_ in row["fields"] if physical in SCALARS}
        self.tails = [name for name, physical, *_ in row["fields"] if physical in ("str", "bytes")]
        self.lengths = {name: offset for name, physical, offset, *_ in row["fields"] if physical in ("str", "bytes")}
        self.fields = []
        for name, physical, offset, *meaning in row["fields"]:
            meaning = meaning[0] if meaning else ""
            if physical in SCALARS and (self.name, name) not in UNUSED:
                known = {int(number): text for number, text in names.get(meaning, {}).items()}
                self.fields.append(Field(name, SCALARS[physical], offset, meaning, known))

    def number(self, body, field):
        return unpack_from(self.offsets[field][0], body, self.offsets[field][1])[0]

    def tail(self, body, field):
        """Bytes of a text or list: they follow the fixed part in the order of the fields, each padded to 8."""
        at = self.fixed
        for name in self.tails:
            length = unpack_from("<I", body, self.lengths[name])[0]
            if name == field:
                return body[at : at + length]
            at += (length + 7) // 8 * 8


@functools.lru_cache(maxsize=4)
def events_of(text):
    schema = json.loads(text)
    return {row["id"]: Event(row, schema["names"]) for row in schema["events"]}, schema["names"]


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


@functools.cache
def tables_of_sources():
    """Two vocabularies that a log has as numbers and words, but not as tables: helpers, and why traces end with LEAVE."""
    text = (ROOT / "jitvm/src/interp/helpers.rs").read_text()
    helpers = re.findall(r'^    [A-Z][A-Z_0-9]* "([a-z_0-9]+)" A\d ', text, re.M)
    text = (ROOT / "jitvm/src/trace/abort.rs").read_text()
    table = re.search(r"LeaveReason \{(.*?)\n    \}", text, re.S)
    return helpers, dict(re.findall(r'^ +\w+ "([a-z-]+)" "(.*)";', table[1], re.M)) if table else {}


class Log:
    """The features of one log. `seen` maps a domain to names and how often; `known` maps it to every name there is."""

    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        if self.data[:8] != b"\x89JLG\r\n\x1a\n":
            raise ValueError(f"{path} is not a log")
        at, length = unpack_from("<II", self.data, BLOCK + 72)
        self.events, self.names = events_of(bytes(self.data[BLOCK + at : BLOCK + at + length]))
        self.seen = collections.defaultdict(collections.Counter)
        self.known = collections.defaultdict(set)
        self.reasons = collections.defaultdict(dict)
        self.opcodes = collections.defaultdict(dict)
        self.passes, self.guards, self.bodies, self.relations = {}, {}, {}, {}
        self.define()
        self.read()

    def records(self, kinds):
        data, head = self.data, Struct("<Q")
        for extent in range(0, len(data), EXTENT):
            for index in range(1, min(1024, (len(data) - extent) // BLOCK)):
                kind, blocks = unpack_from("<B55xI", data, extent + index * 64)
                if kind not in kinds:
                    continue
                at = extent + index * BLOCK
                end, at = at + blocks * BLOCK, at + 16
                while at + 8 <= end:
                    (word,) = head.unpack_from(data, at)
                    if not word:
                        break
                    words, body = word >> 16 & 0xFFFF, at + 8
                    size = words * 8
                    if words == 0xFFFF:
                        (size,) = head.unpack_from(data, body)
                        body += 8
                    yield self.events.get(word & 0xFFF), memoryview(data)[body : at + size]
                    at += size

    def domain_of(self, event, field):
        """The domain of reasons that a field's numbers are of, by the name of its type or its own."""
        key = (event.name, field.name)
        if key not in self.relations:
            words = snake(field.domain)
            found = [domain for domain in self.reasons if field.domain and words.removesuffix("_reason").removesuffix("_kind") == domain.removesuffix("_kind")]
            found = found or [domain for domain in self.reasons if domain == field.name and not field.domain]
            self.relations[key] = found[0] if found else None
        return self.relations[key]

    def define(self):
        domains = {int(number): text for number, text in self.names["ReasonDomain"].items()}
        sets = {int(number): text for number, text in self.names["OpcodeSet"].items()}
        for event, body in self.records((2,)):
            if event is None:
                continue
            if event.name == "reason":
                domain = event.number(body, "domain")
                self.reasons[domains.get(domain, str(domain))][event.number(body, "code")] = str(event.tail(body, "name"), "utf-8")
            elif event.name == "opcode":
                chosen = event.number(body, "set")
                self.opcodes[sets.get(chosen, str(chosen))][event.number(body, "op")] = str(event.tail(body, "name"), "utf-8")
            elif event.name == "pass":
                self.passes[event.number(body, "pass_id")] = str(event.tail(body, "name"), "utf-8")
            elif event.name == "guard":
                kind = self.reasons["guard_kind"].get(event.number(body, "kind"), "?")
                self.guards[event.number(body, "guard_id")] = kind
                self.seen["guard"][kind] += 1
                if kind == "LEAVE":
                    self.seen["leave"][self.leave(str(event.tail(body, "expected"), "utf-8"))] += 1
        self.helpers, leaves = tables_of_sources()
        self.known["helper"].update(self.helpers)
        self.known["leave"].update(leaves)
        self.known["pass"].update(self.passes.values())
        for name in ("guard", FAILED):
            self.known[name].update(self.reasons["guard_kind"].values())
        for name, table in self.opcodes.items():
            self.known[name].update(table.values())
        self.known["event"].update(event.name for event in self.events.values() if event.kind != "definition" and event.name not in OF_THE_RUN)
        for event in self.events.values():
            if event.kind == "definition" or event.name in OF_THE_RUN:
                continue
            for field in event.fields:
                domain = self.domain_of(event, field)
                if field.names or domain:
                    self.known[self.title(event, field)].update(field.names.values() or self.reasons[domain].values())

    @staticmethod
    def title(event, field):
        """`trace_abort.reason` is "trace_abort", `rule.rule` is "rule", `hot.what` is "hot what"."""
        return event.name if field.name in ("reason", event.name) else f"{event.name} {field.name}"

    @staticmethod
    @functools.cache
    def leaves():
        return {text: name for name, text in tables_of_sources()[1].items()}

    @staticmethod
    def general(detail):
        """What an abort names, without the names and numbers of one program."""
        if " line " in detail:
            return "at a line"
        return re.sub(r"\d+", "N", re.sub(r"'[^']*'", "a name", detail)) if " " in detail or "'" in detail or detail.isupper() else detail if detail.islower() else ""

    def leave(self, expected):
        words = expected.removeprefix("the interpreter: ")
        return self.leaves().get(words, words)

    def read(self):
        seen = self.seen
        for event, body in self.records((3, 4)):
            if event is None or event.name in OF_THE_RUN:
                continue
            name = event.name
            seen["event"][name] += 1
            for field in event.fields:
                domain = self.domain_of(event, field)
                if not field.names and not domain:
                    continue
                number = unpack_from(field.code, body, field.offset)[0]
                table = field.names or self.reasons[domain]
                # Shapes of the program's own classes have numbers past the table.
                seen[self.title(event, field)][table.get(number, "an object of the program" if domain == "observed_type" else str(number))] += 1
            if name == "bailout":
                kind = self.guards.get(event.number(body, "guard_id"), "?")
                seen[FAILED][kind] += 1
                observed = self.reasons["observed_type"].get(event.number(body, "observed_type"), "an object")
                if observed != "none":
                    seen["guard and type"][f"{kind} {observed}"] += 1
            elif name == "trace_abort":
                reason = self.reasons["abort"].get(event.number(body, "reason"), "?")
                detail = str(event.tail(body, "detail"), "utf-8", "replace")
                seen["abort detail"][f"{reason} {self.general(detail)}".strip()] += 1
            elif name == "pass_end" and event.number(body, "changed"):
                seen["pass"][self.passes.get(event.number(body, "pass_id"), "?")] += 1
            elif name == "bytecode":
                words = bytes(event.tail(body, "bytes"))
                for op, times in collections.Counter(words[0::16]).items():
                    seen["bytecode"][self.opcodes["bytecode"].get(op, str(op))] += times
                seen["inline depth"][str(max(words[12::16], default=0))] += 1
            elif name == "ir":
                self.bodies[event.number(body, "trace_id")] = bytes(event.tail(body, "ops"))
        call = next((op for op, name in self.opcodes["ir"].items() if name == "CALLH"), None)
        for ops in self.bodies.values():
            for op, times in collections.Counter(ops[0::16]).items():
                seen["ir"][self.opcodes["ir"].get(op, str(op))] += times
                if op == call:
                    for at in range(0, len(ops), 16):
                        if ops[at] == call:
                            (number,) = unpack_from("<I", ops, at + 8)
                            seen["helper"][self.helpers[number] if number < len(self.helpers) else str(number)] += 1

    def features(self):
        """What was seen, as one set of texts."""
        return {f"{domain}: {name}" for domain, names in self.seen.items() for name in names}

    def universe(self):
        return {f"{domain}: {name}" for domain, names in self.known.items() for name in names} - OF_OTHERS
