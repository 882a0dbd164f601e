"""The event loop: callbacks that are ready, callbacks for later, and which loop runs."""

import sys as _sys
import time as _time

import _jitvm

from .futures import Future

_running = None
_current = None
_policy = None


class Handle:
    __slots__ = ('_callback', '_args', '_loop', '_cancelled')

    def __init__(self, callback, args, loop, context=None):
        self._callback = callback
        self._args = args
        self._loop = loop
        self._cancelled = False

    def __repr__(self):
        state = ' cancelled' if self._cancelled else ''
        return '<%s%s %r>' % (type(self).__name__, state, self._callback)

    def cancel(self):
        self._cancelled = True
        self._callback = None
        self._args = None

    def cancelled(self):
        return self._cancelled


class TimerHandle(Handle):
    __slots__ = ('_when',)

    def __init__(self, when, callback, args, loop, context=None):
        self._callback = callback
        self._args = args
        self._loop = loop
        self._cancelled = False
        self._when = when

    def when(self):
        return self._when


class AbstractEventLoop:
    """What every event loop is an instance of."""


class BaseEventLoop(AbstractEventLoop):
    def __init__(self):
        self._ready = []
        # Timers in the order of their time; those before _first are done.
        self._timers = []
        self._first = 0
        self._stopping = False
        self._closed = False
        self._debug = False
        self._task_factory = None
        self._exception_handler = None
        self._ending = set()

    def __repr__(self):
        return '<%s running=%s closed=%s debug=%s>' % (
            type(self).__name__, self.is_running(), self._closed, self._debug)

    def time(self):
        return _time.monotonic()

    def is_running(self):
        return _running is self

    def is_closed(self):
        return self._closed

    def get_debug(self):
        return self._debug

    def set_debug(self, enabled):
        self._debug = enabled

    def create_future(self):
        return Future(loop=self)

    def set_task_factory(self, factory):
        if factory is not None and not callable(factory):
            raise TypeError('task factory must be a callable or None')
        self._task_factory = factory

    def get_task_factory(self):
        return self._task_factory

    def create_task(self, coro, *, name=None, context=None):
        if self._closed:
            raise RuntimeError('Event loop is closed')
        if self._task_factory is None:
            return _Task(coro, loop=self, name=name)
        task = self._task_factory(self, coro)
        if name is not None:
            task.set_name(name)
        return task

    def call_soon(self, callback, *args, context=None):
        if self._closed:
            raise RuntimeError('Event loop is closed')
        handle = Handle(callback, args, self)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(self, delay, callback, *args, context=None):
        if delay is None:
            raise TypeError('delay must not be None')
        return self.call_at(_time.monotonic() + delay, callback, *args)

    def call_at(self, when, callback, *args, context=None):
        if when is None:
            raise TypeError('when cannot be None')
        if self._closed:
            raise RuntimeError('Event loop is closed')
        handle = TimerHandle(when, callback, args, self)
        timers = self._timers
        low, high = self._first, len(timers)
        if low < high and timers[-1]._when <= when:
            low = high
        while low < high:
            middle = (low + high) // 2
            if timers[middle]._when <= when:
                low = middle + 1
            else:
                high = middle
        timers.insert(low, handle)
        return handle

    def _move_due_timers(self):
        timers, first = self._timers, self._first
        now = _time.monotonic()
        while first < len(timers) and (timers[first]._cancelled or timers[first]._when <= now):
            if not timers[first]._cancelled:
                self._ready.append(timers[first])
            first += 1
        if first > 64 and first * 2 > len(timers):
            del timers[:first]
            first = 0
        self._first = first

    def _run_once(self):
        if self._first < len(self._timers):
            self._move_due_timers()
            if not self._ready and not self._stopping and self._first < len(self._timers):
                wait = self._timers[self._first]._when - _time.monotonic()
                if wait > 0:
                    _time.sleep(wait)
                self._move_due_timers()
        elif not self._ready and not self._stopping:
            raise RuntimeError('nothing is left that could wake the event loop (jitvm has no other threads and no '
                               'asynchronous input)')
        batch = self._ready
        self._ready = []
        for position, handle in enumerate(batch):
            if handle._cancelled:
                continue
            try:
                handle._callback(*handle._args)
            except (SystemExit, KeyboardInterrupt):
                self._ready = batch[position + 1:] + self._ready
                raise
            except BaseException as error:
                self.call_exception_handler({
                    'message': 'Exception in callback %r' % (handle._callback,),
                    'exception': error,
                    'handle': handle,
                })

    def run_forever(self):
        global _running
        if self._closed:
            raise RuntimeError('Event loop is closed')
        if _running is self:
            raise RuntimeError('This event loop is already running')
        if _running is not None:
            raise RuntimeError('Cannot run the event loop while another loop is running')
        _running = self
        hooks = _sys.get_asyncgen_hooks()
        _sys.set_asyncgen_hooks(firstiter=self._begin_generator, finalizer=self._end_generator)
        try:
            while True:
                self._run_once()
                if self._stopping:
                    break
        finally:
            self._stopping = False
            _running = None
            _sys.set_asyncgen_hooks(*hooks)

    def run_until_complete(self, future):
        if self._closed:
            raise RuntimeError('Event loop is closed')
        if _running is not None:
            if _running is self:
                raise RuntimeError('This event loop is already running')
            raise RuntimeError('Cannot run the event loop while another loop is running')
        is_new = not isinstance(future, Future)
        future = _ensure_future(future, loop=self)
        future.add_done_callback(_stop_loop)
        try:
            self.run_forever()
        except BaseException:
            if is_new and future.done() and not future.cancelled():
                future.exception()
            raise
        finally:
            future.remove_done_callback(_stop_loop)
        if not future.done():
            raise RuntimeError('Event loop stopped before Future completed.')
        return future.result()

    def stop(self):
        self._stopping = True

    def close(self):
        if _running is self:
            raise RuntimeError('Cannot close a running event loop')
        self._closed = True
        self._ready.clear()
        self._timers.clear()
        self._first = 0

    async def shutdown_asyncgens(self):
        from . import tasks
        # Those that a collection has found end in tasks of their own.
        while self._ending:
            await tasks.gather(*self._ending, return_exceptions=True)
        left = _jitvm.take_generators(self)
        if not left:
            return
        results = await tasks.gather(*[one.aclose() for one in left], return_exceptions=True)
        for one, result in zip(left, results):
            if isinstance(result, Exception):
                self.call_exception_handler({
                    'message': 'an error occurred during closing of asynchronous generator %r' % (one,),
                    'exception': result, 'asyncgen': one})

    def _begin_generator(self, generator):
        _jitvm.note_generator(self, generator)

    def _end_generator(self, generator):
        if not self._closed:
            task = self.create_task(generator.aclose())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def shutdown_default_executor(self):
        pass

    async def run_in_executor(self, executor, func, *args):
        raise RuntimeError('jitvm has one thread: run_in_executor() is not supported')

    def set_exception_handler(self, handler):
        if handler is not None and not callable(handler):
            raise TypeError('A callable object or None is expected, got %r' % (handler,))
        self._exception_handler = handler

    def get_exception_handler(self):
        return self._exception_handler

    def default_exception_handler(self, context):
        import logging
        lines = [context.get('message') or 'Unhandled exception in event loop']
        for key in sorted(context):
            if key not in ('message', 'exception'):
                lines.append('%s: %r' % (key, context[key]))
        logging.getLogger('asyncio').error('\n'.join(lines), exc_info=context.get('exception'))

    def call_exception_handler(self, context):
        if self._exception_handler is None:
            self.default_exception_handler(context)
            return
        try:
            self._exception_handler(self, context)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self.default_exception_handler({
                'message': 'Unhandled error in exception handler',
                'exception': error,
                'context': context,
            })


