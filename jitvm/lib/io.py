"""Files, streams and text: the classes of the module io, over the system calls of posix."""

import _jitvm
import posix as _posix
import sys as _sys

DEFAULT_BUFFER_SIZE = 8192
SEEK_SET = 0
SEEK_CUR = 1
SEEK_END = 2

__all__ = ["BlockingIOError", "open", "open_code", "IOBase", "RawIOBase", "FileIO", "BytesIO", "StringIO",
           "BufferedIOBase", "BufferedReader", "BufferedWriter", "BufferedRWPair", "BufferedRandom", "TextIOBase",
           "TextIOWrapper", "UnsupportedOperation", "SEEK_SET", "SEEK_CUR", "SEEK_END", "DEFAULT_BUFFER_SIZE"]

# What is read at once from a file that is read piece by piece.
_CHUNK = 65536

BlockingIOError = BlockingIOError


class UnsupportedOperation(OSError, ValueError):
    pass


def text_encoding(encoding, stacklevel=2):
    return "locale" if encoding is None else encoding


class IOBase:
    """What all files have in common."""

    __module__ = "_io"
    _closed = False

    @property
    def closed(self):
        return self._closed

    def close(self):
        if not self._closed:
            try:
                self.flush()
            finally:
                self._closed = True

    def flush(self):
        self._checkClosed()

    def _unsupported(self, name):
        raise UnsupportedOperation(name)

    def seek(self, pos, whence=0):
        self._unsupported("seek")

    def tell(self):
        return self.seek(0, 1)

    def truncate(self, pos=None):
        self._unsupported("truncate")

    def seekable(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return False

    def fileno(self):
        self._unsupported("fileno")

    def isatty(self):
        self._checkClosed()
        return False

    def _checkClosed(self, msg=None):
        if self.closed:
            raise ValueError("I/O operation on closed file." if msg is None else msg)

    def _checkSeekable(self, msg=None):
        if not self.seekable():
            raise UnsupportedOperation("File or stream is not seekable." if msg is None else msg)

    def _checkReadable(self, msg=None):
        if not self.readable():
            raise UnsupportedOperation("File or stream is not readable." if msg is None else msg)

    def _checkWritable(self, msg=None):
        if not self.writable():
            raise UnsupportedOperation("File or stream is not writable." if msg is None else msg)

    def __enter__(self):
        self._checkClosed()
        return self

    def __exit__(self, *exception):
        self.close()

    def __iter__(self):
        self._checkClosed()
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def readline(self, size=-1):
        if size is None:
            size = -1
        line = bytearray()
        while size < 0 or len(line) < size:
            byte = self.read(1)
            if not byte:
                break
            line += byte
            if byte == b"\n":
                break
        return bytes(line)

    def readlines(self, hint=None):
        if hint is None or hint <= 0:
            return list(self)
        lines = []
        size = 0
        for line in self:
            lines.append(line)
            if len(line) > hint - size:
                break
            size += len(line)
        return lines

    def writelines(self, lines):
        self._checkClosed()
        for line in lines:
            self.write(line)


class RawIOBase(IOBase):
    """Files whose every read and write is a system call."""

    __module__ = "_io"

    def read(self, size=-1):
        if size is None or size < 0:
            return self.readall()
        data = bytearray(size)
        count = self.readinto(data)
        if count is None:
            return None
        return bytes(data[:count])

    def readall(self):
        parts = []
        while True:
            part = self.read(DEFAULT_BUFFER_SIZE)
            if not part:
                break
            parts.append(part)
        if parts:
            return b"".join(parts)
        return part

    def readinto(self, buffer):
        self._unsupported("readinto")

    def write(self, data):
        self._unsupported("write")


class BufferedIOBase(IOBase):
    """Binary files that read and write as much as they are asked to."""

    __module__ = "_io"

    def read(self, size=-1):
        self._unsupported("read")

    def read1(self, size=-1):
        self._unsupported("read1")

    def readinto(self, buffer):
        data = self.read(len(buffer))
        count = len(data)
        buffer[:count] = data
        return count

    readinto1 = readinto

    def write(self, data):
        self._unsupported("write")

    def detach(self):
        self._unsupported("detach")


class TextIOBase(IOBase):
    """Files of text."""

    __module__ = "_io"
    encoding = None
    newlines = None
    errors = None

    def read(self, size=-1):
        self._unsupported("read")

    def readline(self, size=-1):
        self._unsupported("readline")

    def write(self, text):
        self._unsupported("write")

    def detach(self):
        self._unsupported("detach")


def _mode_flags(mode):
    kinds = [c for c in mode if c in "rwax"]
    if len(kinds) != 1 or mode.count("+") > 1 or [c for c in mode if c not in "rwaxb+"]:
        if [c for c in mode if c not in "rwaxb+"]:
            raise ValueError("invalid mode: %.200s" % mode)
        raise ValueError("Must have exactly one of create/read/write/append mode and at most one plus")
    kind = kinds[0]
    both = "+" in mode
    flags = _posix.O_RDWR if both else _posix.O_RDONLY if kind == "r" else _posix.O_WRONLY
    if kind == "w":
        flags |= _posix.O_CREAT | _posix.O_TRUNC
    elif kind == "x":
        flags |= _posix.O_CREAT | _posix.O_EXCL
    elif kind == "a":
        flags |= _posix.O_CREAT | _posix.O_APPEND
    return flags, kind == "r" or both, kind != "r" or both


class FileIO(RawIOBase):
    """A file by its descriptor, without a buffer."""

    __module__ = "_io"

    def __init__(self, file, mode="r", closefd=True, opener=None):
        flags, self._readable, self._writable = _mode_flags(mode)
        self._closefd = closefd
        self._seekable = None
        self._created = "x" in mode
        self._appending = "a" in mode
        self.name = file
        self._fd = -1
        self._closed = True
        if isinstance(file, int) and not isinstance(file, bool):
            if file < 0:
                raise ValueError("negative file descriptor")
            _posix.fstat(file)
            self._fd = file
        else:
            if not closefd:
                raise ValueError("Cannot use closefd=False with file name")
            if opener is not None:
                fd = opener(file, flags)
                if not isinstance(fd, int):
                    raise TypeError("expected integer from opener")
                if fd < 0:
                    raise ValueError("opener returned %d" % fd)
            else:
                fd = _posix.open(file, flags, 0o666)
            if _posix.fstat(fd)[0] & 0o170000 == 0o040000:
                _posix.close(fd)
                raise IsADirectoryError(21, "Is a directory", file)
            self._fd = fd
            if self._appending:
                try:
                    _posix.lseek(fd, 0, 2)
                except OSError:
                    pass
        self._closed = False

    @property
    def mode(self):
        if self._created:
            return "xb+" if self._readable else "xb"
        if self._appending:
            return "ab+" if self._readable else "ab"
        if self._readable:
            return "rb+" if self._writable else "rb"
        return "wb"

    @property
    def closefd(self):
        return self._closefd

    def __repr__(self):
        if self._closed:
            return "<_io.FileIO [closed]>"
        return "<_io.FileIO name=%r mode=%r closefd=%r>" % (self.name, self.mode, self._closefd)

    def _open_for(self, allowed, action):
        if self._closed:
            raise ValueError("I/O operation on closed file")
        if not allowed:
            raise UnsupportedOperation("File not open for " + action)

    def read(self, size=-1):
        self._open_for(self._readable, "reading")
        if size is None or size < 0:
            return _posix.read_all(self._fd)
        return _posix.read(self._fd, size)

    def readall(self):
        return self.read()

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[:len(data)] = data
        return len(data)

    def write(self, data):
        self._open_for(self._writable, "writing")
        return _posix.write(self._fd, data)

    def seek(self, pos, whence=0):
        self._open_for(True, "")
        return _posix.lseek(self._fd, pos, whence)

    def tell(self):
        self._open_for(True, "")
        return _posix.lseek(self._fd, 0, 1)

    def truncate(self, size=None):
        self._open_for(self._writable, "writing")
        if size is None:
            size = self.tell()
        _posix.ftruncate(self._fd, size)
        return size

    def readable(self):
        self._open_for(True, "")
        return self._readable

    def writable(self):
        self._open_for(True, "")
        return self._writable

    def seekable(self):
        self._open_for(True, "")
        if self._seekable is None:
            try:
                _posix.lseek(self._fd, 0, 1)
                self._seekable = True
            except OSError:
                self._seekable = False
        return self._seekable

    def fileno(self):
        self._open_for(True, "")
        return self._fd

    def isatty(self):
        self._open_for(True, "")
        return _posix.isatty(self._fd)

    def flush(self):
        if self._closed:
            raise ValueError("I/O operation on closed file.")

    def close(self):
        if not self._closed:
            self._closed = True
            if self._closefd:
                _posix.close(self._fd)

    def __del__(self):
        if not self._closed:
            self.close()


class _Buffered(BufferedIOBase):
    """Reading and writing a raw file through a buffer; the classes below differ in what they allow."""

    __module__ = "_io"
    _kind = "_Buffered"

    def __init__(self, raw, buffer_size=DEFAULT_BUFFER_SIZE):
        if buffer_size <= 0:
            raise ValueError("buffer size must be strictly positive")
        self._raw = raw
        self._size = buffer_size
        # Read but not yet given away: _data[_at:].
        self._data = b""
        self._at = 0
        # Written but not yet passed on.
        self._out = []
        self._out_size = 0

    @property
    def raw(self):
        return self._raw

    @property
    def closed(self):
        return self._raw.closed

    @property
    def name(self):
        return self._raw.name

    @property
    def mode(self):
        return self._raw.mode

    def __repr__(self):
        try:
            name = self._raw.name
        except AttributeError:
            return "<_io.%s>" % self._kind
        return "<_io.%s name=%r>" % (self._kind, name)

    def readable(self):
        return self._raw.readable()

    def writable(self):
        return self._raw.writable()

    def seekable(self):
        return self._raw.seekable()

    def fileno(self):
        return self._raw.fileno()

    def isatty(self):
        return self._raw.isatty()

    def flush(self):
        if self.closed:
            raise ValueError("flush of closed file")
        self._flush_out()

    def _flush_out(self):
        if self._out:
            data = b"".join(self._out)
            self._out = []
            self._out_size = 0
            view = data
            while view:
                count = self._raw.write(view)
                if count is None or count >= len(view):
                    break
                view = view[count:]

    def close(self):
        if self._raw is not None and not self.closed:
            try:
                self.flush()
            finally:
                self._raw.close()

    def detach(self):
        if self._raw is None:
            raise ValueError("raw stream already detached")
        self._flush_out()
        raw = self._raw
        self._raw = None
        return raw

    def _start_reading(self):
        if self.closed:
            raise ValueError("read of closed file")
        if self._out:
            self._flush_out()

    def read(self, size=-1):
        self._start_reading()
        if size is None or size < 0:
            if size is not None and size != -1:
                raise ValueError("read length must be non-negative or -1")
            data = self._data[self._at:]
            self._data = b""
            self._at = 0
            rest = self._raw.read()
            return data + rest if rest else data
        at = self._at
        data = self._data
        if len(data) - at >= size:
            self._at = at + size
            return data[at:at + size]
        parts = [data[at:]]
        missing = size - len(data) + at
        self._data = b""
        self._at = 0
        while missing > 0:
            part = self._raw.read(max(missing, self._size))
            if not part:
                break
            if len(part) > missing:
                self._data = part
                self._at = missing
                part = part[:missing]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def read1(self, size=-1):
        self._start_reading()
        if size is None or size < 0:
            size = self._size
        if self._at >= len(self._data):
            self._data = self._raw.read(self._size) or b""
            self._at = 0
        at = self._at
        part = self._data[at:at + size]
        self._at = at + len(part)
        return part

    def peek(self, size=0):
        self._start_reading()
        if self._at >= len(self._data):
            self._data = self._raw.read(self._size) or b""
            self._at = 0
        return self._data[self._at:]

    def readline(self, size=-1):
        self._start_reading()
        if size is None:
            size = -1
        parts = []
        have = 0
        while True:
            data = self._data
            at = self._at
            if at >= len(data):
                data = self._raw.read(_CHUNK)
                if not data:
                    self._data = b""
                    self._at = 0
                    break
                self._data = data
                self._at = at = 0
            end = data.find(b"\n", at) + 1
            stop = end or len(data)
            if size >= 0 and stop - at > size - have:
                stop = at + size - have
                end = stop
            parts.append(data[at:stop])
            self._at = stop
            have += stop - at
            if end or have == size:
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def write(self, data):
        if self.closed:
            raise ValueError("write to closed file")
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        data = bytes(memoryview(data))
        if self._data:
            behind = len(self._data) - self._at
            self._data = b""
            self._at = 0
            if behind:
                self._raw.seek(-behind, 1)
        self._out.append(data)
        self._out_size += len(data)
        if self._out_size > self._size:
            self._flush_out()
        return len(data)

    def tell(self):
        self._checkClosed("tell of closed file")
        return self._raw.tell() - len(self._data) + self._at + self._out_size

    def seek(self, pos, whence=0):
        self._checkClosed("seek of closed file")
        if whence not in (0, 1, 2):
            raise ValueError("whence value %d unsupported" % whence)
        if not self._raw.seekable():
            raise UnsupportedOperation("File or stream is not seekable.")
        self._flush_out()
        if whence == 1:
            pos -= len(self._data) - self._at
        self._data = b""
        self._at = 0
        return self._raw.seek(pos, whence)

    def truncate(self, pos=None):
        self._checkClosed("truncate of closed file")
        if not self.writable():
            raise UnsupportedOperation("truncate")
        self._flush_out()
        if pos is None:
            pos = self.tell()
        return self._raw.truncate(pos)

    def __del__(self):
        try:
            if self._raw is not None and not self.closed:
                self.close()
        except Exception:
            pass


class BufferedReader(_Buffered):
    __module__ = "_io"
    _kind = "BufferedReader"

    def __init__(self, raw, buffer_size=DEFAULT_BUFFER_SIZE):
        if not raw.readable():
            raise UnsupportedOperation("File or stream is not readable.")
        super().__init__(raw, buffer_size)

    def writable(self):
        return False

    def write(self, data):
        raise UnsupportedOperation("write")


class BufferedWriter(_Buffered):
    __module__ = "_io"
    _kind = "BufferedWriter"

    def __init__(self, raw, buffer_size=DEFAULT_BUFFER_SIZE):
        if not raw.writable():
            raise UnsupportedOperation("File or stream is not writable.")
        super().__init__(raw, buffer_size)

    def readable(self):
        return False

    def read(self, size=-1):
        raise UnsupportedOperation("read")

    def read1(self, size=-1):
        raise UnsupportedOperation("read1")

    def peek(self, size=0):
        raise AttributeError("'_io.BufferedWriter' object has no attribute 'peek'")

    def readline(self, size=-1):
        raise UnsupportedOperation("read")

    def readinto(self, buffer):
        raise UnsupportedOperation("readinto")


class BufferedRandom(_Buffered):
    __module__ = "_io"
    _kind = "BufferedRandom"


class BufferedRWPair(BufferedIOBase):
    """A reader and a writer as one."""

    __module__ = "_io"

    def __init__(self, reader, writer, buffer_size=DEFAULT_BUFFER_SIZE):
        self.reader = BufferedReader(reader, buffer_size)
        self.writer = BufferedWriter(writer, buffer_size)

    def read(self, size=-1):
        return self.reader.read(size)

    def readline(self, size=-1):
        return self.reader.readline(size)

    def write(self, data):
        return self.writer.write(data)

    def readable(self):
        return True

    def writable(self):
        return True

    def flush(self):
        self.writer.flush()

    def close(self):
        self.writer.close()
        self.reader.close()

    @property
    def closed(self):
        return self.writer.closed


class BytesIO(BufferedIOBase):
    """A binary file in memory."""

    __module__ = "_io"

    def readlines(self, size=None, /):
        if size is None or size <= 0:
            return list(self)
        lines = []
        for line in self:
            lines.append(line)
            size -= len(line)
            if size <= 0:
                break
        return lines

    def __init__(self, initial_bytes=b""):
        # bytes while it is only read, then a bytearray.
        if initial_bytes is None:
            initial_bytes = b""
        self._data = initial_bytes if type(initial_bytes) is bytes else bytes(memoryview(initial_bytes))
        self._at = 0

    def _check(self):
        if self._closed:
            raise ValueError("I/O operation on closed file.")

    def getvalue(self):
        self._check()
        return bytes(self._data)

    def getbuffer(self):
        self._check()
        if type(self._data) is bytes:
            self._data = bytearray(self._data)
        return memoryview(self._data)

    def close(self):
        self._closed = True
        self._data = b""

    def read(self, size=-1):
        if self._closed:
            raise ValueError("I/O operation on closed file.")
        at = self._at
        data = self._data
        if size is None or size < 0:
            end = len(data)
        else:
            end = at + size
            if end > len(data):
                end = len(data)
        if end <= at:
            return b""
        self._at = end
        part = data[at:end]
        return part if type(part) is bytes else bytes(part)

    def read1(self, size=-1):
        return self.read(size)

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[:len(data)] = data
        return len(data)

    def readline(self, size=-1):
        self._check()
        at = self._at
        data = self._data
        end = data.find(b"\n", at) + 1
        if at >= len(data):
            return b""
        if not end:
            end = len(data)
        if size is not None and size >= 0 and end - at > size:
            end = at + size
        self._at = end
        return bytes(data[at:end])

    def write(self, new):
        self._check()
        if isinstance(new, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        if type(new) is not bytes:
            new = bytes(memoryview(new))
        count = len(new)
        if not count:
            return 0
        data = self._data
        if type(data) is bytes:
            self._data = data = bytearray(data)
        at = self._at
        if at == len(data):
            data += new
        else:
            if at > len(data):
                data += bytes(at - len(data))
            data[at:at + count] = new
        self._at = at + count
        return count

    def seek(self, pos, whence=0):
        self._check()
        if whence == 0:
            if pos < 0:
                raise ValueError("negative seek value %d" % pos)
            self._at = pos
        elif whence == 1:
            self._at = max(0, self._at + pos)
        elif whence == 2:
            self._at = max(0, len(self._data) + pos)
        else:
            raise ValueError("invalid whence (%d, should be 0, 1 or 2)" % whence)
        return self._at

    def tell(self):
        self._check()
        return self._at

    def truncate(self, size=None):
        self._check()
        if size is None:
            size = self._at
        elif size < 0:
            raise ValueError("negative size value %d" % size)
        if size < len(self._data):
            self._data = self._data[:size]
        return size

    def readable(self):
        self._check()
        return True

    writable = readable
    seekable = readable

    def __getstate__(self):
        return (self.getvalue(), self._at, None)

    def __setstate__(self, state):
        self._data, self._at = state[0], state[1]


def _check_newline(newline):
    if newline is not None and not isinstance(newline, str):
        raise TypeError("newline must be str or None, not %s" % type(newline).__name__)
    if newline not in (None, "", "\n", "\r", "\r\n"):
        raise ValueError("illegal newline value: %s" % newline)


def _translated(text):
    if "\r" in text:
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _line_end(text, start, newline):
    """The index behind the line that starts at `start`, or 0 if its end is not there."""
    if newline is None or newline == "\n":
        return text.find("\n", start) + 1
    if newline:
        end = text.find(newline, start)
        return end + len(newline) if end >= 0 else 0
    feed = text.find("\n", start)
    if feed >= 0:
        back = text.find("\r", start, feed)
    else:
        back = text.find("\r", start)
    if back < 0:
        return feed + 1
    if feed == back + 1:
        return feed + 1
    return back + 1


class StringIO(TextIOBase):
    """A file of text in memory."""

    __module__ = "_io"

    def __init__(self, initial_value="", newline="\n"):
        _check_newline(newline)
        self._newline = newline
        # The text is _text and, behind it, what was written at its end since it was last needed.
        self._text = ""
        self._more = []
        self._at = 0
        # Where the next write goes is the end.
        self._ends = True
        if initial_value is not None:
            if not isinstance(initial_value, str):
                raise TypeError("initial_value must be str or None, not %s" % type(initial_value).__name__)
            if initial_value:
                self._text = self._converted(initial_value)
                self._ends = False

    def _converted(self, text):
        newline = self._newline
        if newline is None:
            return _translated(text)
        if newline == "\r" or newline == "\r\n":
            return text.replace("\n", newline)
        return text

    def _check(self):
        if self._closed:
            raise ValueError("I/O operation on closed file")

    def _whole(self):
        if self._more:
            self._text = self._text + "".join(self._more)
            self._more = []
        if self._ends:
            self._at = len(self._text)
            self._ends = False
        return self._text

    def getvalue(self):
        if self._closed:
            raise ValueError("I/O operation on closed file")
        if self._more:
            self._text = self._text + "".join(self._more)
            self._more = []
        return self._text

    def write(self, text):
        if self._closed:
            raise ValueError("I/O operation on closed file")
        if not isinstance(text, str):
            raise TypeError("string argument expected, got %r" % type(text).__name__)
        count = len(text)
        if self._newline != "\n":
            text = self._converted(text)
        if self._ends:
            self._more.append(text)
            return count
        whole = self._text
        at = self._at
        if at == len(whole):
            self._more.append(text)
            self._ends = True
            return count
        if not text:
            return count
        if at > len(whole):
            whole += "\0" * (at - len(whole))
        self._text = whole[:at] + text + whole[at + len(text):]
        self._at = at + len(text)
        return count

    def read(self, size=-1):
        self._check()
        text = self._whole()
        at = self._at
        if size is None or size < 0:
            end = len(text)
        else:
            end = min(at + size, len(text))
        if at >= end:
            return ""
        self._at = end
        return text[at:end]

    def readline(self, size=-1):
        self._check()
        text = self._whole()
        at = self._at
        if at >= len(text):
            return ""
        end = _line_end(text, at, self._newline) or len(text)
        if size is not None and 0 <= size < end - at:
            end = at + size
        self._at = end
        return text[at:end]

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def seek(self, pos, whence=0):
        self._check()
        if whence not in (0, 1, 2):
            raise ValueError("Invalid whence (%d, should be 0, 1 or 2)" % whence)
        if pos < 0 and whence == 0:
            raise ValueError("Negative seek position %d" % pos)
        if whence and pos:
            raise OSError("Can't do nonzero cur-relative seeks")
        self._whole()
        if whence == 0:
            self._at = pos
        elif whence == 2:
            self._at = len(self._text)
        return self._at

    def tell(self):
        self._check()
        self._whole()
        return self._at

    def truncate(self, pos=None):
        self._check()
        text = self._whole()
        if pos is None:
            pos = self._at
        elif pos < 0:
            raise ValueError("Negative size value %d" % pos)
        if pos < len(text):
            self._text = text[:pos]
        return pos

    def close(self):
        self._closed = True
        self._text = ""
        self._more = []

    def readable(self):
        self._check()
        return True

    writable = readable
    seekable = readable

    @property
    def line_buffering(self):
        return False


_jitvm.know_text_files(StringIO)


_NAMES = {"utf8": "utf-8", "locale": "UTF-8", "latin1": "latin-1", "u8": "utf-8"}
# Encodings whose text can be decoded piece by piece.
_PIECEWISE = ("utf-8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "utf8", "u8")


def _incomplete(data):
    """Bytes at the end that begin a character of UTF-8 which goes on behind them."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xc0:
            needed = 2 if byte < 0xe0 else 3 if byte < 0xf0 else 4
            return back if back < needed else 0
        if byte < 0x80:
            return 0
    return 0


class TextIOWrapper(TextIOBase):
    """Text over a binary file."""

    __module__ = "_io"

    def __init__(self, buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False):
        _check_newline(newline)
        if encoding is None or encoding == "locale":
            encoding = "UTF-8"
        elif not isinstance(encoding, str):
            raise TypeError("TextIOWrapper() argument 'encoding' must be str or None, not %s"
                            % type(encoding).__name__)
        "".encode(encoding)
        self._buffer = buffer
        self._encoding = encoding
        self._normal = encoding.lower().replace("_", "-")
        self._errors = "strict" if errors is None else errors
        self._newline = newline
        self._line_buffering = line_buffering
        self._write_through = write_through
        # Read and decoded, not yet given away: whole lines, the next one last; then text whose line goes on.
        self._lines = []
        self._rest = ""
        # Bytes that do not make a character yet.
        self._bytes = b""
        self._end = False
        self._telling = True
        self._out = []
        self._out_size = 0
        self._begun = False

    @property
    def buffer(self):
        return self._buffer

    @property
    def encoding(self):
        return self._encoding

    @property
    def errors(self):
        return self._errors

    @property
    def line_buffering(self):
        return self._line_buffering

    @property
    def write_through(self):
        return self._write_through

    @property
    def closed(self):
        return self._buffer.closed

    @property
    def name(self):
        return self._buffer.name

    @property
    def newlines(self):
        return None

    def __repr__(self):
        text = "<_io.TextIOWrapper"
        try:
            text += " name=%r" % (self.name,)
        except AttributeError:
            pass
        try:
            text += " mode=%r" % (self.mode,)
        except AttributeError:
            pass
        return text + " encoding=%r>" % (self._encoding,)

    def reconfigure(self, *, encoding=None, errors=None, newline=False, line_buffering=None, write_through=None):
        self.flush()
        if encoding is not None:
            self._encoding = encoding
            self._normal = encoding.lower().replace("_", "-")
        if errors is not None:
            self._errors = errors
        if newline is not False:
            _check_newline(newline)
            self._newline = newline
        if line_buffering is not None:
            self._line_buffering = line_buffering
        if write_through is not None:
            self._write_through = write_through

    def readable(self):
        return self._buffer.readable()

    def writable(self):
        return self._buffer.writable()

    def seekable(self):
        return self._buffer.seekable()

    def fileno(self):
        return self._buffer.fileno()

    def isatty(self):
        return self._buffer.isatty()

    def detach(self):
        self.flush()
        buffer = self._buffer
        self._buffer = None
        return buffer

    # Writing.

    def write(self, text):
        if self._buffer.closed:
            raise ValueError("I/O operation on closed file.")
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not %s" % type(text).__name__)
        count = len(text)
        if not self._buffer.writable():
            raise UnsupportedOperation("not writable")
        if self._lines or self._rest or self._bytes:
            self._forget()
        feed = self._line_buffering and "\n" in text
        newline = self._newline
        if newline == "\r\n" or newline == "\r":
            text = text.replace("\n", newline)
        encoding = self._encoding
        if self._begun and self._normal in ("utf-16", "utf16", "utf-32", "utf32"):
            encoding = self._normal.replace("utf1", "utf-1").replace("utf3", "utf-3") + "-le"
        elif self._begun and self._normal == "utf-8-sig":
            encoding = "utf-8"
        self._begun = True
        data = text.encode(encoding, self._errors)
        self._out.append(data)
        self._out_size += len(data)
        if self._out_size > 8192 or feed or self._write_through:
            self._flush_out()
            if feed:
                self._buffer.flush()
        return count

    def _flush_out(self):
        if self._out:
            data = b"".join(self._out)
            self._out = []
            self._out_size = 0
            self._buffer.write(data)

    def flush(self):
        if self._buffer.closed:
            raise ValueError("I/O operation on closed file.")
        self._flush_out()
        self._buffer.flush()

    def close(self):
        if self._buffer is not None and not self._buffer.closed:
            try:
                self._flush_out()
                self._buffer.flush()
            finally:
                self._buffer.close()

    # Reading.

    def _start_reading(self):
        if self._buffer.closed:
            raise ValueError("I/O operation on closed file.")
        if not self._buffer.readable():
            raise UnsupportedOperation("not readable")
        if self._out:
            self._flush_out()
            self._buffer.flush()

    def _decode(self, data, final):
        if self._bytes:
            data = self._bytes + data
            self._bytes = b""
        if not final and self._normal in ("utf-8", "utf8", "u8"):
            keep = _incomplete(data)
            if keep:
                self._bytes = data[-keep:]
                data = data[:-keep]
        return data.decode(self._encoding, self._errors)

    def _fill(self):
        """Reads on until there is a whole line; False at the end of the file."""
        if self._end:
            return False
        buffer = self._buffer
        if self._normal not in _PIECEWISE:
            data = buffer.read()
            self._end = True
        else:
            data = buffer.read1(_CHUNK) if hasattr(buffer, "read1") else buffer.read(_CHUNK)
            if not data:
                self._end = True
        text = self._rest + self._decode(data, self._end)
        newline = self._newline
        held = ""
        if not self._end and (newline is None or newline == "") and text.endswith("\r"):
            # A line feed that follows belongs to it.
            text = text[:-1]
            held = "\r"
        if (newline is None or newline == "") and "\r" in text:
            lines = []
            for part in text.split("\n"):
                part += "\n"
                if "\r" in part:
                    pieces = part.split("\r")
                    for piece in pieces[:-2]:
                        lines.append(piece + "\r")
                    if pieces[-1] == "\n":
                        lines.append(pieces[-2] + "\r\n")
                    else:
                        lines.append(pieces[-2] + "\r")
                        lines.append(pieces[-1])
                else:
                    lines.append(part)
            # The last part had no line feed.
            last = lines.pop()[:-1]
            if last.endswith("\r"):
                lines.append(last)
                last = ""
        else:
            separator = newline or "\n"
            parts = text.split(separator)
            last = parts.pop()
            lines = [part + separator for part in parts]
        self._rest = last + held
        if self._end and self._rest:
            lines.append(self._rest)
            self._rest = ""
        lines.reverse()
        self._lines = lines
        return True

    def _next_line(self):
        while not self._lines:
            if not self._fill():
                return ""
        line = self._lines.pop()
        if self._newline is None and "\r" in line:
            line = _translated(line)
        return line

    def readline(self, size=-1):
        self._start_reading()
        line = self._next_line()
        if size is not None and 0 <= size < len(line):
            self._lines.append(line[size:])
            line = line[:size]
        return line

    def __iter__(self):
        if self._buffer.closed:
            raise ValueError("I/O operation on closed file.")
        return self

    def __next__(self):
        lines = self._lines
        if lines and self._newline != None:
            self._telling = False
            return lines.pop()
        if not lines:
            self._start_reading()
        line = self._next_line()
        if not line:
            self._telling = True
            raise StopIteration
        self._telling = False
        return line

    def read(self, size=-1):
        self._start_reading()
        if size is None or size < 0:
            lines = self._lines
            lines.reverse()
            text = "".join(lines) + self._rest
            self._lines = []
            self._rest = ""
            if not self._end:
                text += self._decode(self._buffer.read(), True)
            self._telling = True
            # More may be appended to the file, so that the end is looked for again.
            return _translated(text) if self._newline is None else text
        parts = []
        while size > 0:
            line = self._next_line()
            if not line:
                break
            if len(line) > size:
                self._lines.append(line[size:])
                line = line[:size]
            parts.append(line)
            size -= len(line)
        return "".join(parts)

    def _ahead(self):
        """Bytes that were read but not given away."""
        count = len(self._bytes)
        if self._rest:
            count += len(self._rest.encode(self._encoding, self._errors))
        for line in self._lines:
            count += len(line.encode(self._encoding, self._errors))
        return count

    def _forget(self):
        ahead = self._ahead()
        self._lines = []
        self._rest = ""
        self._bytes = b""
        self._end = False
        if ahead:
            self._buffer.seek(-ahead, 1)

    def tell(self):
        if not self._buffer.seekable():
            raise UnsupportedOperation("underlying stream is not seekable")
        if not self._telling:
            raise OSError("telling position disabled by next() call")
        self.flush()
        return self._buffer.tell() - self._ahead()

    def seek(self, pos, whence=0):
        if self._buffer.closed:
            raise ValueError("I/O operation on closed file.")
        if not self._buffer.seekable():
            raise UnsupportedOperation("underlying stream is not seekable")
        if whence == 1:
            if pos != 0:
                raise UnsupportedOperation("can't do nonzero cur-relative seeks")
            pos = self.tell()
            whence = 0
        elif whence == 2:
            if pos != 0:
                raise UnsupportedOperation("can't do nonzero end-relative seeks")
        elif whence != 0:
            raise ValueError("invalid whence (%r, should be 0, 1 or 2)" % (whence,))
        elif pos < 0:
            raise ValueError("negative seek position %r" % (pos,))
        self.flush()
        self._lines = []
        self._rest = ""
        self._bytes = b""
        self._end = False
        self._telling = True
        result = self._buffer.seek(pos, whence)
        self._begun = result != 0
        return result

    def truncate(self, pos=None):
        self.flush()
        if pos is None:
            pos = self.tell()
        return self._buffer.truncate(pos)

    def __del__(self):
        try:
            if self._buffer is not None and not self._buffer.closed:
                self.close()
        except Exception:
            pass


def open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
    """Opens a file; a text, buffered or raw one, as the mode says."""
    if not isinstance(file, int):
        file = _posix.fspath(file)
    if not isinstance(mode, str):
        raise TypeError("open() argument 'mode' must be str, not %s" % type(mode).__name__)
    if not isinstance(buffering, int):
        raise TypeError("%r object cannot be interpreted as an integer" % type(buffering).__name__)
    for name, value in (("encoding", encoding), ("errors", errors)):
        if value is not None and not isinstance(value, str):
            raise TypeError("open() argument %r must be str or None, not %s" % (name, type(value).__name__))
    letters = set(mode)
    if letters - set("axrwb+t") or len(mode) > len(letters):
        raise ValueError("invalid mode: %r" % mode)
    binary = "b" in letters
    if binary and "t" in letters:
        raise ValueError("can't have text and binary mode at once")
    if ("x" in letters) + ("r" in letters) + ("w" in letters) + ("a" in letters) != 1:
        if not mode:
            raise ValueError("Must have exactly one of create/read/write/append mode and at most one plus")
        raise ValueError("must have exactly one of create/read/write/append mode")
    if binary:
        if encoding is not None:
            raise ValueError("binary mode doesn't take an encoding argument")
        if errors is not None:
            raise ValueError("binary mode doesn't take an errors argument")
        if newline is not None:
            raise ValueError("binary mode doesn't take a newline argument")
    raw = FileIO(file, mode.replace("b", "").replace("t", ""), closefd, opener)
    try:
        line_buffering = False
        if buffering == 1 or buffering < 0 and raw.isatty():
            buffering = -1
            line_buffering = True
        if buffering < 0:
            buffering = DEFAULT_BUFFER_SIZE
        if buffering == 0:
            if binary:
                return raw
            raise ValueError("can't have unbuffered text I/O")
        if "+" in letters:
            buffer = BufferedRandom(raw, buffering)
        elif "r" in letters:
            buffer = BufferedReader(raw, buffering)
        else:
            buffer = BufferedWriter(raw, buffering)
        if binary:
            return buffer
        text = TextIOWrapper(buffer, encoding, errors, newline, line_buffering)
        text.mode = mode
        return text
    except BaseException:
        raw.close()
        raise


def open_code(path):
    return open(path, "rb")


def _standard(descriptor):
    """The file object that `sys` has for a standard descriptor."""
    if descriptor == 0:
        text = TextIOWrapper(BufferedReader(FileIO(0, "r", False)), "utf-8", "strict")
        text._buffer._raw.name = "<stdin>"
        text.mode = "r"
        return text
    raw = FileIO(descriptor, "w", False)
    raw.name = ("<stdin>", "<stdout>", "<stderr>")[descriptor]
    return raw


def _input(prompt="", /):
    """What the builtin `input` does."""
    stdout = _sys.stdout
    if prompt != "":
        stdout.write(str(prompt))
    stdout.flush()
    line = _sys.stdin.readline()
    if not line:
        raise EOFError("EOF when reading a line")
    return line[:-1] if line.endswith("\n") else line
