"""run(): a program's coroutine on a loop of its own."""

from . import events, tasks


class Runner:
    def __init__(self, *, debug=None, loop_factory=None):
        self._debug = debug
        self._factory = loop_factory
        self._loop = None
        self._state = 'created'
        self._sets_loop = False

    def __enter__(self):
        self._start()
        return self

    def __exit__(self, exc_type, exc, tb):
        self.close()

    def _start(self):
        if self._state == 'closed':
            raise RuntimeError('Runner is closed')
        if self._state == 'open':
            return
        if self._factory is None:
            self._loop = events.new_event_loop()
            if not self._sets_loop:
                events.set_event_loop(self._loop)
                self._sets_loop = True
        else:
            self._loop = self._factory()
        if self._debug is not None:
            self._loop.set_debug(self._debug)
        self._state = 'open'

    def get_loop(self):
        self._start()
        return self._loop

    def run(self, coro, *, context=None):
        if not tasks.iscoroutine(coro):
            raise ValueError('a coroutine was expected, got %r' % (coro,))
        if events._get_running_loop() is not None:
            raise RuntimeError('Runner.run() cannot be called from a running event loop')
        self._start()
        return self._loop.run_until_complete(self._loop.create_task(coro))

    def close(self):
        if self._state != 'open':
            return
        try:
            loop = self._loop
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            if self._sets_loop:
                events.set_event_loop(None)
            self._loop.close()
            self._loop = None
            self._state = 'closed'


def _cancel_all(loop):
    left = tasks.all_tasks(loop) - loop._ending
    if not left:
        return
    for task in left:
        task.cancel()
    loop.run_until_complete(tasks.gather(*left, return_exceptions=True))
    for task in left:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler({
                'message': 'unhandled exception during asyncio.run() shutdown',
                'exception': task.exception(),
                'task': task,
            })


def run(main, *, debug=None):
    if events._get_running_loop() is not None:
        raise RuntimeError('asyncio.run() cannot be called from a running event loop')
    with Runner(debug=debug) as runner:
        return runner.run(main)
