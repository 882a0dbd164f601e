"""Literals as values. There are no trees: jitvm's compiler has its own."""

from _jitvm import literal as _literal


def literal_eval(node_or_string):
    """The value of a text that holds nothing but literals and displays of them."""
    if isinstance(node_or_string, str):
        return _literal(node_or_string)
    raise ValueError("malformed node or string: %r" % (node_or_string,))
