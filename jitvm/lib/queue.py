"""Queues that block: first in first out, by priority, last in first out. One thread fills and empties them."""

import threading as _threading


class Empty(Exception):
    """Nothing can be taken without waiting."""


class Full(Exception):
    """Nothing can be put without waiting."""


class Queue:
    def __init__(self, maxsize=0):
        self.maxsize = maxsize
        self.unfinished_tasks = 0
        self._init(maxsize)

    def _init(self, maxsize):
        # Items before _start are gone.
        self.queue = []
        self._start = 0

    def _put(self, item):
        self.queue.append(item)

    def _get(self):
        start = self._start
        item = self.queue[start]
        self.queue[start] = None
        self._start = start + 1
        if start > 32 and start * 2 > len(self.queue):
            del self.queue[:start + 1]
            self._start = 0
        return item

    def _qsize(self):
        return len(self.queue) - self._start

    def qsize(self):
        return self._qsize()

    def empty(self):
        return not self._qsize()

    def full(self):
        return 0 < self.maxsize <= self._qsize()

    def put(self, item, block=True, timeout=None):
        if block and timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        if 0 < self.maxsize <= self._qsize():
            if block:
                _threading._wait_in_vain(timeout, 'putting into a full queue')
            raise Full
        self._put(item)
        self.unfinished_tasks += 1

    def get(self, block=True, timeout=None):
        if block and timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        if not self._qsize():
            if block:
                _threading._wait_in_vain(timeout, 'getting from an empty queue')
            raise Empty
        return self._get()

    def put_nowait(self, item):
        return self.put(item, block=False)

    def get_nowait(self):
        return self.get(block=False)

    def task_done(self):
        if self.unfinished_tasks <= 0:
            raise ValueError('task_done() called too many times')
        self.unfinished_tasks -= 1

    def join(self):
        if self.unfinished_tasks:
            _threading._wait_in_vain(None, 'joining a queue with unfinished tasks')


class PriorityQueue(Queue):
    def _put(self, item):
        from heapq import heappush
        heappush(self.queue, item)

    def _get(self):
        from heapq import heappop
        return heappop(self.queue)


class LifoQueue(Queue):
    def _get(self):
        return self.queue.pop()


class SimpleQueue(Queue):
    def __init__(self):
        Queue.__init__(self)
