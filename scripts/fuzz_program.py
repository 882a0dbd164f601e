# What the generators of scripts/fuzz share: choices drawn from a seed and weighted by a profile.
import collections
import random


class Program:
    """A program being made. Each weighted choice has a name, KIND.GROUP.NAME: what a profile makes more or less likely,
    and what the guidance sees in `used`."""

    KIND = ""

    def __init__(self, seed, profile=None):
        profile = profile or {}
        self.random = random.Random(seed)
        self.weights = profile.get("weights", {})
        self.size = profile.get("size", 1)
        self.used = collections.Counter()
        self.lines = []
        self.indent = 0
        self.counter = 0

    def one(self, *options):
        return self.random.choice(options)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def number(self, low, high):
        return self.random.randint(low, high)

    def many(self, low, high):
        """How many parts something has: more in a large program."""
        return max(low, round(self.number(low, high) * self.size))

    def choose(self, group, table):
        """A name of a table of weights."""
        prefix = f"{self.KIND}.{group}."
        names = list(table)
        weights = [table[name] * self.weights.get(prefix + name, 1) for name in names]
        name = self.random.choices(names, weights)[0]
        self.used[prefix + name] += 1
        return name

    def among(self, group, *options):
        """One of the options, which the profile knows by their places."""
        return options[int(self.choose(group, {str(place): 1 for place in range(len(options))}))]

    def name(self, prefix):
        self.counter += 1
        return f"{prefix}{self.counter}"

    def line(self, text):
        self.lines.append("    " * self.indent + text)
