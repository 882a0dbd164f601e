"""Asynchronous programs on one thread: an event loop, tasks, and what they wait for. No input or output."""

from .exceptions import BrokenBarrierError, CancelledError, InvalidStateError, QueueEmpty, QueueFull, TimeoutError
from .events import (
    AbstractEventLoop, BaseEventLoop, DefaultEventLoopPolicy, Handle, SelectorEventLoop, TimerHandle,
    _get_running_loop, get_event_loop, get_event_loop_policy, get_running_loop, new_event_loop, set_event_loop,
    set_event_loop_policy)
from .futures import Future, isfuture, wrap_future
from .tasks import (
    ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, Task, all_tasks, as_completed, create_task, current_task,
    ensure_future, gather, iscoroutine, iscoroutinefunction, run_coroutine_threadsafe, shield, sleep, to_thread, wait,
    wait_for)
from .locks import Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore
from .queues import LifoQueue, PriorityQueue, Queue
from .taskgroups import TaskGroup, Timeout, timeout, timeout_at
from .runners import Runner, run

_ABSENT = ('open_connection', 'start_server', 'open_unix_connection', 'start_unix_server', 'StreamReader',
           'StreamWriter', 'create_subprocess_exec', 'create_subprocess_shell', 'subprocess', 'Protocol', 'Transport',
           'AbstractServer', 'Server')


def __getattr__(name):
    if name in _ABSENT:
        raise AttributeError("module 'asyncio' has no attribute '%s' (jitvm does not support it)" % name)
    raise AttributeError("module 'asyncio' has no attribute '%s'" % name)
