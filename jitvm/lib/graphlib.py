"""Orders of what depends on other things."""

from types import GenericAlias

__all__ = ["TopologicalSorter", "CycleError"]


class CycleError(ValueError):
    """Its second argument is the list of nodes of the cycle, the first one also at the end."""


class TopologicalSorter:
    """Nodes and what goes before them."""

    def __init__(self, graph=None):
        self._waits = {}      # node: number of predecessors not done
        self._followers = {}  # node: those that wait for it
        self._ready = None
        self._passed = 0
        self._finished = 0
        self._out = set()
        self._done = set()
        if graph is not None:
            for node, predecessors in graph.items():
                self.add(node, *predecessors)

    def _know(self, node):
        if node not in self._waits:
            self._waits[node] = 0
            self._followers[node] = []

    def add(self, node, *predecessors):
        if self._ready is not None:
            raise ValueError("Nodes cannot be added after a call to prepare()")
        self._know(node)
        self._waits[node] += len(predecessors)
        for predecessor in predecessors:
            self._know(predecessor)
            self._followers[predecessor].append(node)

    def prepare(self):
        if self._ready is not None:
            raise ValueError("cannot prepare() more than once")
        self._ready = [node for node, count in self._waits.items() if count == 0]
        cycle = self._find_cycle()
        if cycle:
            raise CycleError("nodes are in a cycle", cycle)

    def get_ready(self):
        if self._ready is None:
            raise ValueError("prepare() must be called first")
        result = tuple(self._ready)
        self._out.update(result)
        self._ready.clear()
        self._passed += len(result)
        return result

    def is_active(self):
        if self._ready is None:
            raise ValueError("prepare() must be called first")
        return self._finished < self._passed or bool(self._ready)

    def __bool__(self):
        return self.is_active()

    def done(self, *nodes):
        if self._ready is None:
            raise ValueError("prepare() must be called first")
        for node in nodes:
            if node not in self._waits:
                raise ValueError("node %r was not added using add()" % (node,))
            if node in self._done:
                raise ValueError("node %r was already marked done" % (node,))
            if node not in self._out:
                raise ValueError("node %r was not passed out (still not ready)" % (node,))
            self._done.add(node)
            for follower in self._followers[node]:
                self._waits[follower] -= 1
                if self._waits[follower] == 0:
                    self._ready.append(follower)
            self._finished += 1

    def _find_cycle(self):
        path, steps, place, seen = [], [], {}, set()
        for node in self._waits:
            if node in seen:
                continue
            while True:
                if node in seen:
                    if node in place:
                        return path[place[node]:] + [node]
                else:
                    seen.add(node)
                    steps.append(iter(self._followers[node]))
                    place[node] = len(path)
                    path.append(node)
                while path:
                    following = next(steps[-1], self)
                    if following is not self:
                        node = following
                        break
                    del place[path.pop()]
                    steps.pop()
                else:
                    break
        return None

    def static_order(self):
        self.prepare()
        while self.is_active():
            ready = self.get_ready()
            yield from ready
            self.done(*ready)

    __class_getitem__ = classmethod(GenericAlias)
