"""What coroutines wait for each other with: locks, events, conditions, semaphores, barriers."""

from . import events
from .exceptions import BrokenBarrierError, CancelledError


class _Waiters:
    """Futures of those who wait, the longest waiting first."""

    def __init__(self):
        self._waiters = []

    def _new_waiter(self):
        future = events.get_running_loop().create_future()
        self._waiters.append(future)
        return future

    def _wake_first(self):
        for future in self._waiters:
            if not future.done():
                future.set_result(True)
                return True
        return False

    def _shown(self, state):
        shown = '%s, waiters:%d' % (state, len(self._waiters)) if self._waiters else state
        return '<%s [%s]>' % (object.__repr__(self)[1:-1], shown)


class _Entered(_Waiters):
    async def __aenter__(self):
        await self.acquire()
        return None

    async def __aexit__(self, exc_type, exc, tb):
        self.release()


class Lock(_Entered):
    def __init__(self):
        _Waiters.__init__(self)
        self._locked = False

    def __repr__(self):
        return self._shown('locked' if self._locked else 'unlocked')

    def locked(self):
        return self._locked

    async def acquire(self):
        if not self._locked and all([waiter.cancelled() for waiter in self._waiters]):
            self._locked = True
            return True
        future = self._new_waiter()
        try:
            try:
                await future
            finally:
                self._waiters.remove(future)
        except CancelledError:
            if not self._locked:
                self._wake_first_waiter()
            raise
        self._locked = True
        return True

    def _wake_first_waiter(self):
        if self._waiters and not self._waiters[0].done():
            self._waiters[0].set_result(True)

    def release(self):
        if not self._locked:
            raise RuntimeError('Lock is not acquired.')
        self._locked = False
        self._wake_first_waiter()


class Event(_Waiters):
    def __init__(self):
        _Waiters.__init__(self)
        self._value = False

    def __repr__(self):
        return self._shown('set' if self._value else 'unset')

    def is_set(self):
        return self._value

    def set(self):
        if not self._value:
            self._value = True
            for future in self._waiters:
                if not future.done():
                    future.set_result(True)

    def clear(self):
        self._value = False

    async def wait(self):
        if self._value:
            return True
        future = self._new_waiter()
        try:
            await future
            return True
        finally:
            self._waiters.remove(future)


class Condition(_Entered):
    def __init__(self, lock=None):
        _Waiters.__init__(self)
        self._lock = Lock() if lock is None else lock
        self.locked = self._lock.locked
        self.acquire = self._lock.acquire
        self.release = self._lock.release

    def __repr__(self):
        return self._shown('locked' if self.locked() else 'unlocked')

    async def wait(self):
        if not self.locked():
            raise RuntimeError('cannot wait on un-acquired lock')
        self.release()
        try:
            future = self._new_waiter()
            try:
                await future
                return True
            finally:
                self._waiters.remove(future)
        finally:
            cancelled = None
            while True:
                try:
                    await self.acquire()
                    break
                except CancelledError as error:
                    cancelled = error
            if cancelled is not None:
                raise cancelled

    async def wait_for(self, predicate):
        result = predicate()
        while not result:
            await self.wait()
            result = predicate()
        return result

    def notify(self, n=1):
        if not self.locked():
            raise RuntimeError('cannot notify on un-acquired lock')
        for future in self._waiters:
            if n <= 0:
                break
            if not future.done():
                future.set_result(False)
                n -= 1

    def notify_all(self):
        self.notify(len(self._waiters))


class Semaphore(_Entered):
    def __init__(self, value=1):
        if value < 0:
            raise ValueError('Semaphore initial value must be >= 0')
        _Waiters.__init__(self)
        self._value = value

    def __repr__(self):
        return self._shown('locked' if self.locked() else 'unlocked, value:%d' % self._value)

    def locked(self):
        return self._value == 0 or any([not waiter.cancelled() for waiter in self._waiters])

    async def acquire(self):
        if not self.locked():
            self._value -= 1
            return True
        future = self._new_waiter()
        try:
            try:
                await future
            finally:
                self._waiters.remove(future)
        except CancelledError:
            if not future.cancelled():
                self._value += 1
                self._wake_next()
            raise
        if self._value > 0:
            self._wake_next()
        return True

    def _wake_next(self):
        for future in self._waiters:
            if not future.done():
                self._value -= 1
                future.set_result(True)
                return

    def release(self):
        self._value += 1
        self._wake_next()


class BoundedSemaphore(Semaphore):
    def __init__(self, value=1):
        self._bound_value = value
        Semaphore.__init__(self, value)

    def release(self):
        if self._value >= self._bound_value:
            raise ValueError('BoundedSemaphore released too many times')
        Semaphore.release(self)


class Barrier:
    def __init__(self, parties):
        if parties < 1:
            raise ValueError('parties must be > 0')
        self._changed = Condition()
        self._parties = parties
        self._count = 0
        self._state = 'filling'

    @property
    def parties(self):
        return self._parties

    @property
    def n_waiting(self):
        return self._count if self._state == 'filling' else 0

    @property
    def broken(self):
        return self._state == 'broken'

    async def __aenter__(self):
        return await self.wait()

    async def __aexit__(self, exc_type, exc, tb):
        pass

    async def wait(self):
        async with self._changed:
            await self._changed.wait_for(lambda: self._state not in ('draining', 'resetting'))
            if self._state == 'broken':
                raise BrokenBarrierError('Barrier aborted')
            index = self._count
            self._count += 1
            try:
                if index + 1 == self._parties:
                    self._state = 'draining'
                    self._changed.notify_all()
                else:
                    await self._changed.wait_for(lambda: self._state != 'filling')
                    if self._state in ('broken', 'resetting'):
                        raise BrokenBarrierError('Abort or reset of barrier')
                return index
            finally:
                self._count -= 1
                if self._count == 0:
                    if self._state in ('resetting', 'draining'):
                        self._state = 'filling'
                    self._changed.notify_all()

    async def reset(self):
        async with self._changed:
            if self._count > 0:
                if self._state != 'resetting':
                    self._state = 'resetting'
            else:
                self._state = 'filling'
            self._changed.notify_all()

    async def abort(self):
        async with self._changed:
            self._state = 'broken'
            self._changed.notify_all()
