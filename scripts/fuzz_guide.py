# Draws the profiles of programs for scripts/fuzz, guided by which features of the log are rare so far.
import collections
import json
import math
import pathlib
import random

from fuzz_language import Language
from fuzz_numbers import Numbers
from fuzz_objects import Objects

KINDS = {"numbers": Numbers, "objects": Objects, "language": Language}
# JIT parameters that a profile may have, with their values: none of them may change what a program prints. Those that take
# much time are left to modes of their own.
PARAMETERS = {
    "loop": (2, 3, 7, 20, 200), "function": (2, 10, 40), "side": (1, 2, 3), "side-limit": (1, 4, 16), "chain-limit": (1, 2, 4),
    "side-eager": (1, 2, 4), "shapes": (1, 2, 3),
    "abort-limit": (1, 2), "version-limit": (1, 2), "entry-failures": (1, 2, 4), "watchdog": (4, 16, 64), "exit-cost": (60, 400),
    "max-ir": (60, 200, 800), "max-snapshots": (8, 40), "inline-depth": (0, 1, 2, 4), "inline-recursion": (0, 1), "if-convert": (0, 1, 9),
    "gc-stress": (1000,), "code-limit": (16, 32), "evict-stress": (20,), "func": ("off",), "bailouts": (1000,),
}  # fmt: skip
SIZES = (0.5, 0.7, 1, 1, 1, 1.4, 2)
# A feature that more programs than this had (or than one of so many programs) is not rare.
RARE, RARE_SHARE = 3, 200
POOL = 400


def make(profile):
    """The program of a profile, and how often it drew each construct."""
    generator = KINDS[profile["kind"]](profile["seed"], profile)
    text = generator.program()
    used = collections.Counter(generator.used)
    for parameter in profile["params"]:
        used[f"param.{parameter}"] += 1
    return text, used


def domain_of(feature):
    return feature.split(": ", 1)[0]


