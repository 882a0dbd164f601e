"""Digests of data: MD5, SHA-1 and SHA-2."""

import _digests

_SIZES = {"md5": (16, 64), "sha1": (20, 64), "sha224": (28, 64), "sha256": (32, 64), "sha384": (48, 128),
          "sha512": (64, 128)}
algorithms_guaranteed = set(_SIZES)
algorithms_available = set(_SIZES)


class _Hash:
    """A digest of data that comes in pieces."""

    def __init__(self, name, data):
        self.name = name
        self.digest_size, self.block_size = _SIZES[name]
        self._parts = []
        self.update(data)

    def update(self, data, /):
        if isinstance(data, str):
            raise TypeError("Strings must be encoded before hashing")
        try:
            self._parts.append(bytes(memoryview(data)))
        except TypeError:
            raise TypeError("object supporting the buffer API required") from None

    def digest(self):
        data = b"".join(self._parts)
        self._parts = [data]
        return _digests.digest(self.name, data)

    def hexdigest(self):
        return self.digest().hex()

    def copy(self):
        result = _Hash(self.name, b"")
        result._parts = list(self._parts)
        return result

    def __repr__(self):
        return "<%s _hashlib.HASH object @ 0x%x>" % (self.name, id(self))


def new(name, data=b"", *, usedforsecurity=True, string=None):
    known = name.lower().replace("-", "") if isinstance(name, str) else name
    if known not in _SIZES:
        raise ValueError("unsupported hash type " + str(name))
    return _Hash(known, data)


def md5(string=b"", *, usedforsecurity=True):
    return _Hash("md5", string)


def sha1(string=b"", *, usedforsecurity=True):
    return _Hash("sha1", string)


def sha224(string=b"", *, usedforsecurity=True):
    return _Hash("sha224", string)


def sha256(string=b"", *, usedforsecurity=True):
    return _Hash("sha256", string)


def sha384(string=b"", *, usedforsecurity=True):
    return _Hash("sha384", string)


def sha512(string=b"", *, usedforsecurity=True):
    return _Hash("sha512", string)


def __getattr__(name):
    raise AttributeError("module 'hashlib' has no attribute %r (jitvm does not support it)" % name)
