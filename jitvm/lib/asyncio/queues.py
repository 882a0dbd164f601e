"""Queues between coroutines: first in first out, by priority, last in first out."""

from . import events
from .exceptions import CancelledError, QueueEmpty, QueueFull
from .locks import Event


class Queue:
    def __init__(self, maxsize=0):
        self._maxsize = maxsize
        self._getters = []
        self._putters = []
        self._unfinished_tasks = 0
        self._finished = Event()
        self._finished.set()
        self._init(maxsize)

    def _init(self, maxsize):
        # Items before _start are gone.
        self._queue = []
        self._start = 0

    def _get(self):
        item = self._queue[self._start]
        self._queue[self._start] = None
        self._start += 1
        if self._start > 32 and self._start * 2 > len(self._queue):
            del self._queue[:self._start]
            self._start = 0
        return item

    def _put(self, item):
        self._queue.append(item)

    def __repr__(self):
        parts = ['maxsize=%r' % self._maxsize]
        if self.qsize():
            parts.append('_queue=%r' % (self._queue[getattr(self, '_start', 0):],))
        if self._getters:
            parts.append('_getters[%d]' % len(self._getters))
        if self._putters:
            parts.append('_putters[%d]' % len(self._putters))
        if self._unfinished_tasks:
            parts.append('tasks=%d' % self._unfinished_tasks)
        return '<%s at %#x %s>' % (type(self).__name__, id(self), ' '.join(parts))

    def qsize(self):
        return len(self._queue) - self._start

    @property
    def maxsize(self):
        return self._maxsize

    def empty(self):
        return self.qsize() == 0

    def full(self):
        return self._maxsize > 0 and self.qsize() >= self._maxsize

    @staticmethod
    def _wake(waiters):
        while waiters:
            waiter = waiters.pop(0)
            if not waiter.done():
                waiter.set_result(None)
                break

    async def _wait_in(self, waiters, still_blocked):
        future = events.get_running_loop().create_future()
        waiters.append(future)
        try:
            await future
        except BaseException:
            future.cancel()
            if future in waiters:
                waiters.remove(future)
            if not still_blocked() and not future.cancelled():
                self._wake(waiters)
            raise

    async def put(self, item):
        while self.full():
            await self._wait_in(self._putters, self.full)
        return self.put_nowait(item)

    def put_nowait(self, item):
        if self.full():
            raise QueueFull
        self._put(item)
        self._unfinished_tasks += 1
        self._finished.clear()
        self._wake(self._getters)

    async def get(self):
        while self.empty():
            await self._wait_in(self._getters, self.empty)
        return self.get_nowait()

    def get_nowait(self):
        if self.empty():
            raise QueueEmpty
        item = self._get()
        self._wake(self._putters)
        return item

    def task_done(self):
        if self._unfinished_tasks <= 0:
            raise ValueError('task_done() called too many times')
        self._unfinished_tasks -= 1
        if self._unfinished_tasks == 0:
            self._finished.set()

    async def join(self):
        if self._unfinished_tasks > 0:
            await self._finished.wait()


class PriorityQueue(Queue):
    def _put(self, item):
        from heapq import heappush
        heappush(self._queue, item)

    def _get(self):
        from heapq import heappop
        return heappop(self._queue)


class LifoQueue(Queue):
    def _get(self):
        return self._queue.pop()
