"""The functions of codecs that pickles name."""


def encode(obj, encoding="utf-8", errors="strict"):
    import codecs
    return codecs.lookup(encoding).encode(obj, errors)[0]


def decode(obj, encoding="utf-8", errors="strict"):
    import codecs
    return codecs.lookup(encoding).decode(obj, errors)[0]
