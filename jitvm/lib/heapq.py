"""A priority queue in a list: the item at k is not above those at 2k+1 and 2k+2."""

__all__ = ["heappush", "heappop", "heapify", "heapreplace", "merge", "nlargest", "nsmallest", "heappushpop"]


def _rise(heap, start, position):
    """Moves the item at `position` up, not above `start`, past those that are greater."""
    item = heap[position]
    while position > start:
        parent = (position - 1) >> 1
        above = heap[parent]
        if not item < above:
            break
        heap[position] = above
        position = parent
    heap[position] = item


def _sink(heap, position):
    """Moves the item at `position` to the bottom along the smaller children, then up to its place."""
    end = len(heap)
    start = position
    item = heap[position]
    child = 2 * position + 1
    while child < end:
        right = child + 1
        if right < end and not heap[child] < heap[right]:
            child = right
        heap[position] = heap[child]
        position = child
        child = 2 * position + 1
    heap[position] = item
    _rise(heap, start, position)


def _check(heap):
    if not isinstance(heap, list):
        raise TypeError(f"heap argument must be a list, not {type(heap).__name__}")


def heappush(heap, item, /):
    """Adds an item."""
    if type(heap) is not list:
        _check(heap)
    heap.append(item)
    _rise(heap, 0, len(heap) - 1)


def heappop(heap, /):
    """Removes the smallest item and gives it."""
    if type(heap) is not list:
        _check(heap)
    if not heap:
        raise IndexError("index out of range")
    last = heap.pop()
    if heap:
        result = heap[0]
        heap[0] = last
        _sink(heap, 0)
        return result
    return last


def heapreplace(heap, item, /):
    """Removes the smallest item and gives it, then adds an item."""
    _check(heap)
    if not heap:
        raise IndexError("index out of range")
    result = heap[0]
    heap[0] = item
    _sink(heap, 0)
    return result


def heappushpop(heap, item, /):
    """Adds an item, then removes the smallest and gives it."""
    _check(heap)
    if heap and heap[0] < item:
        item, heap[0] = heap[0], item
        _sink(heap, 0)
    return item


def heapify(heap, /):
    """Makes a list a heap."""
    _check(heap)
    for position in reversed(range(len(heap) // 2)):
        _sink(heap, position)


class _Greatest:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        return other.value < self.value


def merge(*iterables, key=None, reverse=False):
    """The items of sorted iterables in one sorted order."""
    heap = []
    for order, iterable in enumerate(iterables):
        step = iter(iterable).__next__
        try:
            item = step()
        except StopIteration:
            continue
        rank = item if key is None else key(item)
        heap.append([_Greatest(rank) if reverse else rank, order, item, step])
    heapify(heap)
    while len(heap) > 1:
        entry = heap[0]
        step = entry[3]
        yield entry[2]
        try:
            item = step()
        except StopIteration:
            heappop(heap)
            continue
        rank = item if key is None else key(item)
        entry[0] = _Greatest(rank) if reverse else rank
        entry[2] = item
        _sink(heap, 0)
    if heap:
        entry = heap[0]
        yield entry[2]
        while True:
            try:
                item = entry[3]()
            except StopIteration:
                return
            yield item


def nsmallest(n, iterable, key=None):
    """The n smallest items, in order."""
    return sorted(iterable, key=key)[:n] if n > 0 else []


def nlargest(n, iterable, key=None):
    """The n greatest items, the greatest first."""
    return sorted(iterable, key=key, reverse=True)[:n] if n > 0 else []
