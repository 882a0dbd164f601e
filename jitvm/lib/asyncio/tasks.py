"""Task: a coroutine that the event loop drives; waiting for several of them."""

import sys as _sys
import time as _time

from . import events
from .exceptions import CancelledError, InvalidStateError, TimeoutError
from .futures import _FINISHED, _PENDING, Future, isfuture

FIRST_COMPLETED = 'FIRST_COMPLETED'
FIRST_EXCEPTION = 'FIRST_EXCEPTION'
ALL_COMPLETED = 'ALL_COMPLETED'

_count = 0
_alive = {}
_current_tasks = {}


async def _sample():
    pass

_sample_coroutine = _sample()
_Coroutine = type(_sample_coroutine)
_sample_coroutine.close()
del _sample_coroutine, _sample


def iscoroutine(obj):
    if isinstance(obj, _Coroutine):
        return True
    kind = type(obj)
    return hasattr(kind, 'send') and hasattr(kind, 'throw') and hasattr(kind, 'close') and hasattr(kind, '__await__')


def iscoroutinefunction(func):
    from inspect import iscoroutinefunction
    return iscoroutinefunction(func)


class Task(Future):
    def __init__(self, coro, *, loop=None, name=None, context=None):
        global _count
        if not iscoroutine(coro):
            raise TypeError('a coroutine was expected, got %r' % (coro,))
        if loop is None:
            loop = events.get_event_loop()
        self._loop = loop
        self._state = _PENDING
        self._value = None
        self._error = None
        self._callbacks = []
        self._cancel_message = None
        self._retrieved = False
        _count += 1
        self._name = 'Task-%d' % _count if name is None else str(name)
        self._coro = coro
        self._waits_for = None
        self._must_cancel = False
        self._cancels = 0
        if context is None and 'contextvars' in _sys.modules:
            # Before that is imported there are no variables.
            context = _sys.modules['contextvars'].copy_context()
        self._context = context
        _alive[id(self)] = self
        loop.call_soon(self._step)

    def _repr_parts(self):
        parts = Future._repr_parts(self)
        if self._state == _PENDING and self._cancels:
            parts[0] = 'cancelling'
        name = getattr(self._coro, '__qualname__', type(self._coro).__name__)
        return [parts[0], 'name=%r' % self._name, 'coro=<%s()>' % name, *parts[1:]]

    def get_coro(self):
        return self._coro

    def get_name(self):
        return self._name

    def set_name(self, value):
        self._name = str(value)

    def set_result(self, result, /):
        raise RuntimeError('Task does not support set_result operation')

    def set_exception(self, exception, /):
        raise RuntimeError('Task does not support set_exception operation')

    def cancel(self, msg=None):
        if self._state != _PENDING:
            return False
        self._cancels += 1
        if self._waits_for is not None and self._waits_for.cancel(msg=msg):
            return True
        self._must_cancel = True
        self._cancel_message = msg
        return True

    def cancelling(self):
        return self._cancels

    def uncancel(self):
        if self._cancels > 0:
            self._cancels -= 1
        return self._cancels

    def _finish(self, state):
        _alive.pop(id(self), None)
        self._waits_for = None
        Future._finish(self, state)

    def _fail(self, error):
        self._error = error
        self._finish(_FINISHED)

    def _step(self, error=None):
        if self._state != _PENDING:
            raise InvalidStateError('_step(): already done: %r' % (self,))
        if self._must_cancel:
            if not isinstance(error, CancelledError):
                error = self._cancelled_error()
            self._must_cancel = False
        loop = self._loop
        self._waits_for = None
        _current_tasks[loop] = self
        try:
            context = self._context
            if context is not None:
                awaited = context.run(self._coro.send, None) if error is None else context.run(self._coro.throw, error)
            elif error is None:
                awaited = self._coro.send(None)
            else:
                awaited = self._coro.throw(error)
        except StopIteration as stop:
            if self._must_cancel:
                self._must_cancel = False
                Future.cancel(self, self._cancel_message)
            else:
                self._value = stop.value
                self._finish(_FINISHED)
        except CancelledError as cancelled:
            self._error = cancelled
            Future.cancel(self)
        except (KeyboardInterrupt, SystemExit) as ending:
            self._fail(ending)
            raise
        except BaseException as failure:
            self._fail(failure)
        else:
            self._wait_for(awaited)
        finally:
            _current_tasks[loop] = None

    def _wait_for(self, awaited):
        loop = self._loop
        if awaited is None:
            loop.call_soon(self._step)
        elif getattr(awaited, '_asyncio_future_blocking', None):
            if awaited is self:
                loop.call_soon(self._step, RuntimeError('Task cannot await on itself: %r' % (self,)))
            elif awaited._loop is not loop:
                loop.call_soon(self._step, RuntimeError(
                    'Task %r got Future %r attached to a different loop' % (self, awaited)))
            else:
                awaited._asyncio_future_blocking = False
                awaited.add_done_callback(self._wake)
                self._waits_for = awaited
                if self._must_cancel and awaited.cancel(msg=self._cancel_message):
                    self._must_cancel = False
        elif isfuture(awaited):
            loop.call_soon(self._step, RuntimeError(
                'yield was used instead of yield from in task %r with %r' % (self, awaited)))
        else:
            loop.call_soon(self._step, RuntimeError('Task got bad yield: %r' % (awaited,)))

    def _wake(self, future):
        if future._state == _FINISHED and future._error is None:
            self._step()
            return
        try:
            future.result()
        except BaseException as error:
            self._step(error)
        else:
            self._step()