def _stop_loop(future):
    if not future.cancelled():
        error = future._error
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            # It leaves run_forever() by itself.
            return
    future._loop.stop()


class SelectorEventLoop(BaseEventLoop):
    pass


_jitvm.know_noting(BaseEventLoop._begin_generator)


class DefaultEventLoopPolicy:
    def get_event_loop(self):
        global _current
        if _current is None:
            _current = SelectorEventLoop()
        return _current

    def set_event_loop(self, loop):
        global _current
        if loop is not None and not isinstance(loop, AbstractEventLoop):
            raise TypeError("loop must be an instance of AbstractEventLoop or None, not '%s'" % type(loop).__name__)
        _current = loop

    def new_event_loop(self):
        return SelectorEventLoop()


def get_event_loop_policy():
    global _policy
    if _policy is None:
        _policy = DefaultEventLoopPolicy()
    return _policy


def set_event_loop_policy(policy):
    global _policy
    _policy = policy


def new_event_loop():
    return get_event_loop_policy().new_event_loop()


def set_event_loop(loop):
    get_event_loop_policy().set_event_loop(loop)


def get_event_loop():
    if _running is not None:
        return _running
    return get_event_loop_policy().get_event_loop()


def get_running_loop():
    if _running is None:
        raise RuntimeError('no running event loop')
    return _running


def _get_running_loop():
    return _running


# Set by tasks, which needs this module.
_Task = None
_ensure_future = None
