"""Values packed into bytes: the functions of the module struct, over _struct."""

import _struct

__all__ = ["calcsize", "pack", "pack_into", "unpack", "unpack_from", "iter_unpack", "Struct", "error"]


class error(Exception):
    __module__ = "struct"


def _checked(result):
    if isinstance(result, str):
        raise error(result)
    return result


def calcsize(format, /):
    return _checked(_struct.size(format))


def pack(format, /, *values):
    result = _struct.pack(format, values)
    if type(result) is str:
        raise error(result)
    return result


def unpack(format, buffer, /):
    result = _struct.unpack_whole(format, buffer)
    if result is not None:
        return result
    size = _checked(_struct.size(format))
    if len(buffer) != size:
        raise error("unpack requires a buffer of %d bytes" % size)
    return _struct.unpack(format, buffer, 0)


def unpack_from(format, /, buffer, offset=0):
    size = _checked(_struct.size(format))
    length = len(buffer)
    if offset < 0:
        if offset + length < 0:
            raise error("offset %d out of range for %d-byte buffer" % (offset, length))
        if offset + size > 0:
            raise error("not enough data to unpack %d bytes" % size)
        offset += length
    if length - offset < size:
        raise error("unpack_from requires a buffer of at least %d bytes for unpacking %d bytes at offset %d "
                    "(actual buffer size is %d)" % (size + offset, size, offset, length))
    return _struct.unpack(format, buffer, offset)


def pack_into(format, /, *arguments):
    size = _checked(_struct.size(format))
    if len(arguments) < 2:
        raise error("pack_into expected %s argument" % ("offset" if arguments else "buffer"))
    buffer, offset, *values = arguments
    data = _struct.pack(format, tuple(values))
    if type(data) is str:
        raise error(data.replace("pack expected", "pack_into expected"))
    length = len(buffer)
    if offset < 0:
        if offset + length < 0:
            raise error("offset %d out of range for %d-byte buffer" % (offset, length))
        if offset + size > 0:
            raise error("no space to pack %d bytes at offset %d" % (size, offset))
        offset += length
    if length - offset < size:
        raise error("pack_into requires a buffer of at least %d bytes for packing %d bytes at offset %d "
                    "(actual buffer size is %d)" % (size + offset, size, offset, length))
    memoryview(buffer)[offset:offset + size] = data


def iter_unpack(format, buffer, /):
    size = _checked(_struct.size(format))
    if size == 0:
        raise error("cannot iteratively unpack with a struct of length 0")
    if len(buffer) % size:
        raise error("iterative unpacking requires a buffer of a multiple of %d bytes" % size)
    return (_struct.unpack(format, buffer, offset) for offset in range(0, len(buffer), size))


class Struct:
    """A format to pack and unpack by."""

    __module__ = "_struct"

    def __init__(self, format):
        self.size = calcsize(format)
        self.format = format if isinstance(format, str) else format.decode("ascii")

    def pack(self, *values):
        return pack(self.format, *values)

    def pack_into(self, buffer, offset, *values):
        return pack_into(self.format, buffer, offset, *values)

    def unpack(self, buffer):
        return unpack(self.format, buffer)

    def unpack_from(self, buffer, offset=0):
        return unpack_from(self.format, buffer, offset)

    def iter_unpack(self, buffer):
        return iter_unpack(self.format, buffer)
