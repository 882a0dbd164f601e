"""Functions creating iterators for efficient looping."""
# The iterators are generators, which compiled code resumes in line, under the classes that programs know. What a class
# checks, it checks when it is called, before the generator begins.

import _jitvm
import operator as _operator

_missing = object()


def _iterator(*generators, **methods):
    """Decorates the function that makes iterators of a class: the class takes its place, and a call of it calls the function."""
    def know(maker):
        def __new__(cls, /, *arguments, **keywords):
            """Create and return a new object.  See help(type) for accurate signature."""
            iterator = maker(*arguments, **keywords)
            if cls is own:
                return iterator
            # One of a class of the program has the iterator inside.
            self = object.__new__(cls)
            self._iterator = iterator
            return self

        def __iter__(self):
            """Implement iter(self)."""
            return self

        def __next__(self):
            """Implement next(self)."""
            return next(self if type(self) is own else self._iterator)

        def __reduce__(self):
            """Not here: an iterator may hold what cannot be copied."""
            raise TypeError(f"cannot pickle 'itertools.{own.__name__}' object")

        names = {"__module__": "itertools", "__qualname__": maker.__name__, "__new__": __new__, "__iter__": __iter__,
                 "__next__": __next__, "__reduce__": __reduce__}
        own = type(maker.__name__, (), names | methods)
        for generator in generators:
            _jitvm.iterators(generator, own)
        _jitvm.made_by(own, maker)
        return own
    return know


def _state(iterator):
    """The variables of the generator behind an iterator; empty once that has ended."""
    return _jitvm.iterator_state(getattr(iterator, "_iterator", iterator))


def _call_text(self):
    """Return repr(self)."""
    return f"{type(self).__name__}({', '.join(map(repr, self.__reduce__()[1]))})"


def _is_number(value):
    return isinstance(value, (int, float, complex)) or any(
        hasattr(type(value), name) for name in ("__index__", "__int__", "__float__"))


def _count(start, step):
    n = start
    while True:
        yield n
        n += step


def _reduce_count(self):
    """Return state information for pickling."""
    state = _state(self)
    step = state["step"]
    # What was given last is kept in `n`.
    following = state["n"] + step if "n" in state else state["start"]
    return type(self), (following,) if type(step) is int and step == 1 else (following, step)


@_iterator(_count, __reduce__=_reduce_count, __repr__=_call_text)
def count(start=0, step=1):
    if not (_is_number(start) and _is_number(step)):
        raise TypeError("a number is required")
    return _count(start, step)


def _cycle(iterator):
    saved = []
    for item in iterator:
        yield item
        saved.append(item)
    while saved:
        for item in saved:
            yield item


@_iterator(_cycle)
def cycle(iterable, /):
    return _cycle(iter(iterable))


def _repeat_forever(item):
    while True:
        yield item


def _repeat_times(item, times):
    while times > 0:
        times -= 1
        yield item


def _reduce_repeat(self):
    """Return state information for pickling."""
    state = _state(self)
    if "times" in state:
        return type(self), (state["item"], state["times"])
    return type(self), (state["item"],) if state else (None, 0)


def _hint_of_repeat(self):
    """Private method returning an estimate of len(list(it))."""
    arguments = self.__reduce__()[1]
    if len(arguments) == 1:
        raise TypeError("len() of unsized object")
    return arguments[1]


@_iterator(_repeat_forever, _repeat_times,
           __reduce__=_reduce_repeat, __length_hint__=_hint_of_repeat, __repr__=_call_text)
def repeat(object, times=_missing):
    if times is _missing:
        return _repeat_forever(object)
    return _repeat_times(object, _operator.index(times))


def _accumulate(iterator, initial):
    total = initial
    if initial is None:
        for total in iterator:
            break
        else:
            return
    yield total
    for item in iterator:
        total = total + item
        yield total


def _accumulate_by(iterator, func, initial):
    total = initial
    if initial is None:
        for total in iterator:
            break
        else:
            return
    yield total
    for item in iterator:
        total = func(total, item)
        yield total


@_iterator(_accumulate, _accumulate_by)
def accumulate(iterable, func=None, *, initial=None):
    iterator = iter(iterable)
    return _accumulate(iterator, initial) if func is None else _accumulate_by(iterator, func, initial)


def _chain(iterables):
    for iterable in iterables:
        for item in iterable:
            yield item


@classmethod
def _from_iterable(cls, iterable, /):
    """Alternative chain() constructor taking a single iterable argument that evaluates lazily."""
    if cls is chain:
        return _chain(iter(iterable))
    made = cls()
    made._iterator = _chain(iter(iterable))
    return made


@_iterator(_chain, from_iterable=_from_iterable, __class_getitem__=classmethod(type(list[int])))
def chain(*iterables):
    return _chain(iterables)


def _compress(data, selectors):
    for item, selected in zip(data, selectors):
        if selected:
            yield item


