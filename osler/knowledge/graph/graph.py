"""A knowledge graph in memory: what is said of a thing, what lies between two things, and typed path queries."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from osler.core.errors import DataError, SpecError, nearest
from osler.knowledge.graph.triple import Node, Path, Step, Triple

BACK = "~"  # before a relation: walk it from tail to head


class Graph:
    """Nodes and triples. Order is that in which they were given, and every answer keeps it: the same graph answers alike.

    A triple whose ends are no nodes is refused. The same triple from two sources stands twice, each with its provenance.
    """

    def __init__(self, nodes: Iterable[Node], triples: Iterable[Triple]) -> None:
        self.nodes: dict[str, Node] = {}
        for node in nodes:
            self.nodes.setdefault(node.id, node)
        self.triples: tuple[Triple, ...] = tuple(dict.fromkeys(triples))
        self._out: dict[str, list[Step]] = {}
        for triple in self.triples:
            for end in (triple.head, triple.tail):
                if end not in self.nodes:
                    raise DataError(f"a triple names {end!r}, which is no node of the graph", hint="give the node, too")
            self._out.setdefault(triple.head, []).append(Step(triple, True))
            self._out.setdefault(triple.tail, []).append(Step(triple, False))
        self.names = {node.id: node.name for node in self.nodes.values()}
        self.relations = tuple(dict.fromkeys(triple.relation for triple in self.triples))
        self._by_id: dict[str, Triple] = {}

    def triple(self, id: str) -> Triple | None:
        """The triple with this id, None where the graph has none."""
        if not self._by_id:
            self._by_id = {triple.id: triple for triple in self.triples}
        return self._by_id.get(id)

    def steps(self, node: str, relations: Sequence[str] = ()) -> Iterator[Step]:
        """From ``node`` one triple far, both ways; only along ``relations`` where some are given ("~is_a" is backwards)."""
        self._known(relations)
        allowed = set(relations)
        for step in self._out.get(node, ()):
            if not allowed or (step.triple.relation if step.forward else BACK + step.triple.relation) in allowed:
                yield step

    def follow(self, start: str, pattern: Sequence[str], *, most: int = 1000) -> list[Path]:
        """Paths from ``start`` whose relations are ``pattern`` in order, such as ("~has_phenotype", "same_as", "~treats").

        No thing is met twice on a path. At most ``most`` paths, in the order of the graph.
        """
        self._known(pattern)
        found: list[Path] = []

        def walk(path: Path, at: str, met: frozenset[str]) -> None:
            if len(path) == len(pattern):
                found.append(path)
                return
            for step in self.steps(at, (pattern[len(path)],)):
                if step.end not in met and len(found) < most:
                    walk((*path, step), step.end, met | {step.end})

        if start in self.nodes and pattern:
            walk((), start, frozenset({start}))
        return found[:most]

    def paths(
        self,
        start: str,
        end: str,
        *,
        longest: int = 3,
        relations: Sequence[str] = (),
        most: int = 10,
        crowd: int = 2000,
    ) -> list[Path]:
        """Paths of up to ``longest`` triples between two things, the shortest first, no thing met twice.

        ``relations`` bounds what may be walked, either way unless "~" is written. ``crowd``: things with more neighbours
        are not walked through (they join everything with everything), but may be an end.
        """
        allowed = tuple(dict.fromkeys(each for name in relations for each in _both(name)))
        self._known(allowed)
        if start == end or start not in self.nodes or end not in self.nodes:
            return []
        far = self._distances(end, allowed, longest - 1, crowd)  # the first step is taken from the start
        found: list[Path] = []
        queue: deque[tuple[Path, str, frozenset[str]]] = deque([((), start, frozenset({start}))])
        while queue and len(found) < most:
            path, at, met = queue.popleft()
            for step in self.steps(at, allowed):
                left = longest - len(path) - 1
                if step.end in met or far.get(step.end, longest + 1) > left:
                    continue
                if step.end == end:
                    found.append((*path, step))
                else:
                    queue.append(((*path, step), step.end, met | {step.end}))
        return found[:most]

    def ancestors(self, node: str, relation: str = "is_a") -> tuple[str, ...]:
        """What ``node`` is a kind of, the nearest first, each once."""
        found: dict[str, None] = {}
        queue = deque([node])
        while queue:
            for step in self.steps(queue.popleft(), (relation,)):
                if step.end not in found and step.end != node:
                    found[step.end] = None
                    queue.append(step.end)
        return tuple(found)

    def _distances(self, end: str, allowed: Sequence[str], longest: int, crowd: int) -> dict[str, int]:
        """Fewest steps to ``end`` for everything within reach, so that a search for paths never walks astray."""
        turned = tuple(name[1:] if name.startswith(BACK) else BACK + name for name in allowed)
        far, queue = {end: 0}, deque([end])
        while queue:
            at = queue.popleft()
            if far[at] >= longest or (at != end and len(self._out.get(at, ())) > crowd):
                continue
            for step in self.steps(at, turned):
                if step.end not in far:
                    far[step.end] = far[at] + 1
                    queue.append(step.end)
        return {node: steps for node, steps in far.items() if node == end or len(self._out.get(node, ())) <= crowd}

    def _known(self, relations: Sequence[str]) -> None:
        for name in relations:
            if name.removeprefix(BACK) not in self.relations:
                raise SpecError(
                    f"the graph has no relation {name.removeprefix(BACK)!r}",
                    hint=nearest(name.removeprefix(BACK), self.relations),
                )


def _both(name: str) -> tuple[str, ...]:
    return (name,) if name.startswith(BACK) else (name, BACK + name)
