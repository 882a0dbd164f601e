"""Objects as bytes, and back."""

import io
import struct
from _pickling import save as _save_natively
import sys
from copyreg import dispatch_table
import copyreg
from _unpickling import _OLD_MODULES, _OLD_NAMES, PickleError, PicklingError, Unpickler, UnpicklingError, _found
from types import BuiltinFunctionType, FunctionType, MethodType

__all__ = ["PickleError", "PicklingError", "UnpicklingError", "Pickler", "Unpickler", "dump", "dumps", "load", "loads",
           "HIGHEST_PROTOCOL", "DEFAULT_PROTOCOL", "PickleBuffer"]

format_version = "4.0"
HIGHEST_PROTOCOL = 5
DEFAULT_PROTOCOL = 4
_FRAME_MINIMUM, _FRAME_TARGET = 4, 64 * 1024
_BATCH = 1000
# One byte each.
_BYTE = [bytes([_i]) for _i in range(256)]

class PickleBuffer:
    """Bytes that may be pickled out of band."""

    def __init__(self, buffer):
        self._view = memoryview(buffer)

    def raw(self):
        return self._view

    def release(self):
        self._view.release()


def _signed(number):
    """An int in as few bytes of two's complement as it takes, little end first."""
    if number == 0:
        return b""
    size = (number.bit_length() >> 3) + 1
    data = number.to_bytes(size, "little", signed=True)
    if number < 0 and size > 1 and data[-1] == 0xff and data[-2] & 0x80:
        data = data[:-1]
    return data


def whichmodule(obj, name):
    """The module where an object is found by its name."""
    module = getattr(obj, "__module__", None)
    if module is not None:
        return module
    for module_name, module in list(sys.modules.items()):
        if module_name in ("__main__", "__mp_main__") or module is None:
            continue
        try:
            if _found(module, name) is obj:
                return module_name
        except AttributeError:
            pass
    return "__main__"