class Guide:
    """What was covered, by which profiles; and the next profile. With the same seed and the same answers, the same ones."""

    def __init__(self, seed, kinds, guided):
        self.random = random.Random(seed)
        self.seed, self.kinds, self.guided = seed, kinds, guided
        self.programs = 0
        self.features, self.universe = collections.Counter(), set()
        # Of each domain, how many features were seen.
        self.sizes = collections.Counter()
        self.constructs = collections.Counter()
        # Of each rare feature, the constructs of the programs that had it.
        self.beside = {}
        self.pool = []

    # Drawing.
    def next(self):
        if self.guided and self.pool and self.random.random() < 0.75:
            profile = self.child()
        else:
            profile = self.fresh()
        self.seed += 1
        return profile

    def fresh(self):
        draw = self.random
        parameters = [self.parameter() for _ in range(draw.choice((0, 0, 0, 1, 2, 3)))]
        profile = {"seed": self.seed, "kind": draw.choice(self.kinds), "size": draw.choice(SIZES), "params": parameters, "weights": {}}
        if self.guided and self.constructs:
            # Constructs that were drawn least so far.
            known = sorted(self.constructs, key=lambda name: (self.constructs[name], name))
            for name in draw.sample(known[: 40 + len(known) // 4], min(len(known), draw.choice((0, 2, 5)))):
                self.raise_weight(profile, name)
        return profile

    def parameter(self):
        name = self.random.choice(sorted(PARAMETERS))
        return f"{name}={self.random.choice(PARAMETERS[name])}"

    def raise_weight(self, profile, name):
        if name.startswith("param."):
            parameter = name.removeprefix("param.")
            profile["params"] = [p for p in profile["params"] if p.split("=")[0] != parameter.split("=")[0]] + [parameter]
        elif name.startswith(profile["kind"] + "."):
            weights = profile["weights"]
            weights[name] = round(min(40, weights.get(name, 1) * self.random.choice((2, 4, 8))), 2)

    def rarity(self, features):
        """How much features are wanted: the rarer the more, and those of a large domain less each, so that none drowns the rest."""
        return math.fsum(1 / (self.features[feature] * self.sizes[domain_of(feature)] ** 0.5) for feature in features)

    def is_rare(self, feature):
        return self.features[feature] <= max(RARE, self.programs // RARE_SHARE)

    def child(self):
        """A profile of the pool, changed: where its features are rare it is drawn more often, the more it was, less."""
        draw = self.random
        # Each kind has its turn, whatever the others find.
        kind = draw.choice(sorted({entry["profile"]["kind"] for entry in self.pool}))
        pool = [entry for entry in self.pool if entry["profile"]["kind"] == kind]
        # Large programs take longer: it is time that counts.
        scores = [self.rarity(entry["features"]) / (1 + entry["drawn"]) / entry["profile"]["size"] for entry in pool]
        entry = draw.choices(pool, scores)[0] if sum(scores) else draw.choice(pool)
        entry["drawn"] += 1
        profile = json.loads(json.dumps(entry["profile"]))
        # The seed decides what a profile leaves open. Half of the time only that changes.
        profile["seed"] = self.seed
        if draw.random() < 0.5:
            for _ in range(draw.randint(1, 4)):
                name = self.companion(profile["kind"], entry["features"])
                if name:
                    self.raise_weight(profile, name)
        if draw.random() < 0.2 and profile["weights"]:
            profile["weights"].pop(draw.choice(sorted(profile["weights"])))
        if draw.random() < 0.2:
            profile["size"] = round(min(2, max(0.4, profile["size"] * draw.choice((0.7, 1.4)))), 2)
        if draw.random() < 0.15:
            profile["params"] = profile["params"] + [self.parameter()]
        if draw.random() < 0.25 and profile["params"]:
            profile["params"].remove(draw.choice(profile["params"]))
        return profile

    def companion(self, kind, features):
        """A construct that programs with some rare feature have had more often than others."""
        rare = [feature for feature in sorted(features) if feature in self.beside] or sorted(self.beside)
        if not rare:
            return None
        feature = self.random.choices(rare, [self.rarity([name]) for name in rare])[0]
        names = sorted(name for name in self.beside[feature] if name.startswith((kind + ".", "param.")))
        if not names:
            return None
        return self.random.choices(names, [self.beside[feature][name] / self.constructs[name] for name in names])[0]

    # Learning.
    def learn(self, profile, used, features, universe):
        """What the logs of a program said. True if it covers something new or rare."""
        self.programs += 1
        self.universe |= universe
        self.constructs.update(used.keys())
        for feature in sorted(features):
            self.sizes[domain_of(feature)] += not self.features[feature]
            self.features[feature] += 1
        rare = {feature for feature in features if self.is_rare(feature)}
        for feature in rare:
            self.beside.setdefault(feature, collections.Counter()).update(used.keys())
        if self.programs % 50 == 0:
            self.beside = {feature: names for feature, names in self.beside.items() if self.is_rare(feature)}
            for entry in self.pool:
                entry["features"] = {feature for feature in entry["features"] if self.is_rare(feature)}
            self.pool = [entry for entry in self.pool if entry["features"]]
            self.pool = sorted(self.pool, key=lambda entry: -self.rarity(entry["features"]))[:POOL]
        if rare and self.guided:
            self.pool.append({"profile": profile, "features": rare, "drawn": 0})
        return bool(rare)

    # Over several runs.
    def save(self, path):
        state = {
            "programs": self.programs, "features": dict(sorted(self.features.items())), "universe": sorted(self.universe), "constructs": dict(sorted(self.constructs.items())),
            "beside": {feature: dict(sorted(names.items())) for feature, names in sorted(self.beside.items())},
            "pool": [{**entry, "features": sorted(entry["features"])} for entry in self.pool],
        }  # fmt: skip
        new = pathlib.Path(f"{path}.new")
        new.write_text(json.dumps(state, indent=1))
        new.replace(path)

    def load(self, path):
        state = json.loads(pathlib.Path(path).read_text())
        self.programs = state["programs"]
        self.features, self.constructs = collections.Counter(state["features"]), collections.Counter(state["constructs"])
        self.universe = set(state["universe"])
        self.sizes.update(domain_of(feature) for feature in self.features)
        self.beside = {feature: collections.Counter(names) for feature, names in state["beside"].items()}
        self.pool = [{**entry, "features": set(entry["features"])} for entry in state["pool"]]

    # Saying.
    def report(self):
        """Covered by domain, of how many, and what never was."""
        domains = collections.defaultdict(set)
        for feature in self.universe | set(self.features):
            domains[domain_of(feature)].add(feature)
        lines, never = [], []
        closed = {domain_of(feature) for feature in self.universe}
        for domain in sorted(domains, key=lambda name: (name not in closed, name)):
            names = domains[domain]
            covered = [name for name in names if self.features[name]]
            rare = sum(self.features[name] <= RARE for name in covered)
            of = f"of {len(self.universe & names):4}" if domain in closed else "of ?   "
            inside = len([name for name in covered if name in self.universe]) if domain in closed else len(covered)
            lines.append(f"  {domain:24} {inside:4} {of}   {rare:3} in at most {RARE} programs")
            missing = sorted(name.split(": ", 1)[1] for name in names & self.universe if not self.features[name])
            if missing:
                never.append(f"  {domain}: {', '.join(missing)}")
        covered = sum(1 for name in self.universe if self.features[name])
        others = len([name for name in self.features if name not in self.universe])
        head = f"covered {covered} of {len(self.universe)} features that the log has names for, and {others} without a table, in {self.programs} programs"
        return "\n".join([head, *lines, "never covered:", *never])
