"""Random values that no one can foretell."""

import base64
import os
from random import Random

__all__ = ["choice", "randbelow", "randbits", "SystemRandom", "token_bytes", "token_hex", "token_urlsafe", "compare_digest"]

DEFAULT_ENTROPY = 32

try:
    from random import SystemRandom
except ImportError:
    class SystemRandom(Random):
        """Random numbers of the operating system."""

        def random(self):
            return (int.from_bytes(os.urandom(7), "big") >> 3) * 2.0 ** -53

        def getrandbits(self, k):
            if k < 0:
                raise ValueError("number of bits must be non-negative")
            size = (k + 7) // 8
            return int.from_bytes(os.urandom(size), "big") >> (size * 8 - k)

        def seed(self, *args, **kwds):
            return None

_source = SystemRandom()
choice = _source.choice


def randbits(k):
    return _source.getrandbits(k)


def randbelow(exclusive_upper_bound):
    if exclusive_upper_bound <= 0:
        raise ValueError("Upper bound must be positive.")
    bits = exclusive_upper_bound.bit_length()
    while True:
        value = _source.getrandbits(bits)
        if value < exclusive_upper_bound:
            return value


def token_bytes(nbytes=None):
    return os.urandom(DEFAULT_ENTROPY if nbytes is None else nbytes)


def token_hex(nbytes=None):
    return token_bytes(nbytes).hex()


def token_urlsafe(nbytes=None):
    return base64.urlsafe_b64encode(token_bytes(nbytes)).rstrip(b"=").decode("ascii")


def compare_digest(a, b):
    """Whether two secrets are equal, in a time that says nothing about where they differ."""
    if isinstance(a, str) and isinstance(b, str):
        if not a.isascii() or not b.isascii():
            raise TypeError("comparing strings with non-ASCII characters is not supported")
        a, b = a.encode(), b.encode()
    elif isinstance(a, str) or isinstance(b, str):
        raise TypeError("a bytes-like object is required, not 'str'")
    difference = len(a) ^ len(b)
    for x, y in zip(a, b):
        difference |= x ^ y
    return difference == 0
