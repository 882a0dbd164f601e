"""How two values that should be equal are shown."""

from .case import safe_repr


def _first_difference(first, second, kind):
    lines = []
    n, m = len(first), len(second)
    for i in range(min(n, m)):
        if first[i] != second[i]:
            lines.append('\nFirst differing element %d:\n%s\n%s\n' % (i, safe_repr(first[i]), safe_repr(second[i])))
            break
    for longer, a, b, x in (('First', n, m, first), ('Second', m, n, second)):
        if a > b:
            lines.append('\n%s %s contains %d additional elements.\nFirst extra element %d:\n%s\n' % (
                longer, kind, a - b, b, safe_repr(x[b])))
    return ''.join(lines)


def _diff(first, second):
    from difflib import ndiff
    from pprint import pformat
    return '\n' + '\n'.join(ndiff(pformat(first).splitlines(), pformat(second).splitlines()))


def difference(first, second, limit):
    shown = '%s != %s' % (safe_repr(first, True), safe_repr(second, True))
    if type(first) is not type(second):
        return '%s != %s' % (safe_repr(first), safe_repr(second))
    if isinstance(first, (set, frozenset)):
        lines = []
        for name, items in (('first', first - second), ('second', second - first)):
            if items:
                lines.append('Items in the %s set but not the second:' % name if name == 'first'
                             else 'Items in the second set but not the first:')
                lines += [repr(item) for item in items]
        return '\n'.join(lines)
    try:
        if isinstance(first, (list, tuple)):
            kind = 'list' if isinstance(first, list) else 'tuple'
            return '%ss differ: %s\n%s%s' % (kind.capitalize(), shown, _first_difference(first, second, kind),
                                             _diff(first, second))
        if isinstance(first, dict):
            return shown + _diff(first, second)
        if isinstance(first, str):
            from difflib import ndiff
            a = [line + '\n' if not line.endswith('\n') else line for line in first.splitlines(True)]
            b = [line + '\n' if not line.endswith('\n') else line for line in second.splitlines(True)]
            return shown + '\n' + ''.join(ndiff(a, b))
    except ImportError:
        if isinstance(first, (list, tuple)):
            return '%ss differ: %s\n%s' % (kind.capitalize(), shown, _first_difference(first, second, kind))
        return shown
    return '%s != %s' % (safe_repr(first), safe_repr(second))