class Pickler:
    """Writes objects to a file."""

    def __init__(self, file, protocol=None, *, fix_imports=True, buffer_callback=None):
        if protocol is None:
            protocol = DEFAULT_PROTOCOL
        if protocol < 0:
            protocol = HIGHEST_PROTOCOL
        elif protocol > HIGHEST_PROTOCOL:
            raise ValueError("pickle protocol must be <= %d" % HIGHEST_PROTOCOL)
        if buffer_callback is not None and protocol < 5:
            raise ValueError("buffer_callback needs protocol >= 5")
        write = getattr(file, "write", None)
        if write is None:
            raise TypeError("file must have a 'write' attribute")
        self._file_write = write
        self.memo = {}
        self.proto = protocol
        self.bin = protocol >= 1
        self.fast = 0
        self.fix_imports = fix_imports and protocol < 3
        self._buffer_callback = buffer_callback
        self._frame = self._persistent = self._override = None
        self._native = False

    def clear_memo(self):
        self.memo.clear()

    def dump(self, obj):
        if self.proto >= 2:
            self._file_write(b"\x80" + _BYTE[self.proto])
        self._frame = [] if self.proto >= 4 else None
        self._frame_size = 0
        # As CPython's: what the instance or its class has in place of the usual is looked for once.
        hook = self.persistent_id
        self._persistent = None if getattr(hook, "__func__", None) is Pickler.persistent_id else hook
        self._override = getattr(self, "reducer_override", None)
        # Whether plain objects are saved natively; nothing of the program is asked about them.
        self._native = self.proto >= 4 and self._persistent is None and not self.fast and type(self.memo) is dict
        self._save(obj)
        self._write(b".")
        if self._frame is not None:
            self._end_frame()
            self._frame = None

    def _write(self, data):
        if self._frame is None:
            self._file_write(data)
            return
        self._add(data)

    def _add(self, data):
        """Bytes that end within a frame."""
        self._frame.append(data)
        self._frame_size += len(data)

    def _flush(self, data):
        self._add(data)
        if self._frame_size >= _FRAME_TARGET:
            self._end_frame()
        return self._frame_size

    def _save_rest(self, data, obj):
        self._add(data)
        self._save_plain(obj)
        return self._frame_size

    def _write_large(self, head, data):
        """Bytes too many for a frame stand between frames."""
        if self._frame is None:
            self._file_write(head + data)
            return
        self._end_frame()
        self._file_write(head)
        self._file_write(data)

    def _end_frame(self):
        data = b"".join(self._frame)
        if len(data) >= _FRAME_MINIMUM:
            self._file_write(b"\x95" + struct.pack("<Q", len(data)))
        if data:
            self._file_write(data)
        self._frame, self._frame_size = [], 0

    def _memoize(self, obj):
        if self.fast:
            return
        index = len(self.memo)
        self.memo[id(obj)] = index, obj
        if self.proto >= 4:
            self._write(b"\x94")
        elif self.bin:
            self._write(b"q" + _BYTE[index] if index < 256 else b"r" + struct.pack("<I", index))
        else:
            self._write(b"p%d\n" % index)

    def _get(self, index):
        if self.bin:
            self._write(b"h" + _BYTE[index] if index < 256 else b"j" + struct.pack("<I", index))
        else:
            self._write(b"g%d\n" % index)

    def persistent_id(self, obj):
        return None

    def _save(self, obj):
        if self._native:
            # What is not plain comes back to _save_rest.
            self._add(_save_natively(self, obj, self.memo, self._frame_size))
            return
        # A frame that is full ends where an object begins.
        if self._frame is not None and self._frame_size >= _FRAME_TARGET:
            self._end_frame()
        if self._persistent is not None:
            name = self._persistent(obj)
            if name is not None:
                if self.bin:
                    self._save_plain(name)
                    self._write(b"Q")
                else:
                    self._write(b"P" + str(name).encode("ascii") + b"\n")
                return
        self._save_plain(obj)

    def _save_plain(self, obj):
        known = self.memo.get(id(obj))
        if known is not None:
            self._get(known[0])
            return
        reduced = NotImplemented
        if self._override is not None and type(obj) not in _SAVERS:
            reduced = self._override(obj)
        if reduced is NotImplemented:
            kind = type(obj)
            saver = _SAVERS.get(kind)
            if saver is not None:
                saver(self, obj)
                return
            reduce = getattr(self, "dispatch_table", dispatch_table).get(kind)
            if reduce is not None:
                reduced = reduce(obj)
            elif issubclass(kind, type):
                self._save_global(obj)
                return
            else:
                reduced = self._reduced(obj, kind)
        if isinstance(reduced, str):
            self._save_global(obj, reduced)
            return
        if not isinstance(reduced, tuple):
            raise PicklingError("%s must return string or tuple" % "__reduce__")
        if not 2 <= len(reduced) <= 6:
            raise PicklingError("Tuple returned by %s must have two to six elements" % "__reduce__")
        self._save_reduced(*reduced, obj=obj)

    def _reduced(self, obj, kind):
        if isinstance(obj, MethodType) and kind.__reduce_ex__ is object.__reduce_ex__:
            return getattr, (obj.__self__, obj.__func__.__name__)
        return obj.__reduce_ex__(self.proto)

    def _save_reduced(self, function, args, state=None, list_items=None, dict_items=None, state_setter=None, *, obj=None):
        if not isinstance(args, tuple):
            raise PicklingError("args from save_reduce() must be a tuple")
        if not callable(function):
            raise PicklingError("func from save_reduce() must be callable")
        write = self._write
        name = getattr(function, "__name__", "")
        if self.proto >= 2 and name == "__newobj_ex__":
            cls, args, kwargs = args
            if self.proto >= 4:
                self._save(cls)
                self._save(args)
                self._save(kwargs)
                write(b"\x92")
            else:
                from functools import partial
                self._save(partial(cls.__new__, cls, *args, **kwargs))
                self._save(())
                write(b"R")
        elif self.proto >= 2 and name == "__newobj__":
            cls, *rest = args
            if obj is not None and cls is not obj.__class__:
                raise PicklingError("args[0] from __newobj__ args has the wrong class")
            self._save(cls)
            self._save(tuple(rest))
            write(b"\x81")
        else:
            self._save(function)
            self._save(args)
            write(b"R")
        if obj is not None:
            known = self.memo.get(id(obj))
            if known is not None:
                write(b"0")
                self._get(known[0])
            else:
                self._memoize(obj)
        if list_items is not None:
            self._batch_appends(list_items)
        if dict_items is not None:
            self._batch_items(dict_items)
        if state is not None:
            if state_setter is None:
                self._save(state)
                write(b"b")
            else:
                self._save(state_setter)
                self._save(obj)
                self._save(state)
                write(b"\x86R0")

    def _save_none(self, obj):
        self._write(b"N")

    def _save_bool(self, obj):
        if self.proto >= 2:
            self._write(b"\x88" if obj else b"\x89")
        else:
            self._write(b"I01\n" if obj else b"I00\n")

    def _save_int(self, obj):
        write = self._write
        if self.bin:
            if 0 <= obj < 256:
                return write(b"K" + _BYTE[obj])
            if 0 <= obj < 65536:
                return write(b"M" + struct.pack("<H", obj))
            if -0x80000000 <= obj <= 0x7fffffff:
                return write(b"J" + struct.pack("<i", obj))
        if self.proto >= 2:
            data = _signed(obj)
            if len(data) < 256:
                write(b"\x8a" + _BYTE[len(data)] + data)
            else:
                write(b"\x8b" + struct.pack("<i", len(data)) + data)
        elif -0x80000000 <= obj <= 0x7fffffff:
            write(b"I" + repr(obj).encode() + b"\n")
        else:
            write(b"L" + repr(obj).encode() + b"L\n")

    def _save_float(self, obj):
        self._write(b"G" + struct.pack(">d", obj) if self.bin else b"F" + repr(obj).encode() + b"\n")

    def _save_complex(self, obj):
        self._save_reduced(complex, (obj.real, obj.imag), obj=obj)

    def _save_bytes(self, obj):
        if self.proto < 3:
            import codecs
            if not obj:
                self._save_reduced(bytes, (), obj=obj)
            else:
                self._save_reduced(codecs.encode, (obj.decode("latin1"), "latin1"), obj=obj)
            return
        size = len(obj)
        if size < 256:
            self._write(b"C" + _BYTE[size] + obj)
        elif size > 0xffffffff and self.proto >= 4:
            self._write_large(b"\x8e" + struct.pack("<Q", size), obj)
        elif size >= _FRAME_TARGET:
            self._write_large(b"B" + struct.pack("<I", size), obj)
        else:
            self._write(b"B" + struct.pack("<I", size) + obj)
        self._memoize(obj)

    def _save_bytearray(self, obj):
        if self.proto < 5:
            if not obj:
                self._save_reduced(bytearray, (), obj=obj)
            else:
                self._save_reduced(bytearray, (bytes(obj),), obj=obj)
            return
        size = len(obj)
        head = b"\x96" + struct.pack("<Q", size)
        if size >= _FRAME_TARGET:
            self._write_large(head, bytes(obj))
        else:
            self._write(head + bytes(obj))
        self._memoize(obj)

    def _save_buffer(self, obj):
        if self.proto < 5:
            raise PicklingError("PickleBuffer can only be pickled with protocol >= 5")
        view = obj.raw()
        if self._buffer_callback is not None and not self._buffer_callback(obj):
            self._write(b"\x97")
            if view.readonly:
                self._write(b"\x98")
        elif view.readonly:
            self._save_bytes(bytes(view))
        else:
            self._save_bytearray(bytearray(view))

    def _save_str(self, obj):
        if self.bin:
            data = obj.encode("utf-8", "surrogatepass")
            size = len(data)
            if size < 256 and self.proto >= 4:
                self._write(b"\x8c" + _BYTE[size] + data)
            elif size > 0xffffffff and self.proto >= 4:
                self._write_large(b"\x8d" + struct.pack("<Q", size), data)
            elif size >= _FRAME_TARGET:
                self._write_large(b"X" + struct.pack("<I", size), data)
            else:
                self._write(b"X" + struct.pack("<I", size) + data)
        else:
            text = obj.replace("\\", "\\u005c").replace("\0", "\\u0000").replace("\n", "\\u000a")
            text = text.replace("\r", "\\u000d").replace("\x1a", "\\u001a")
            data = b"".join(_BYTE[ord(c)] if ord(c) < 256 else
                            (b"\\u%04x" if ord(c) < 65536 else b"\\U%08x") % ord(c) for c in text)
            self._write(b"V" + data + b"\n")
        self._memoize(obj)

    def _save_tuple(self, obj):
        write = self._write
        if not obj:
            write(b")" if self.bin else b"(t")
            return
        size = len(obj)
        if size <= 3 and self.proto >= 2:
            for value in obj:
                self._save(value)
            if id(obj) in self.memo:
                write(b"0" * size)
                self._get(self.memo[id(obj)][0])
            else:
                write(b"\x85\x86\x87"[size - 1:size])
                self._memoize(obj)
            return
        write(b"(")
        for value in obj:
            self._save(value)
        if id(obj) in self.memo:
            # A tuple that contains itself, by way of a list say, is there by now.
            write(b"1" if self.bin else b"0" * (size + 1))
            self._get(self.memo[id(obj)][0])
            return
        write(b"t")
        self._memoize(obj)

    def _save_list(self, obj):
        self._write(b"]" if self.bin else b"(l")
        self._memoize(obj)
        if not self.bin or len(obj) == 1:
            self._batch_appends(obj)
            return
        at = 0
        while at < len(obj):
            self._write(b"(")
            for value in obj[at:at + _BATCH]:
                self._save(value)
            self._write(b"e")
            at += _BATCH

    def _batches(self, items):
        from itertools import islice
        items = iter(items)
        while True:
            batch = list(islice(items, _BATCH))
            if batch:
                yield batch
            if len(batch) < _BATCH:
                return

    def _batch_appends(self, items):
        if not self.bin:
            for value in items:
                self._save(value)
                self._write(b"a")
            return
        for batch in self._batches(items):
            if len(batch) > 1:
                self._write(b"(")
                for value in batch:
                    self._save(value)
                self._write(b"e")
            else:
                self._save(batch[0])
                self._write(b"a")

    def _save_dict(self, obj):
        self._write(b"}" if self.bin else b"(d")
        self._memoize(obj)
        size = len(obj)
        if not self.bin or size == 1:
            self._batch_items(obj.items())
            return
        from itertools import islice
        items = iter(obj.items())
        count = _BATCH if size else 0
        while count == _BATCH:
            batch = list(islice(items, _BATCH))
            count = len(batch)
            self._write(b"(")
            for key, value in batch:
                self._save(key)
                self._save(value)
            self._write(b"u")
            if len(obj) != size:
                raise RuntimeError("dictionary changed size during iteration")

    def _batch_items(self, items):
        if not self.bin:
            for key, value in items:
                self._save(key)
                self._save(value)
                self._write(b"s")
            return
        for batch in self._batches(items):
            if len(batch) > 1:
                self._write(b"(")
                for key, value in batch:
                    self._save(key)
                    self._save(value)
                self._write(b"u")
            else:
                self._save(batch[0][0])
                self._save(batch[0][1])
                self._write(b"s")

    def _save_set(self, obj):
        if self.proto < 4:
            self._save_reduced(set, (list(obj),), obj=obj)
            return
        self._write(b"\x8f")
        self._memoize(obj)
        for batch in self._batches(obj):
            self._write(b"(")
            for value in batch:
                self._save(value)
            self._write(b"\x90")

    def _save_frozenset(self, obj):
        if self.proto < 4:
            self._save_reduced(frozenset, (list(obj),), obj=obj)
            return
        self._write(b"(")
        for value in obj:
            self._save(value)
        if id(obj) in self.memo:
            self._write(b"1")
            self._get(self.memo[id(obj)][0])
            return
        self._write(b"\x91")
        self._memoize(obj)

    def _save_range(self, obj):
        self._save_reduced(range, (obj.start, obj.stop, obj.step), obj=obj)

    def _save_slice(self, obj):
        self._save_reduced(slice, (obj.start, obj.stop, obj.step), obj=obj)

    def _save_type(self, obj):
        if obj is type(None):
            return self._save_reduced(type, (None,), obj=obj)
        if obj is type(NotImplemented):
            return self._save_reduced(type, (NotImplemented,), obj=obj)
        if obj is type(...):
            return self._save_reduced(type, (...,), obj=obj)
        return self._save_global(obj)

    def _save_singleton(self, obj):
        self._save_global(obj, "Ellipsis" if obj is ... else "NotImplemented")

    def _save_function(self, obj):
        owner = getattr(obj, "__self__", None)
        if owner is not None and not isinstance(owner, type(sys)):
            self._save_reduced(getattr, (owner, obj.__name__), obj=obj)
            return
        self._save_global(obj)

    def _save_global(self, obj, name=None):
        if name is None:
            name = getattr(obj, "__qualname__", None) or obj.__name__
        module_name = whichmodule(obj, name)
        try:
            __import__(module_name, level=0)
            found = _found(sys.modules[module_name], name)
        except (ImportError, KeyError, AttributeError) as e:
            if "<locals>" in name.split("."):
                raise AttributeError("Can't pickle local object %r" % name) from None
            raise PicklingError("Can't pickle %r: attribute lookup %s on %s failed"
                                % (obj, name.rpartition(".")[2], module_name)
                                if isinstance(e, AttributeError) else
                                "Can't pickle %r: import of module %r failed" % (obj, module_name)) from None
        if found is not obj and not (isinstance(obj, BuiltinFunctionType) and found == obj):
            raise PicklingError("Can't pickle %r: it's not the same object as %s.%s" % (obj, module_name, name))
        write = self._write
        if self.proto >= 4:
            self._save(module_name)
            self._save(name)
            write(b"\x93")
        else:
            owner, _, last = name.rpartition(".")
            if owner and self.proto >= 2 or owner:
                self._save_reduced(getattr, (_found(sys.modules[module_name], owner), last), obj=obj)
                return
            if self.fix_imports:
                if (module_name, name) in _OLD_NAMES:
                    module_name, name = _OLD_NAMES[module_name, name]
                else:
                    module_name = _OLD_MODULES.get(module_name, module_name)
            write(b"c" + module_name.encode() + b"\n" + name.encode() + b"\n")
        self._memoize(obj)


