"""The collector, as far as programs may turn it."""

import _jitvm

DEBUG_STATS = 1
DEBUG_COLLECTABLE = 2
DEBUG_UNCOLLECTABLE = 4
DEBUG_SAVEALL = 32
DEBUG_LEAK = 38

garbage = []
callbacks = []
_enabled = True
_threshold = (700, 10, 10)
_debug = 0


def collect(generation=2):
    if not 0 <= generation <= 2:
        raise ValueError("invalid generation")
    _jitvm.collect()
    # It is done at the beginning of a loop.
    for _ in (None,):
        pass
    return 0


def enable():
    global _enabled
    _enabled = True


def disable():
    """Notes the wish: memory is collected all the same, since nothing is counted."""
    global _enabled
    _enabled = False


def isenabled():
    return _enabled


def get_threshold():
    return _threshold


def set_threshold(threshold0, threshold1=10, threshold2=10):
    global _threshold
    _threshold = (threshold0, threshold1, threshold2)


def get_count():
    return (0, 0, 0)


def get_debug():
    return _debug


def set_debug(flags):
    global _debug
    _debug = flags


def get_stats():
    return [{"collections": 0, "collected": 0, "uncollectable": 0} for _ in range(3)]


def freeze():
    pass


def unfreeze():
    pass


def get_freeze_count():
    return 0


def is_tracked(obj):
    return not isinstance(obj, (int, float, str, bytes, type(None), complex))


def __getattr__(name):
    raise AttributeError("module 'gc' has no attribute %r (jitvm does not support it)" % name)