def create_task(coro, *, name=None, context=None):
    return events.get_running_loop().create_task(coro, name=name)


def current_task(loop=None):
    if loop is None:
        loop = events.get_running_loop()
    return _current_tasks.get(loop)


def all_tasks(loop=None):
    if loop is None:
        loop = events.get_running_loop()
    return {task for task in list(_alive.values()) if task._loop is loop and not task.done()}


def _awaits(awaitable):
    """A coroutine of any awaitable object."""
    async def wait():
        return await awaitable
    return wait()


def ensure_future(coro_or_future, *, loop=None):
    if isfuture(coro_or_future):
        if loop is not None and loop is not coro_or_future._loop:
            raise ValueError('The future belongs to a different loop than the one specified as the loop argument')
        return coro_or_future
    if not iscoroutine(coro_or_future):
        if not hasattr(type(coro_or_future), '__await__'):
            raise TypeError('An asyncio.Future, a coroutine or an awaitable is required')
        coro_or_future = _awaits(coro_or_future)
    if loop is None:
        loop = events.get_event_loop()
    return loop.create_task(coro_or_future)


class _Yield:
    """Lets the other callbacks run once."""

    def __await__(self):
        yield


def _wake_with(future, result):
    if not future.done():
        future.set_result(result)


async def sleep(delay, result=None):
    if delay <= 0:
        await _Yield()
        return result
    loop = events.get_running_loop()
    future = loop.create_future()
    handle = loop.call_later(delay, _wake_with, future, result)
    try:
        return await future
    finally:
        handle.cancel()


class _Gathering(Future):
    """The future of gather(): cancelling it cancels what it gathers."""

    def __init__(self, children, loop):
        Future.__init__(self, loop=loop)
        self._children = children
        self._was_cancelled = False

    def cancel(self, msg=None):
        if self.done():
            return False
        any_cancelled = False
        for child in self._children:
            if child.cancel(msg=msg):
                any_cancelled = True
        if any_cancelled:
            self._was_cancelled = True
        return any_cancelled


def gather(*coros_or_futures, return_exceptions=False):
    if not coros_or_futures:
        future = events.get_event_loop().create_future()
        future.set_result([])
        return future
    loop = None
    seen = {}
    children = []
    for argument in coros_or_futures:
        child = seen.get(id(argument))
        if child is None:
            child = ensure_future(argument, loop=loop)
            if loop is None:
                loop = child._loop
            seen[id(argument)] = child
        children.append(child)
    distinct = list(seen.values())
    outer = _Gathering(distinct, loop)
    missing = len(distinct)

    def done(child):
        nonlocal missing
        missing -= 1
        if outer.done():
            if not child.cancelled():
                child.exception()
            return
        if not return_exceptions:
            if child.cancelled():
                outer.set_exception(child._cancelled_error())
                return
            if child._error is not None:
                outer.set_exception(child.exception())
                return
        if missing == 0:
            results = []
            for one in children:
                if one.cancelled():
                    message = one._cancel_message
                    results.append(CancelledError('' if message is None else message))
                elif one._error is not None:
                    results.append(one._error)
                else:
                    results.append(one._value)
            if outer._was_cancelled:
                outer.set_exception(children[-1]._cancelled_error())
            else:
                outer.set_result(results)

    for child in distinct:
        child.add_done_callback(done)
    return outer


async def _wait(futures, timeout, return_when, loop):
    waiter = loop.create_future()
    handle = None
    if timeout is not None:
        handle = loop.call_later(timeout, _wake_with, waiter, None)
    missing = len(futures)

    def done(future):
        nonlocal missing
        missing -= 1
        if (missing <= 0 or return_when == FIRST_COMPLETED
                or return_when == FIRST_EXCEPTION and not future.cancelled() and future.exception() is not None):
            if handle is not None:
                handle.cancel()
            _wake_with(waiter, None)

    for future in futures:
        future.add_done_callback(done)
    try:
        await waiter
    finally:
        if handle is not None:
            handle.cancel()
        for future in futures:
            future.remove_done_callback(done)
    finished, pending = set(), set()
    for future in futures:
        (finished if future.done() else pending).add(future)
    return finished, pending


