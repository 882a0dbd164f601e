#!/usr/bin/env python3
# Makes more programs of those in fixtures/diagnose: the same seed gives the same files. Of each program --make N, with
# and without the fix alike: other sizes (the largest number of the last statement, 0.5 to 2 times as large, or one more
# or less where it is small), other names (of functions, classes and variables that stand nowhere as text or keyword),
# another position (functions and statements before it), and in a third of those with a defect a second one, a smaller
# run of another program of the set after it, whose defect stays (NAME-N+OTHER-M.py).
#   scripts/diagnose_make.py --make N --seed S --into DIR; scripts/diagnose --from DIR
import argparse
import ast
import builtins
import keyword
import pathlib
import random
import re

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures/diagnose"
WORDS = """amount area basket batch bonus border bucket budget cargo chapter column corner counter credit crowd cycle delta depth
    digit drift engine entry factor field figure flight gauge grade grain harvest index issue item journey kernel label layer
    ledger level limit margin market measure mixture moment motion notice number offset orbit order outcome packet page parcel
    pattern period phase place pocket portion price profit quota radius range_ ratio record region reserve result route row
    sample score season sector series share shift signal slice slope source span stage station step_ stock stream sum_ surface
    target tariff tempo term ticket token tone track trade tread trend turn unit value_ vector_ volume voyage wage weight width_
    window yield_ zone""".split()

# Runs that are short by nature, or with options of their own, say nothing beside others.
ALONE = ("clean", "short_run", "memory_overhead", "never_hot")


def renamable(trees):
    """Names the programs define and nothing refers to otherwise: no attribute, keyword or text."""
    defined, fixed = set(), set(dir(builtins)) | set(keyword.kwlist)
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                defined.add(node.name)
            case ast.Name(ctx=ast.Store()):
                defined.add(node.id)
            case ast.arg():
                defined.add(node.arg)
        match node:
            case ast.ClassDef():
                fixed |= {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
                fixed |= {name.id for part in node.body if isinstance(part, ast.Assign) for name in part.targets}
            case ast.Attribute():
                fixed.add(node.attr)
            case ast.keyword() if node.arg:
                fixed.add(node.arg)
            case ast.alias():
                fixed.add((node.asname or node.name).split(".")[0])
            case ast.Constant(value=str()):
                fixed |= set(re.findall(r"\w+", node.value))
    return sorted(defined - fixed)


def renamed(chooser, texts, suffix=""):
    names = renamable([ast.parse(text) for text in texts])
    words = [f"{word}{suffix}{number}" for number in ("", "2", "3", "4", "5", "6", "7", "8", "9") for word in WORDS]
    taken = set(re.findall(r"\w+", "\n".join(texts)))
    words = [word for word in words if word not in taken]
    chooser.shuffle(words)
    to = dict(zip(names, words))
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, names)) + r")\b") if names else None
    return [pattern.sub(lambda found: to[found.group()], text) if pattern else text for text in texts]


def resized(texts, factor, step):
    """The last statement is the call whose argument is how much there is to do; texts with and without the fix have the same."""
    last = ast.get_source_segment(texts[0], ast.parse(texts[0]).body[-1])
    numbers = [int(number) for number in re.findall(r"(?<![\w.])\d+(?![\w.])", last)]
    if not numbers:
        return texts
    size = max(numbers)
    other = int(size * factor) if size >= 100 else size + step
    change = lambda text: text[: text.rindex("\n\n")] + re.sub(rf"(?<![\w.]){size}(?![\w.])", str(other), text[text.rindex("\n\n") :])
    return [change(text) for text in texts]


def before(chooser):
    """Code that hardly runs."""
    out = []
    for k in range(chooser.randrange(5)):
        out.append(chooser.choice([
            f"def unused_{k}(first, second=({k}, 2)):\n    return [first + item for item in second]\n\n\n",
            f"class Unused{k}:\n    limit = {k}\n\n    def check(self, other):\n        return self.limit < other\n\n\n",
            f"# {chooser.choice(WORDS)} {chooser.choice(WORDS)}\n" * (k + 1),
            f"settings_{k} = {{name: len(name) for name in ('{chooser.choice(WORDS)}', '{chooser.choice(WORDS)}')}}\n",
        ]))
    return "".join(out)


def header(text):
    first, newline, rest = text.partition("\n")
    return (first + newline, rest) if first.startswith("# jitvm:") else ("", text)


def make(chooser, path, others, number, folder):
    fixed = path.with_name(path.stem + "_fixed.py")
    paths = [path, fixed] if fixed.exists() else [path]
    heads, texts = zip(*(header(p.read_text()) for p in paths))
    # Small numbers are depths, by which the time grows without end.
    texts = renamed(chooser, resized(list(texts), chooser.uniform(0.5, 2), chooser.choice([-1, 0])))
    place = before(chooser)
    stem, second = f"{path.stem}{number}", ""
    if fixed.exists() and not path.stem.startswith(ALONE) and chooser.random() < 1 / 3:
        other = chooser.choice([p for p in others if p.stem.split("-")[0] != path.stem.split("-")[0]])
        second = renamed(chooser, resized([other.read_text()], chooser.uniform(0.3, 0.6), -1), "_b")[0]
        stem += f"+{other.stem}"
    for head, text, name in zip(heads, texts, [stem, f"{stem}_fixed"]):
        (folder / f"{name}.py").write_text(head + place + text + ("\n\n" + second if second else ""))


def main():
    parser = argparse.ArgumentParser(description="Makes programs whose defect is known.")
    parser.add_argument("--make", type=int, required=True, metavar="N", help="programs to make of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=pathlib.Path, required=True, help="the folder to write them to")
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    chooser = random.Random(arguments.seed)
    programs = [p for p in sorted(FIXTURES.glob("*.py")) if not p.stem.endswith("_fixed")]
    others = [p for p in programs if not p.stem.startswith(ALONE)]
    for path in programs:
        for number in range(arguments.make):
            make(chooser, path, others, f"{number}{arguments.seed}", arguments.into)


if __name__ == "__main__":
    main()
