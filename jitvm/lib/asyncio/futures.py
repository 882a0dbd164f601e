"""Future: a result that is not there yet, and who waits for it."""

from .exceptions import CancelledError, InvalidStateError

_PENDING = 'PENDING'
_CANCELLED = 'CANCELLED'
_FINISHED = 'FINISHED'


class Future:
    _asyncio_future_blocking = False

    def __init__(self, *, loop=None):
        if loop is None:
            from .events import get_event_loop
            loop = get_event_loop()
        self._loop = loop
        self._state = _PENDING
        self._value = None
        self._error = None
        self._callbacks = []
        self._cancel_message = None
        self._retrieved = False

    def __repr__(self):
        return '<%s>' % ' '.join([type(self).__name__, *self._repr_parts()])

    def _repr_parts(self):
        parts = [self._state.lower()]
        if self._state == _FINISHED:
            if self._error is not None:
                parts.append('exception=%r' % (self._error,))
            else:
                parts.append('result=%r' % (self._value,))
        return parts

    def get_loop(self):
        return self._loop

    def done(self):
        return self._state != _PENDING

    def cancelled(self):
        return self._state == _CANCELLED

    def cancel(self, msg=None):
        if self._state != _PENDING:
            return False
        self._cancel_message = msg
        self._finish(_CANCELLED)
        return True

    def _finish(self, state):
        self._state = state
        callbacks = self._callbacks
        if callbacks:
            self._callbacks = []
            call_soon = self._loop.call_soon
            for callback in callbacks:
                call_soon(callback, self)

    def _cancelled_error(self):
        if self._error is not None:
            error, self._error = self._error, None
            return error
        if self._cancel_message is None:
            return CancelledError()
        return CancelledError(self._cancel_message)

    def result(self):
        if self._state == _FINISHED:
            self._retrieved = True
            if self._error is not None:
                raise self._error
            return self._value
        if self._state == _CANCELLED:
            raise self._cancelled_error()
        raise InvalidStateError('Result is not set.')

    def exception(self):
        if self._state == _FINISHED:
            self._retrieved = True
            return self._error
        if self._state == _CANCELLED:
            raise self._cancelled_error()
        raise InvalidStateError('Exception is not set.')

    def add_done_callback(self, fn, *, context=None):
        if self._state != _PENDING:
            self._loop.call_soon(fn, self)
        else:
            self._callbacks.append(fn)

    def remove_done_callback(self, fn, /):
        kept = [callback for callback in self._callbacks if callback != fn]
        removed = len(self._callbacks) - len(kept)
        if removed:
            self._callbacks = kept
        return removed

    def set_result(self, result, /):
        if self._state != _PENDING:
            raise InvalidStateError('invalid state')
        self._value = result
        self._finish(_FINISHED)

    def set_exception(self, exception, /):
        if self._state != _PENDING:
            raise InvalidStateError('invalid state')
        if isinstance(exception, type):
            exception = exception()
        if not isinstance(exception, BaseException):
            raise TypeError('invalid exception object')
        if type(exception) is StopIteration:
            raise TypeError('StopIteration interacts badly with generators and cannot be raised into a Future')
        self._error = exception
        self._finish(_FINISHED)

    def __await__(self):
        if self._state == _PENDING:
            self._asyncio_future_blocking = True
            yield self
            if self._state == _PENDING:
                raise RuntimeError("await wasn't used with future")
        return self.result()

    __iter__ = __await__


def isfuture(obj):
    return hasattr(type(obj), '_asyncio_future_blocking') and obj._asyncio_future_blocking is not None


def wrap_future(future, *, loop=None):
    if isfuture(future):
        return future
    raise TypeError('concurrent.futures.Future is expected, got %r' % (future,))