@_iterator(_compress)
def compress(data, selectors):
    return _compress(iter(data), iter(selectors))


def _dropwhile(predicate, iterator):
    for item in iterator:
        if not predicate(item):
            yield item
            break
    for item in iterator:
        yield item


@_iterator(_dropwhile)
def dropwhile(predicate, iterable, /):
    return _dropwhile(predicate, iter(iterable))


def _takewhile(predicate, iterator):
    for item in iterator:
        if not predicate(item):
            break
        yield item


@_iterator(_takewhile)
def takewhile(predicate, iterable, /):
    return _takewhile(predicate, iter(iterable))


def _filterfalse(predicate, iterator):
    for item in iterator:
        if not predicate(item):
            yield item


@_iterator(_filterfalse)
def filterfalse(predicate, iterable, /):
    return _filterfalse(bool if predicate is None else predicate, iter(iterable))


def _group(shared, iterator, key, target, marker):
    while shared[2] is marker:
        if shared[1] is _missing:
            for value in iterator:
                break
            else:
                return
            shared[0], shared[1] = value, value if key is None else key(value)
        if not (target is shared[1] or target == shared[1]):
            return
        value, shared[0], shared[1] = shared[0], None, _missing
        yield value


@_iterator(_group)
def _grouper(parent, target, /):
    raise TypeError("groups are made by groupby")


def _groupby(iterator, key):
    # The value read last and its key, unless it was given away, and whose turn it is.
    shared = [None, _missing, None]
    target = _missing
    while True:
        shared[2] = None
        while shared[1] is _missing or target is shared[1] or target is not _missing and target == shared[1]:
            for value in iterator:
                break
            else:
                return
            shared[0], shared[1] = value, value if key is None else key(value)
        target = shared[1]
        shared[2] = marker = object()
        yield target, _group(shared, iterator, key, target, marker)


@_iterator(_groupby)
def groupby(iterable, key=None):
    return _groupby(iter(iterable), key)


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


def _bound(value, message):
    try:
        bound = 0 if value is None else _operator.index(value)
    except TypeError:
        bound = -1
    if not 0 <= bound <= _LARGEST:
        raise ValueError(message) from None
    return bound


_LARGEST = (1 << 63) - 1
_INDICES = "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize."
_STOP = "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
_STEP = "Step for islice() must be a positive integer or None."


@_iterator(_islice)
def islice(iterable, first, /, *others):
    if not others:
        start, stop, step = 0, first, 1
    else:
        if len(others) > 2:
            raise TypeError(f"islice expected at most 4 arguments, got {2 + len(others)}")
        start, stop, step = first, *others, *(None,) * (2 - len(others))
    if stop is not None:
        stop = _bound(stop, _INDICES if others else _STOP)
    if others:
        start = _bound(start, _INDICES)
        step = 1 if step is None else _bound(step, _STEP) or _bound(-1, _STEP)
    return _islice(iter(iterable), start, stop, step)


def _pairwise(iterator):
    for before in iterator:
        break
    else:
        return
    for item in iterator:
        yield before, item
        before = item


@_iterator(_pairwise)
def pairwise(iterable, /):
    return _pairwise(iter(iterable))


def _starmap(function, iterator):
    for arguments in iterator:
        yield function(*arguments)


@_iterator(_starmap)
def starmap(function, iterable, /):
    return _starmap(function, iter(iterable))


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
    n = _operator.index(n)
    if n < 0:
        raise ValueError("n must be >= 0")
    if n == 0:
        return ()
    if isinstance(iterable, _tee):
        return tuple(_tee(iterable._iterator, iterable._link) for _ in range(n))
    iterator = iter(iterable)
    link = [None, None]
    return tuple(_tee(iterator, link) for _ in range(n))


def _zip_longest(iterators, fillvalue):
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


@_iterator(_zip_longest)
def zip_longest(*iterables, fillvalue=None):
    return _zip_longest([iter(iterable) for iterable in iterables], fillvalue)


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


@_iterator(_product)
def product(*iterables, repeat=1):
    repeat = _operator.index(repeat)
    if repeat < 0:
        raise ValueError("repeat argument cannot be negative")
    return _product([tuple(iterable) for iterable in iterables] * repeat)


def _length(r):
    r = _operator.index(r)
    if r < 0:
        raise ValueError("r must be non-negative")
    return r


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


@_iterator(_permutations)
def permutations(iterable, r=None):
    pool = tuple(iterable)
    if r is not None and not isinstance(r, int):
        raise TypeError("Expected int as r")
    return _permutations(pool, len(pool), len(pool) if r is None else _length(r))


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


@_iterator(_combinations)
def combinations(iterable, r):
    r = _operator.index(r)
    pool = tuple(iterable)
    return _combinations(pool, _length(r))


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


@_iterator(_combinations_with_replacement)
def combinations_with_replacement(iterable, r):
    r = _operator.index(r)
    pool = tuple(iterable)
    return _combinations_with_replacement(pool, _length(r))
