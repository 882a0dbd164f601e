"""Locks and the one thread there is: jitvm starts no others, but programs that only guard data run unchanged."""

import time as _time

TIMEOUT_MAX = 9223372036.0

_ONE_THREAD = 'jitvm has one thread: %s'


ThreadError = RuntimeError


def _wait_in_vain(timeout, what):
    """Waits for what only another thread could do: until the timeout, or for ever, which is an error here."""
    if timeout is None or timeout < 0:
        raise RuntimeError(_ONE_THREAD % (what + ' would wait for ever'))
    _time.sleep(timeout)


class lock:
    __slots__ = ('_held',)

    def __init__(self):
        self._held = False

    def __repr__(self):
        return '<%s _thread.lock object at %#x>' % ('locked' if self._held else 'unlocked', id(self))

    def acquire(self, blocking=True, timeout=-1):
        if not self._held:
            if not blocking and timeout != -1:
                raise ValueError("can't specify a timeout for a non-blocking call")
            self._held = True
            return True
        if not blocking:
            if timeout != -1:
                raise ValueError("can't specify a timeout for a non-blocking call")
            return False
        if timeout < 0 and timeout != -1:
            raise ValueError('timeout value must be a non-negative number')
        _wait_in_vain(timeout, 'acquiring a held lock')
        return False

    def release(self):
        if not self._held:
            raise RuntimeError('release unlocked lock')
        self._held = False

    def locked(self):
        return self._held

    def __enter__(self):
        if self._held:
            _wait_in_vain(None, 'acquiring a held lock')
        self._held = True
        return True

    def __exit__(self, exc_type, exc, tb):
        self.release()


def Lock():
    return lock()


_allocate_lock = Lock


class _RLock:
    __slots__ = ('_count',)

    def __init__(self):
        self._count = 0

    def __repr__(self):
        return '<%s _thread.RLock object owner=%d count=%d at %#x>' % (
            'locked' if self._count else 'unlocked', get_ident() if self._count else 0, self._count, id(self))

    def acquire(self, blocking=True, timeout=-1):
        self._count += 1
        return True

    def release(self):
        if self._count == 0:
            raise RuntimeError('cannot release un-acquired lock')
        self._count -= 1

    def __enter__(self):
        self._count += 1
        return True

    def __exit__(self, exc_type, exc, tb):
        self.release()

    def _is_owned(self):
        return self._count > 0


def RLock():
    return _RLock()


class Condition:
    def __init__(self, lock=None):
        if lock is None:
            lock = RLock()
        self._lock = lock
        self.acquire = lock.acquire
        self.release = lock.release

    def __repr__(self):
        return '<Condition(%s, 0)>' % (self._lock,)

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, exc_type, exc, tb):
        return self._lock.__exit__(exc_type, exc, tb)

    def _is_owned(self):
        return self._lock._is_owned() if isinstance(self._lock, _RLock) else self._lock.locked()

    def wait(self, timeout=None):
        if not self._is_owned():
            raise RuntimeError('cannot wait on un-acquired lock')
        _wait_in_vain(timeout, 'waiting on a condition')
        return False

    def wait_for(self, predicate, timeout=None):
        result = predicate()
        if not result:
            self.wait(timeout)
            result = predicate()
        return result

    def notify(self, n=1):
        if not self._is_owned():
            raise RuntimeError('cannot notify on un-acquired lock')

    def notify_all(self):
        self.notify()

    notifyAll = notify_all


class Semaphore:
    def __init__(self, value=1):
        if value < 0:
            raise ValueError('semaphore initial value must be >= 0')
        self._value = value

    def __repr__(self):
        return '<threading.%s at %#x: value=%d>' % (type(self).__name__, id(self), self._value)

    def acquire(self, blocking=True, timeout=None):
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        if self._value > 0:
            self._value -= 1
            return True
        if blocking:
            _wait_in_vain(timeout, 'acquiring a used-up semaphore')
        return False

    def release(self, n=1):
        if n < 1:
            raise ValueError('n must be one or more')
        self._value += n

    def __enter__(self):
        return self.acquire()

    def __exit__(self, exc_type, exc, tb):
        self.release()


class BoundedSemaphore(Semaphore):
    def __init__(self, value=1):
        Semaphore.__init__(self, value)
        self._initial_value = value

    def __repr__(self):
        return '<threading.%s at %#x: value=%d/%d>' % (type(self).__name__, id(self), self._value, self._initial_value)

    def release(self, n=1):
        if n < 1:
            raise ValueError('n must be one or more')
        if self._value + n > self._initial_value:
            raise ValueError('Semaphore released too many times')
        self._value += n


