"""Exceptions of asyncio."""

TimeoutError = TimeoutError


class CancelledError(BaseException):
    """The future or task was cancelled."""


class InvalidStateError(Exception):
    """The operation does not fit the state of the future."""


class BrokenBarrierError(RuntimeError):
    """The barrier was broken by someone who did not wait to the end."""


class QueueEmpty(Exception):
    """get_nowait() of an empty queue."""


class QueueFull(Exception):
    """put_nowait() to a full queue."""
