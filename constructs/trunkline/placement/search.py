"""The best choices of one option per site, exactly, where every pair of sites has a cost.

Branch and bound. The lower bound of a partial choice is the cost of its options, plus for each
other site that of its cheapest option given that choice. Before the search, costs of pairs are
moved into costs of single options by dual ascent (max-product linear programming: Globerson and
Jaakkola, "Fixing Max-Product", NIPS 2007). That changes no total and makes the bound tight. The
next site to branch on is always the one whose options differ most.

Costs are integers, so that totals are exact and equal totals are equal. Python's integers have no
limit: one number holds several figures, the more important ones in higher digits.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from operator import add
from typing import TypeVar

from attrs import define, field, frozen

Rows = list[list[int]]
PairCosts = Mapping[tuple[int, int], Rows]
"""For sites (i, j), i < j: rows of options of i, columns of j. A missing pair costs nothing."""

Key = tuple[int, int, int]
Choice = tuple[int, ...]

NEVER = 1 << 1024
MOST_STEPS = 2_400_000
"""The limit of steps times sites, about 15 s. The search of 8 sites of 24 zones takes 150,000."""


@frozen
class Costs:
    """The cost of a choice: three numbers, compared in order.

    `summed` is added up over pairs, `single` over options. Of `worst` the largest over all pairs
    counts; it ranks after the digits of the sum from bit `split` on, and before those below.
    """

    summed: PairCosts
    single: list[list[int]]
    worst: PairCosts = field(factory=dict)
    split: int = 0

    def key(self, total: int, worst: int) -> Key:
        """The three numbers of a choice; a lower bound if both arguments are lower bounds."""
        return total >> self.split, worst, total & ((1 << self.split) - 1)


@frozen
class SearchResult:
    """The best choices in order; `exact` is False if the search ended at its limit of steps."""

    choices: list[Choice]
    exact: bool


def best_choices(costs: Costs, count: int, most_steps: int | None = None) -> SearchResult:
    """The `count` best choices, or all if there are fewer."""
    most_steps = most_steps or MOST_STEPS // len(costs.single)
    search = _Search(costs, count, most_steps)
    search.guess()
    search.tighten()
    search.run()
    choices = [choice for _, choice in search.found]
    return SearchResult(choices, exact=search.steps <= most_steps)


@define
class _Node:
    """A partial choice: the sites that are left, and the cost of each of their options.

    Not frozen: attrs takes twice as long to make a frozen instance, and the search makes many.
    """

    total: int
    worst: int
    bound: int
    sites: Sequence[int]
    sums: list[list[int]]
    least: list[int]
    worsts: list[list[int]]
    chosen: tuple[tuple[int, int], ...]


@frozen
class _Rest:
    """What the children of a node share: the sites left after them, and their costs."""

    sites: Sequence[int]
    sums: list[list[int]]
    least: list[int]
    rows: list[Rows]
    worsts: list[list[int]]
    worst_rows: list[Rows]


class _Search:
    def __init__(self, costs: Costs, count: int, most_steps: int) -> None:
        self.costs = costs
        self.single = [list(options) for options in costs.single]
        self.summed = _both_ways(costs.summed, self.single)
        self.worst = _both_ways(costs.worst, self.single) if costs.worst else {}
        self.count = count
        self.most_steps = most_steps
        self.steps = 0
        self.found: list[tuple[Key, Choice]] = []
        self.limit: Key = (NEVER, 0, 0)

    # Good choices to start with: they rule out many others.

    def guess(self) -> None:
        """Local search from some random choices, one site at a time."""
        generator = random.Random(0)  # noqa: S311  the same choices in every run
        sites = len(self.single)
        for _ in range(max(1, min(5 * sites, 320 // sites))):
            choice = [generator.randrange(len(options)) for options in self.single]
            while sum(self._improve(choice, site) for site in range(sites)):
                pass

    def _improve(self, choice: list[int], site: int) -> bool:
        """Give `site` its best option, and return whether that is a change."""
        others = [other for other in range(len(choice)) if other != site]
        sums, worsts = list(self.single[site]), [0] * len(self.single[site])
        for other in others:
            sums = list(map(add, sums, self.summed[other, site][choice[other]]))
            if self.worst:
                worsts = list(map(max, worsts, self.worst[other, site][choice[other]]))
        total, worst = self._cost_of(choice, others)
        keys = [
            self.costs.key(total + more, max(worst, other))
            for more, other in zip(sums, worsts, strict=True)
        ]
        best = min(range(len(keys)), key=keys.__getitem__)
        changed, choice[site] = keys[best] < keys[choice[site]], best
        for option, key in enumerate(keys):
            if key < self.limit:
                self._record(key, (*choice[:site], option, *choice[site + 1 :]))
        return changed

    def _cost_of(self, choice: Sequence[int], sites: Sequence[int]) -> tuple[int, int]:
        pairs = [(a, b) for i, a in enumerate(sites) for b in sites[i + 1 :]]
        total = sum(self.single[site][choice[site]] for site in sites)
        total += sum(self.summed[a, b][choice[a]][choice[b]] for a, b in pairs)
        if not self.worst:
            return total, 0
        return total, max((self.worst[a, b][choice[a]][choice[b]] for a, b in pairs), default=0)

    def _record(self, key: Key, choice: Choice) -> None:
        if (key, choice) not in self.found:
            self.found = sorted([*self.found, (key, choice)])[: self.count]
            if len(self.found) == self.count:
                self.limit = self.found[-1][0]

    # A tight bound.

    def tighten(self) -> None:
        """Move costs of pairs to their options, half to each side, until little changes."""
        sites = range(len(self.single))
        for _ in range(max(1, 100 // len(self.single))):
            for i in sites:
                for j in sites[i + 1 :]:
                    self._balance(i, j)

    def _balance(self, i: int, j: int) -> None:
        right = self.single[j]
        rows = [
            [cost + mine + other for cost, other in zip(row, right, strict=True)]
            for row, mine in zip(self.summed[i, j], self.single[i], strict=True)
        ]
        left = [min(row) // 2 for row in rows]
        right = [least - least // 2 for least in map(min, zip(*rows, strict=True))]
        rows = [
            [cost - mine - other for cost, other in zip(row, right, strict=True)]
            for row, mine in zip(rows, left, strict=True)
        ]
        self.single[i], self.single[j] = left, right
        self.summed[i, j], self.summed[j, i] = rows, _transposed(rows)

    # The search.

    def run(self) -> None:
        """Visit every choice that no bound rules out."""
        worsts = [[0] * len(options) for options in self.single] if self.worst else []
        least = [min(options) for options in self.single]
        sites = tuple(range(len(self.single)))
        self._walk(_Node(0, 0, sum(least), sites, self.single, least, worsts, ()))

    def _walk(self, node: _Node) -> None:
        self.steps += 1
        if len(node.sites) == 1:
            self._end(node)
            return
        for key, child in sorted(self._children(node), key=lambda each: each[0]):
            if key >= self.limit or self.steps > self.most_steps:
                break
            self._walk(child)

    def _end(self, node: _Node) -> None:
        """Complete the choice with each option of the last site, and record the good ones."""
        ((site,), (sums,)) = node.sites, node.sums
        worsts = node.worsts[0] if self.worst else [0] * len(sums)
        for option, (more, worst) in enumerate(zip(sums, worsts, strict=True)):
            key = self.costs.key(node.total + more, max(node.worst, worst))
            if key < self.limit:
                chosen = sorted((*node.chosen, (site, option)))
                self._record(key, tuple(choice for _, choice in chosen))

    def _children(self, node: _Node) -> list[tuple[Key, _Node]]:
        index = self._widest(node)
        site, left = node.sites[index], _without(node.sites, index)
        pairs = [(site, other) for other in left]
        rest = _Rest(
            left,
            _without(node.sums, index),
            _without(node.least, index),
            [self.summed[pair] for pair in pairs],
            _without(node.worsts, index),
            [self.worst[pair] for pair in pairs] if self.worst else [],
        )
        make = self._child_by_worst if self.worst else self._child
        most = self._slack(node) + node.least[index]
        options = [option for option, cost in enumerate(node.sums[index]) if cost < most]
        children = [make(node, index, option, rest) for option in options]
        return [child for child in children if child]

    def _widest(self, node: _Node) -> int:
        """The position of the site whose options differ most in cost: it rules out most choices."""
        spreads = [
            sum(sums) - len(sums) * least for least, sums in zip(node.least, node.sums, strict=True)
        ]
        return spreads.index(max(spreads))

    def _slack(self, node: _Node) -> int:
        """By how much an option may cost more than the cheapest one of its site."""
        first = self.limit[0] if not self.worst else self.limit[0] + 1
        return (first << self.costs.split) - node.bound

    def _child(self, node: _Node, index: int, option: int, rest: _Rest) -> tuple[Key, _Node] | None:
        """The child node with that option, and its bound; None if it cannot be among the best.

        For sums alone, and fast: most of the time is spent here.
        """
        cost, limit = node.sums[index][option], self.limit[0]
        bound = node.bound - node.least[index] + cost
        sums, least = [], []
        for before, lowest, rows in zip(rest.sums, rest.least, rest.rows, strict=True):
            if bound >= limit:
                return None
            now = list(map(add, before, rows[option]))
            low = min(now)
            bound += low - lowest
            sums.append(now)
            least.append(low)
        if bound >= limit:
            return None
        chosen = (*node.chosen, (node.sites[index], option))
        child = _Node(node.total + cost, 0, bound, rest.sites, sums, least, [], chosen)
        return (bound, 0, 0), child

    def _child_by_worst(
        self, node: _Node, index: int, option: int, rest: _Rest
    ) -> tuple[Key, _Node] | None:
        """The same if the worst pair counts.

        An option of another site that would exceed the limit costs NEVER.
        """
        cost = node.sums[index][option]
        bound = node.bound - node.least[index] + cost
        worst = lowest_worst = max(node.worst, node.worsts[index][option])
        key, sums, worsts = self.costs.key(bound, worst), [], []
        for number, before in enumerate(rest.sums):
            if key >= self.limit:
                return None
            worsts.append(list(map(max, rest.worsts[number], rest.worst_rows[number][option])))
            now = list(map(add, before, rest.rows[number][option]))
            sums.append(self._without_worse(now, worsts[-1], key))
            bound += min(sums[-1]) - rest.least[number]
            lowest_worst = max(lowest_worst, min(worsts[-1]))
            key = self.costs.key(bound, lowest_worst)
        if key >= self.limit:
            return None
        chosen = (*node.chosen, (node.sites[index], option))
        least = [min(each) for each in sums]
        return key, _Node(node.total + cost, worst, bound, rest.sites, sums, least, worsts, chosen)

    def _without_worse(self, sums: list[int], worsts: list[int], key: Key) -> list[int]:
        first, most, _ = self.limit
        if key[0] < first:
            return sums
        pairs = zip(sums, worsts, strict=True)
        return [NEVER if worst > most else cost for cost, worst in pairs]


T = TypeVar("T")


def _without(items: Sequence[T], index: int) -> list[T]:
    return [*items[:index], *items[index + 1 :]]


def _both_ways(costs: PairCosts, single: Sequence[Sequence[int]]) -> dict[tuple[int, int], Rows]:
    """The costs of every pair in both orders; zeros for a pair that is left out."""
    result = {}
    for i, left in enumerate(single):
        for j in range(i + 1, len(single)):
            rows = costs.get((i, j)) or [[0] * len(single[j]) for _ in left]
            result[i, j], result[j, i] = rows, _transposed(rows)
    return result


def _transposed(rows: Rows) -> Rows:
    return [list(column) for column in zip(*rows, strict=True)]
