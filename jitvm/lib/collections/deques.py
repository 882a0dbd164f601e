"""The class deque: a list whose first items may be free."""

from collections.abc import MutableSequence

_Alias = type(list[int])
_shown = set()
# A deque with more free items than this, and than others, gives them back.
_SPARE = 32


class deque:
    """A sequence that grows and shrinks at both ends at a constant price."""

    # The items are _items[_head:].
    __slots__ = ("_items", "_head", "_limit", "__dict__")
    __hash__ = None

    def __init__(self, iterable=(), maxlen=None):
        if maxlen is not None:
            if not isinstance(maxlen, int):
                raise TypeError("an integer is required")
            if maxlen < 0:
                raise ValueError("maxlen must be non-negative")
        self._limit = maxlen
        self._head = 0
        self._items = []
        if maxlen is None:
            self._items.extend(iterable)
        else:
            self.extend(iterable)

    @property
    def maxlen(self):
        return self._limit

    def append(self, x, /):
        self._items.append(x)
        if self._limit is not None and len(self._items) - self._head > self._limit:
            self.popleft()

    def appendleft(self, x, /):
        head = self._head
        if head == 0:
            head = len(self._items) + 8
            self._items[0:0] = [None] * head
        head -= 1
        self._items[head] = x
        self._head = head
        if self._limit is not None and len(self._items) - head > self._limit:
            self.pop()

    def pop(self):
        if len(self._items) == self._head:
            raise IndexError("pop from an empty deque")
        return self._items.pop()

    def popleft(self):
        items = self._items
        head = self._head
        if head == len(items):
            raise IndexError("pop from an empty deque")
        item = items[head]
        items[head] = None
        head += 1
        if head > _SPARE and head * 2 > len(items):
            del items[:head]
            head = 0
        self._head = head
        return item

    def extend(self, iterable, /):
        if iterable is self:
            iterable = list(iterable)
        if self._limit is None:
            self._items.extend(iterable)
        else:
            for item in iterable:
                self.append(item)

    def extendleft(self, iterable, /):
        if iterable is self:
            iterable = list(iterable)
        for item in iterable:
            self.appendleft(item)

    def clear(self):
        self._items = []
        self._head = 0

    def rotate(self, n=1, /):
        length = len(self._items) - self._head
        if length < 2:
            return
        n %= length
        if n > length // 2:
            for _ in range(length - n):
                self._items.append(self.popleft())
        else:
            limit, self._limit = self._limit, None
            for _ in range(n):
                self.appendleft(self._items.pop())
            self._limit = limit

    def reverse(self):
        self._items = self._items[self._head :]
        self._items.reverse()
        self._head = 0

    def _place(self, index):
        """Where an item is in the list."""
        place = index + (len(self._items) if index < 0 else self._head)
        if not self._head <= place < len(self._items):
            raise IndexError("deque index out of range")
        return place

    def __len__(self):
        return len(self._items) - self._head

    def __bool__(self):
        return len(self._items) != self._head

    def __getitem__(self, index, /):
        if type(index) is not int:
            index = _index(index)
        return self._items[self._place(index)]

    def __setitem__(self, index, value, /):
        self._items[self._place(_index(index))] = value

    def __delitem__(self, index, /):
        del self._items[self._place(_index(index))]

    def __iter__(self):
        items, head, length = self._items, self._head, len(self._items)
        for place in range(head, length):
            yield items[place]
            if self._items is not items or self._head != head or len(items) != length:
                raise RuntimeError("deque mutated during iteration")

    def __reversed__(self):
        items, head, length = self._items, self._head, len(self._items)
        for place in range(length - 1, head - 1, -1):
            yield items[place]
            if self._items is not items or self._head != head or len(items) != length:
                raise RuntimeError("deque mutated during iteration")

    def __contains__(self, value, /):
        for item in self:
            if item is value or item == value:
                return True
        return False

    def count(self, value, /):
        count = 0
        for item in self:
            if item is value or item == value:
                count += 1
        return count

    def index(self, value, start=0, stop=None, /):
        length = len(self)
        if start < 0:
            start = max(start + length, 0)
        if stop is None:
            stop = length
        elif stop < 0:
            stop = max(stop + length, 0)
        for index in range(start, min(stop, length)):
            item = self[index]
            if item is value or item == value:
                return index
        raise ValueError(f"{value!r} is not in deque")

    def insert(self, index, value, /):
        length = len(self)
        if self._limit is not None and length >= self._limit:
            raise IndexError("deque already at its maximum size")
        if index < 0:
            index = max(index + length, 0)
        self._items.insert(self._head + min(index, length), value)

    def remove(self, value, /):
        for index, item in enumerate(self):
            if item is value or item == value:
                del self[index]
                return
        raise ValueError("deque.remove(x): x not in deque")

    def copy(self):
        if self._limit is None:
            return type(self)(self)
        return type(self)(self, self._limit)

    __copy__ = copy

    def __reduce__(self):
        state = getattr(self, "__dict__", None) or None
        if self._limit is None:
            return type(self), (), state, iter(self)
        return type(self), ((), self._limit), state, iter(self)

    def __repr__(self):
        if id(self) in _shown:
            return "[...]"
        _shown.add(id(self))
        try:
            if self._limit is None:
                return f"{type(self).__name__}({list(self)!r})"
            return f"{type(self).__name__}({list(self)!r}, maxlen={self._limit})"
        finally:
            _shown.discard(id(self))

    def __eq__(self, other):
        return list(self) == list(other) if isinstance(other, deque) else NotImplemented

    def __ne__(self, other):
        return list(self) != list(other) if isinstance(other, deque) else NotImplemented

    def __lt__(self, other):
        return list(self) < list(other) if isinstance(other, deque) else NotImplemented

    def __le__(self, other):
        return list(self) <= list(other) if isinstance(other, deque) else NotImplemented

    def __gt__(self, other):
        return list(self) > list(other) if isinstance(other, deque) else NotImplemented

    def __ge__(self, other):
        return list(self) >= list(other) if isinstance(other, deque) else NotImplemented

    def __add__(self, other):
        if not isinstance(other, deque):
            raise TypeError(f'can only concatenate deque (not "{type(other).__name__}") to deque')
        new = self.copy()
        new.extend(other)
        return new

    def __iadd__(self, other):
        self.extend(other)
        return self

    def __mul__(self, n):
        if not hasattr(n, "__index__"):
            return NotImplemented
        new = self.copy()
        new *= n
        return new

    __rmul__ = __mul__

    def __imul__(self, n):
        items = list(self)
        self.clear()
        self.extend(items * n)
        return self

    __class_getitem__ = classmethod(_Alias)


def _index(value):
    try:
        return value.__index__()
    except AttributeError:
        raise TypeError(f"sequence index must be integer, not '{type(value).__name__}'") from None


deque.__module__ = "collections"
MutableSequence.register(deque)