async def wait(fs, *, timeout=None, return_when=ALL_COMPLETED):
    if isfuture(fs) or iscoroutine(fs):
        raise TypeError('expect a list of futures, not %s' % type(fs).__name__)
    if not fs:
        raise ValueError('Set of Tasks/Futures is empty.')
    if return_when not in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
        raise ValueError('Invalid return_when value: %s' % return_when)
    fs = set(fs)
    for future in fs:
        if iscoroutine(future):
            raise TypeError('Passing coroutines is forbidden, use tasks explicitly.')
    done = all_done = 0
    for future in fs:
        all_done += 1
        if future.done():
            done += 1
    if done == all_done:
        return fs, set()
    if return_when == FIRST_COMPLETED and done:
        return {f for f in fs if f.done()}, {f for f in fs if not f.done()}
    if return_when == FIRST_EXCEPTION:
        for future in fs:
            if future.done() and not future.cancelled() and future.exception() is not None:
                return {f for f in fs if f.done()}, {f for f in fs if not f.done()}
    loop = events.get_running_loop()
    open_ones = {f for f in fs if not f.done()}
    finished, pending = await _wait(open_ones, timeout, return_when, loop)
    return (fs - open_ones) | finished, pending


async def wait_for(fut, timeout):
    loop = events.get_running_loop()
    if timeout is None:
        return await fut
    if timeout <= 0:
        fut = ensure_future(fut, loop=loop)
        if fut.done():
            return fut.result()
        await _cancel_and_wait(fut, loop)
        try:
            return fut.result()
        except CancelledError as cancelled:
            raise TimeoutError() from cancelled
    waiter = loop.create_future()
    handle = loop.call_later(timeout, _wake_with, waiter, None)

    def done(_):
        _wake_with(waiter, None)

    fut = ensure_future(fut, loop=loop)
    fut.add_done_callback(done)
    try:
        try:
            await waiter
        except CancelledError:
            if fut.done():
                return fut.result()
            fut.remove_done_callback(done)
            await _cancel_and_wait(fut, loop)
            raise
        if fut.done():
            return fut.result()
        fut.remove_done_callback(done)
        await _cancel_and_wait(fut, loop)
        try:
            return fut.result()
        except CancelledError as cancelled:
            raise TimeoutError() from cancelled
    finally:
        handle.cancel()


async def _cancel_and_wait(future, loop):
    waiter = loop.create_future()

    def done(_):
        _wake_with(waiter, None)

    future.add_done_callback(done)
    try:
        future.cancel()
        await waiter
    finally:
        future.remove_done_callback(done)


def as_completed(fs, *, timeout=None):
    if isfuture(fs) or iscoroutine(fs):
        raise TypeError('expect an iterable of futures, not %s' % type(fs).__name__)
    from .queues import Queue
    loop = events.get_event_loop()
    queue = Queue()
    todo = {ensure_future(future, loop=loop) for future in set(fs)}
    handle = None

    def out_of_time():
        for future in todo:
            future.remove_done_callback(done)
            queue.put_nowait(None)
        todo.clear()

    def done(future):
        if not todo:
            return
        todo.remove(future)
        queue.put_nowait(future)
        if not todo and handle is not None:
            handle.cancel()

    async def next_one():
        future = await queue.get()
        if future is None:
            raise TimeoutError
        return future.result()

    for future in todo:
        future.add_done_callback(done)
    if todo and timeout is not None:
        handle = loop.call_later(timeout, out_of_time)
    for _ in range(len(todo)):
        yield next_one()


def shield(arg):
    inner = ensure_future(arg)
    if inner.done():
        return inner
    outer = inner._loop.create_future()

    def inner_done(inner):
        if outer.cancelled():
            if not inner.cancelled():
                inner.exception()
        elif inner.cancelled():
            outer.cancel()
        elif inner.exception() is not None:
            outer.set_exception(inner.exception())
        else:
            outer.set_result(inner.result())

    def outer_done(_):
        if not inner.done():
            inner.remove_done_callback(inner_done)

    inner.add_done_callback(inner_done)
    outer.add_done_callback(outer_done)
    return outer


def run_coroutine_threadsafe(coro, loop):
    raise RuntimeError('jitvm has one thread: run_coroutine_threadsafe() is not supported')


async def to_thread(func, /, *args, **kwargs):
    raise RuntimeError('jitvm has one thread: to_thread() is not supported')


events._Task = Task
events._ensure_future = ensure_future
