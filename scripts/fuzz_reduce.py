# Reduces a program that differs: statements go, bodies take the place of their statement, expressions shrink.
import ast
import re
import time
import warnings

from fuzz_check import Late

# Of what it tries by compiling.
warnings.simplefilter("ignore")


def edits(tree):
    """Functions that change the tree in place, each with one that undoes it; the largest first."""
    found = []
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            size = len(block)
            while size > 1:
                size //= 2
                found += [(size * 50, node, field, at, size, None) for at in range(0, len(block), size)]
            for at, inner in enumerate(block):
                weight = sum(1 for _ in ast.walk(inner))
                found.append((weight, node, field, at, 1, None))
                if getattr(inner, "body", None) and not isinstance(inner, ast.FunctionDef):
                    found.append((weight // 2, node, field, at, 1, inner.body))
                if getattr(inner, "orelse", None):
                    found.append((weight // 3, node, field, at, 1, inner.orelse))
    found.sort(key=lambda edit: -edit[0])
    return found


def shrunk(tree):
    """(node, field, index, replacement) for expressions."""
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(child, ast.expr) or isinstance(getattr(child, "ctx", None), (ast.Store, ast.Del)) or isinstance(child, ast.JoinedStr):
                    continue
                if isinstance(node, (ast.JoinedStr, ast.FormattedValue)):
                    continue
                if not isinstance(child, (ast.Constant, ast.Name)):
                    for part in ast.iter_child_nodes(child):
                        if isinstance(part, ast.expr) and not isinstance(getattr(part, "ctx", None), ast.Store):
                            yield node, field, at, part
                    yield node, field, at, ast.Constant(1)
                elif isinstance(child, ast.Name) and not (isinstance(node, ast.Call) and field == "func"):
                    yield node, field, at, ast.Constant(1)


def reduce(check, text, words, kind, deadline, jit_only):
    def stays(source):
        try:
            expected = check.reference(source, 1)
            if re.search(r"^(NameError|UnboundLocalError)", expected[1], re.M):
                return False
            found = check.mode(expected, words, 4)
            if found and found[0] == kind and jit_only and check.mode(expected, ["--jit", "off"], 4):
                return False
        except Late:
            return False
        return found is not None and found[0] == kind

    def source_of(tree):
        try:
            source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
            compile(source, "x", "exec")
            return source
        except Exception:
            return None

    tree = ast.parse(text)
    best = source_of(tree)
    if not stays(best):
        return text
    again = True
    while again and time.time() < deadline:
        again = False
        at = 0
        todo = edits(tree)
        while at < len(todo) and time.time() < deadline:
            _, node, field, first, size, instead = todo[at]
            block = getattr(node, field)
            old = list(block)
            block[first : first + size] = instead or []
            if not block and field == "body" and not isinstance(node, ast.Module):
                block.append(ast.Pass())
            source = source_of(tree)
            if source and len(source) < len(best) and stays(source):
                best, again = source, True
                todo = edits(tree)
                at = min(at, max(0, len(todo) - 1))
                if not todo:
                    break
                continue
            block[:] = old
            at += 1
        changed = True
        while changed and time.time() < deadline:
            changed = False
            for node, field, at, part in list(shrunk(tree)):
                if time.time() > deadline:
                    break
                value = getattr(node, field)
                old = value if at is None else value[at]
                if at is None:
                    setattr(node, field, part)
                else:
                    value[at] = part
                source = source_of(tree)
                if source and len(source) < len(best) and stays(source):
                    best, changed, again = source, True, True
                    break
                if at is None:
                    setattr(node, field, old)
                else:
                    value[at] = old
    return best