_SAVERS = {
    type(None): Pickler._save_none, bool: Pickler._save_bool, int: Pickler._save_int, float: Pickler._save_float,
    complex: Pickler._save_complex, str: Pickler._save_str, bytes: Pickler._save_bytes,
    bytearray: Pickler._save_bytearray, tuple: Pickler._save_tuple, list: Pickler._save_list,
    dict: Pickler._save_dict, set: Pickler._save_set, frozenset: Pickler._save_frozenset, range: Pickler._save_range,
    slice: Pickler._save_slice, type: Pickler._save_type, FunctionType: Pickler._save_function,
    BuiltinFunctionType: Pickler._save_function, type(...): Pickler._save_singleton,
    type(NotImplemented): Pickler._save_singleton, PickleBuffer: Pickler._save_buffer,
}


class _Parts:
    """A file of the bytes written to it."""

    def __init__(self):
        self.written = []
        self.write = self.written.append


def dump(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None):
    Pickler(file, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback).dump(obj)


def dumps(obj, protocol=None, *, fix_imports=True, buffer_callback=None):
    """An object as bytes."""
    parts = _Parts()
    Pickler(parts, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback).dump(obj)
    return b"".join(parts.written)


def load(file, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=None):
    return Unpickler(file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers).load()


def loads(data, /, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=None):
    """The object that bytes stand for."""
    if isinstance(data, str):
        raise TypeError("a bytes-like object is required, not 'str'")
    file = io.BytesIO(data)
    return Unpickler(file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers).load()
