"""Arrays of numbers of one type."""

import _jitvm
import _struct

typecodes = "bBuhHiIlLqQfd"

# Size, least and greatest value; None for floats.
_KINDS = {
    "b": (1, -128, 127), "B": (1, 0, 255), "h": (2, -32768, 32767), "H": (2, 0, 65535),
    "i": (4, -2147483648, 2147483647), "I": (4, 0, 4294967295),
    "l": (8, -9223372036854775808, 9223372036854775807), "L": (8, 0, 18446744073709551615),
    "q": (8, -9223372036854775808, 9223372036854775807), "Q": (8, 0, 18446744073709551615),
    "f": (4, None, None), "d": (8, None, None), "u": (4, None, None),
}
_WORDS = {"b": "signed char", "B": "unsigned byte integer", "h": "signed short integer", "H": "unsigned short integer"}


class array:
    """A sequence of numbers of one type, which its code says."""

    __module__ = "array"
    __slots__ = ("typecode", "itemsize", "_items", "_low", "_high", "__weakref__")

    def __init__(self, typecode, initializer=(), /):
        if not isinstance(typecode, str) or len(typecode) != 1:
            raise TypeError("array() argument 1 must be a unicode character, not %s" % type(typecode).__name__)
        kind = _KINDS.get(typecode)
        if kind is None:
            raise ValueError("bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)")
        self.typecode = typecode
        self.itemsize, self._low, self._high = kind
        self._items = []
        if isinstance(initializer, (bytes, bytearray)):
            self.frombytes(initializer)
        elif isinstance(initializer, str):
            if typecode != "u":
                raise TypeError("cannot use a str to initialize an array with typecode %r" % typecode)
            self._items = list(initializer)
        elif isinstance(initializer, array) and initializer.typecode == typecode:
            self._items = initializer._items[:]
        else:
            checked = self._checked
            self._items = [checked(item) for item in initializer]

    def _checked(self, value):
        low = self._low
        if low is not None:
            if type(value) is not int:
                if isinstance(value, float) or not hasattr(value, "__index__"):
                    raise TypeError("%r object cannot be interpreted as an integer" % type(value).__name__)
                value = value.__index__()
            if low <= value <= self._high:
                return int(value)
            self._out_of_range(value)
        if self.typecode == "d":
            if type(value) is float:
                return value
            if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
                raise TypeError("must be real number, not %s" % type(value).__name__)
            return float(value)
        if self.typecode == "u":
            if not isinstance(value, str) or len(value) != 1:
                raise TypeError("array item must be a unicode character, not %s" % type(value).__name__)
            return value
        if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
            raise TypeError("must be real number, not %s" % type(value).__name__)
        value = float(value)
        return _struct.unpack("f", _struct.pack("f", (value,)), 0)[0]

    def _out_of_range(self, value):
        code = self.typecode
        if code in _WORDS:
            word = "less than minimum" if value < self._low else "greater than maximum"
            raise OverflowError("%s is %s" % (_WORDS[code], word))
        if code == "i":
            word = "less than minimum" if value < self._low else "greater than maximum"
            raise OverflowError("signed integer is %s" % word)
        if code in "IL":
            if value < 0:
                raise OverflowError("can't convert negative value to unsigned int")
            raise OverflowError("unsigned int is greater than maximum" if code == "I"
                                else "Python int too large to convert to C unsigned long")
        if code == "Q" and value < 0:
            raise OverflowError("can't convert negative int to unsigned")
        raise OverflowError("Python int too large to convert to C long" if code == "l" else "int too big to convert")

    def _same(self, items):
        result = array(self.typecode)
        result._items = items
        return result

    def __len__(self):
        return len(self._items)

    def __iter__(self):
        return iter(self._items)

    def __getitem__(self, index):
        if type(index) is int:
            try:
                return self._items[index]
            except IndexError:
                raise IndexError("array index out of range") from None
        if isinstance(index, slice):
            return self._same(self._items[index])
        if not hasattr(index, "__index__"):
            raise TypeError("array indices must be integers")
        return self[index.__index__()]

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            if not isinstance(value, array):
                raise TypeError("can only assign array (not %r) to array slice" % type(value).__name__)
            if value.typecode != self.typecode:
                raise TypeError("bad argument type for built-in operation")
            self._items[index] = value._items
            return
        if type(value) is not float or self.typecode != "d":
            value = self._checked(value)
        try:
            self._items[index] = value
        except IndexError:
            raise IndexError("array assignment index out of range") from None

    def __delitem__(self, index):
        try:
            del self._items[index]
        except IndexError:
            raise IndexError("array assignment index out of range") from None

    def __contains__(self, value):
        return value in self._items

    def __add__(self, other):
        if not isinstance(other, array):
            raise TypeError("can only append array (not %r) to array" % type(other).__name__)
        if other.typecode != self.typecode:
            raise TypeError("bad argument type for built-in operation")
        return self._same(self._items + other._items)

    def __iadd__(self, other):
        if not isinstance(other, array):
            raise TypeError("can only extend with array (not %r)" % type(other).__name__)
        self.extend(other)
        return self

    def __mul__(self, count):
        if not hasattr(count, "__index__"):
            return NotImplemented
        return self._same(self._items * count)

    __rmul__ = __mul__

    def __imul__(self, count):
        self._items *= count
        return self

    def __eq__(self, other):
        return self._items == other._items if isinstance(other, array) else NotImplemented

    def __lt__(self, other):
        return self._items < other._items if isinstance(other, array) else NotImplemented

    def __le__(self, other):
        return self._items <= other._items if isinstance(other, array) else NotImplemented

    def __gt__(self, other):
        return self._items > other._items if isinstance(other, array) else NotImplemented

    def __ge__(self, other):
        return self._items >= other._items if isinstance(other, array) else NotImplemented

    __hash__ = None

    def __repr__(self):
        if not self._items:
            return "array(%r)" % self.typecode
        if self.typecode == "u":
            return "array('u', %r)" % "".join(self._items)
        return "array(%r, %r)" % (self.typecode, self._items)

    def __copy__(self):
        return self._same(self._items[:])

    def __deepcopy__(self, memo):
        return self._same(self._items[:])

    def __reduce_ex__(self, protocol):
        return array, (self.typecode, list(self._items))

    def append(self, value, /):
        self._items.append(self._checked(value))

    def extend(self, values, /):
        if isinstance(values, array):
            if values.typecode != self.typecode:
                raise TypeError("can only extend with array of same kind")
            self._items.extend(values._items)
            return
        for value in values:
            self._items.append(self._checked(value))

    def fromlist(self, values, /):
        if not isinstance(values, list):
            raise TypeError("arg must be list")
        self._items += [self._checked(value) for value in values]

    def tolist(self):
        return self._items[:]

    def insert(self, index, value, /):
        self._items.insert(index, self._checked(value))

    def pop(self, index=-1, /):
        if not self._items:
            raise IndexError("pop from empty array")
        try:
            return self._items.pop(index)
        except IndexError:
            raise IndexError("pop index out of range") from None

    def remove(self, value, /):
        try:
            self._items.remove(value)
        except ValueError:
            raise ValueError("array.remove(x): x not in array") from None

    def index(self, value, start=0, stop=9223372036854775807, /):
        try:
            return self._items.index(value, start, stop)
        except ValueError:
            raise ValueError("array.index(x): x not in array") from None

    def count(self, value, /):
        return self._items.count(value)

    def reverse(self):
        self._items.reverse()

    def tobytes(self):
        if self.typecode == "u":
            return "".join(self._items).encode("utf-32-le")
        return _struct.pack("=%d%s" % (len(self._items), self._wide()), tuple(self._items))

    def _wide(self):
        return {"l": "q", "L": "Q"}.get(self.typecode, self.typecode)

    def frombytes(self, data, /):
        data = bytes(memoryview(data))
        if len(data) % self.itemsize:
            raise ValueError("bytes length not a multiple of item size")
        if self.typecode == "u":
            self._items += data.decode("utf-32-le")
            return
        self._items += _struct.unpack("=%d%s" % (len(data) // self.itemsize, self._wide()), data, 0)

    def tofile(self, file, /):
        file.write(self.tobytes())

    def fromfile(self, file, count, /):
        data = file.read(count * self.itemsize)
        self.frombytes(data[:len(data) // self.itemsize * self.itemsize])
        if len(data) < count * self.itemsize:
            raise EOFError("read() didn't return enough bytes")

    def tounicode(self):
        if self.typecode != "u":
            raise ValueError("tounicode() may only be called on unicode type arrays")
        return "".join(self._items)

    def fromunicode(self, text, /):
        if self.typecode != "u":
            raise ValueError("fromunicode() may only be called on unicode type arrays")
        self._items += text

    def byteswap(self):
        data = self.tobytes()
        size = self.itemsize
        swapped = b"".join([data[at:at + size][::-1] for at in range(0, len(data), size)])
        self._items = []
        self.frombytes(swapped)

    def buffer_info(self):
        return (id(self._items), len(self._items))

    @classmethod
    def __class_getitem__(cls, item):
        return cls


# Items are read and set without calling the methods.
_jitvm.know_arrays(array)
ArrayType = array
