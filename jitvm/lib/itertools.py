"""Functions creating iterators for efficient looping."""
# Generators behind functions and classes of the names that programs use.

import operator as _operator

_missing = object()


def count(start=0, step=1):
    n = start
    while True:
        yield n
        n += step


def cycle(iterable):
    saved = []
    for item in iterable:
        yield item
        saved.append(item)
    while saved:
        for item in saved:
            yield item


def _repeat_forever(item):
    while True:
        yield item


def _repeat_times(item, times):
    while times > 0:
        times -= 1
        yield item


def repeat(object, times=_missing):
    if times is _missing:
        return _repeat_forever(object)
    return _repeat_times(object, _operator.index(times))


def accumulate(iterable, func=None, *, initial=None):
    iterator = iter(iterable)
    total = initial
    if initial is None:
        for total in iterator:
            break
        else:
            return
    yield total
    if func is None:
        for item in iterator:
            total = total + item
            yield total
    else:
        for item in iterator:
            total = func(total, item)
            yield total


def _chain(iterables):
    for iterable in iterables:
        for item in iterable:
            yield item


class chain:
    def __new__(cls, *iterables):
        return _chain(iterables)

    @classmethod
    def from_iterable(cls, iterable):
        return _chain(iterable)


def compress(data, selectors):
    for item, selected in zip(data, selectors):
        if selected:
            yield item


def dropwhile(predicate, iterable):
    iterator = iter(iterable)
    for item in iterator:
        if not predicate(item):
            yield item
            break
    for item in iterator:
        yield item


def takewhile(predicate, iterable):
    for item in iterable:
        if not predicate(item):
            break
        yield item


def filterfalse(predicate, iterable):
    if predicate is None:
        predicate = bool
    for item in iterable:
        if not predicate(item):
            yield item


class groupby:
    def __init__(self, iterable, key=None):
        self._key = key
        self._iterator = iter(iterable)
        self._target = self._current = self._value = _missing

    def __iter__(self):
        return self

    def __next__(self):
        self._group = None
        while self._current is _missing or self._current == self._target:
            self._value = next(self._iterator)
            self._current = self._value if self._key is None else self._key(self._value)
        self._target = self._current
        marker = self._group = object()
        return self._current, self._grouper(self._target, marker)

    def _grouper(self, target, marker):
        while self._group is marker and self._current == target:
            yield self._value
            try:
                self._value = next(self._iterator)
            except StopIteration:
                return
            self._current = self._value if self._key is None else self._key(self._value)


def _islice(iterable, start, stop, step):
    # As many items are consumed as there are before the end, or before the start if that is further.
    if stop is not None and stop < start:
        stop = start
    if stop == 0:
        return
    wanted = start
    position = 0
    for item in iterable:
        if position == wanted:
            yield item
            wanted += step
        position += 1
        if position == stop:
            return


def islice(iterable, *args):
    bounds = slice(*args)
    for value in (bounds.start, bounds.stop):
        if value is not None and (not isinstance(value, int) or value < 0):
            if len(args) == 1:
                raise ValueError("Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
            raise ValueError("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
    step = 1 if bounds.step is None else bounds.step
    if not isinstance(step, int) or step < 1:
        raise ValueError("Step for islice() must be a positive integer or None.")
    return _islice(iterable, bounds.start or 0, bounds.stop, step)


def pairwise(iterable):
    iterator = iter(iterable)
    for before in iterator:
        break
    else:
        return
    for item in iterator:
        yield before, item
        before = item


def starmap(function, iterable):
    for arguments in iterable:
        yield function(*arguments)


class _tee:
    def __init__(self, iterator, link):
        self._iterator = iterator
        self._link = link

    def __iter__(self):
        return self

    def __next__(self):
        link = self._link
        if link[1] is None:
            link[0] = next(self._iterator)
            link[1] = [None, None]
        self._link = link[1]
        return link[0]

    def __copy__(self):
        return _tee(self._iterator, self._link)


def tee(iterable, n=2):
    if n < 0:
        raise ValueError("n must be >= 0")
    if n == 0:
        return ()
    if isinstance(iterable, _tee):
        return tuple(_tee(iterable._iterator, iterable._link) for _ in range(n))
    iterator = iter(iterable)
    link = [None, None]
    return tuple(_tee(iterator, link) for _ in range(n))


def zip_longest(*iterables, fillvalue=None):
    iterators = [iter(iterable) for iterable in iterables]
    active = len(iterators)
    if not active:
        return
    done = [False] * active
    while True:
        values = []
        for index, iterator in enumerate(iterators):
            value = fillvalue
            if not done[index]:
                try:
                    value = next(iterator)
                except StopIteration:
                    done[index] = True
                    active -= 1
                    if not active:
                        return
            values.append(value)
        yield tuple(values)


def product(*iterables, repeat=1):
    return _product([tuple(iterable) for iterable in iterables] * repeat)


def _product(pools):
    if not all(pools):
        return
    count = len(pools)
    indices = [0] * count
    result = [pool[0] for pool in pools]
    yield tuple(result)
    while True:
        at = count - 1
        while at >= 0:
            indices[at] += 1
            if indices[at] < len(pools[at]):
                result[at] = pools[at][indices[at]]
                break
            indices[at] = 0
            result[at] = pools[at][0]
            at -= 1
        if at < 0:
            return
        yield tuple(result)


def permutations(iterable, r=None):
    pool = tuple(iterable)
    n = len(pool)
    r = n if r is None else r
    if r < 0:
        raise ValueError("r must be non-negative")
    return _permutations(pool, n, r)


def _permutations(pool, n, r):
    if r > n:
        return
    indices = list(range(n))
    cycles = list(range(n, n - r, -1))
    yield tuple([pool[i] for i in indices[:r]])
    while n:
        for i in range(r - 1, -1, -1):
            cycles[i] -= 1
            if cycles[i] == 0:
                indices[i:] = indices[i + 1:] + indices[i:i + 1]
                cycles[i] = n - i
            else:
                j = cycles[i]
                indices[i], indices[-j] = indices[-j], indices[i]
                yield tuple([pool[i] for i in indices[:r]])
                break
        else:
            return


def combinations(iterable, r):
    if r < 0:
        raise ValueError("r must be non-negative")
    return _combinations(tuple(iterable), r)


def _combinations(pool, r):
    n = len(pool)
    if r > n:
        return
    indices = list(range(r))
    yield tuple([pool[i] for i in indices])
    while True:
        for i in range(r - 1, -1, -1):
            if indices[i] != i + n - r:
                break
        else:
            return
        indices[i] += 1
        for j in range(i + 1, r):
            indices[j] = indices[j - 1] + 1
        yield tuple([pool[i] for i in indices])


def combinations_with_replacement(iterable, r):
    if r < 0:
        raise ValueError("r must be non-negative")
    return _combinations_with_replacement(tuple(iterable), r)


def _combinations_with_replacement(pool, r):
    n = len(pool)
    if not n and r:
        return
    indices = [0] * r
    yield tuple([pool[i] for i in indices])
    while True:
        for i in range(r - 1, -1, -1):
            if indices[i] != n - 1:
                break
        else:
            return
        indices[i:] = [indices[i] + 1] * (r - i)
        yield tuple([pool[i] for i in indices])