class Event:
    def __init__(self):
        self._flag = False

    def __repr__(self):
        return '<threading.Event at %#x: %s>' % (id(self), 'set' if self._flag else 'unset')

    def is_set(self):
        return self._flag

    isSet = is_set

    def set(self):
        self._flag = True

    def clear(self):
        self._flag = False

    def wait(self, timeout=None):
        if not self._flag:
            _wait_in_vain(timeout, 'waiting for an event')
        return self._flag


class BrokenBarrierError(RuntimeError):
    """The barrier was broken by someone who did not wait to the end."""


class Barrier:
    def __init__(self, parties, action=None, timeout=None):
        self._parties = parties
        self._action = action
        self._timeout = timeout
        self.broken = False

    @property
    def parties(self):
        return self._parties

    n_waiting = 0

    def __repr__(self):
        state = 'broken' if self.broken else f'waiters={self.n_waiting}/{self._parties}'
        return f'<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}: {state}>'

    def wait(self, timeout=None):
        if self.broken:
            raise BrokenBarrierError
        if self._parties > 1:
            _wait_in_vain(self._timeout if timeout is None else timeout, 'waiting at a barrier')
            self.broken = True
            raise BrokenBarrierError
        if self._action is not None:
            self._action()
        return 0

    def reset(self):
        self.broken = False

    def abort(self):
        self.broken = True


class local:
    """Attributes of each thread: of the one thread."""

    def __new__(cls, /, *args, **kwargs):
        if (args or kwargs) and cls.__init__ is object.__init__:
            raise TypeError('Initialization arguments are not supported')
        return object.__new__(cls)


_names = 0


class Thread:
    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        global _names
        if group is not None:
            raise AssertionError('group argument must be None for now')
        if name is None:
            _names += 1
            name = 'Thread-%d' % _names
            target_name = getattr(target, '__name__', None)
            if target_name is not None:
                name += ' (%s)' % target_name
        self._name = str(name)
        self._target = target
        self._args = args
        self._kwargs = {} if kwargs is None else kwargs
        self._daemonic = bool(daemon)
        self._ident = None

    def __repr__(self):
        state = 'initial' if self._ident is None else 'started'
        if self._daemonic:
            state += ' daemon'
        if self._ident is not None:
            state += ' %s' % self._ident
        return '<%s(%s, %s)>' % (type(self).__name__, self._name, state)

    def start(self):
        if self._ident is not None:
            raise RuntimeError('threads can only be started once')
        raise RuntimeError("can't start new thread: jitvm has one thread")

    def run(self):
        try:
            if self._target is not None:
                self._target(*self._args, **self._kwargs)
        finally:
            del self._target, self._args, self._kwargs

    def join(self, timeout=None):
        if self._ident is None:
            raise RuntimeError('cannot join thread before it is started')
        if self is current_thread():
            raise RuntimeError('cannot join current thread')

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, name):
        self._name = str(name)

    def getName(self):
        return self._name

    def setName(self, name):
        self._name = str(name)

    @property
    def ident(self):
        return self._ident

    native_id = ident

    @property
    def daemon(self):
        return self._daemonic

    @daemon.setter
    def daemon(self, daemonic):
        if self._ident is not None:
            raise RuntimeError('cannot set daemon status of active thread')
        self._daemonic = daemonic

    def is_alive(self):
        return self._ident is not None


class Timer(Thread):
    def __init__(self, interval, function, args=None, kwargs=None):
        Thread.__init__(self)
        self.interval = interval
        self.function = function
        self.args = [] if args is None else args
        self.kwargs = {} if kwargs is None else kwargs
        self.finished = Event()

    def cancel(self):
        self.finished.set()

    def run(self):
        self.finished.wait(self.interval)
        if not self.finished.is_set():
            self.function(*self.args, **self.kwargs)
        self.finished.set()


class _MainThread(Thread):
    def __init__(self):
        Thread.__init__(self, name='MainThread', daemon=False)
        self._ident = id(self)


_main_thread = _MainThread()


def current_thread():
    return _main_thread


currentThread = current_thread


def main_thread():
    return _main_thread


def get_ident():
    return _main_thread._ident


get_native_id = get_ident


def active_count():
    return 1


def enumerate():
    return [_main_thread]


def stack_size(size=0):
    return 0
