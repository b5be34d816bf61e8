"""Scales: from a figure to a place, and the figures to write beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from attrs import frozen

_STEPS = (1.0, 2.0, 5.0)
_FEWEST_TICKS, _MOST_TICKS = 3, 7


@frozen
class LogScale:
    """Figures from `low` to `high`, both above zero, on pixels from `start` to `end`."""

    low: float
    high: float
    start: float = 0.0
    end: float = 1.0

    @classmethod
    def around(cls, figures: Iterable[float], start: float = 0.0, end: float = 1.0) -> LogScale:
        """A scale that holds all figures above zero."""
        known = [figure for figure in figures if figure > 0] or [1.0]
        return cls(min(known), max(known), start, end)

    def at(self, figure: float) -> float:
        """Where a figure stands; at an end where it is beyond it."""
        if self.high <= self.low:
            return (self.start + self.end) / 2
        bounded = min(max(figure, self.low), self.high)
        share = math.log(bounded / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """Round figures within the scale: powers of ten where there would be too many others, and
        figures that are equally far apart on a scale that is too short for those."""
        found = list(self._round(_STEPS))
        if len(found) < _FEWEST_TICKS and self.low < self.high:
            return even_ticks(self.low, self.high)
        return found if len(found) <= _MOST_TICKS else list(self._round((1.0,)))

    def _round(self, steps: tuple[float, ...]) -> Iterator[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for power in range(first, last + 1):
            for step in steps:
                figure = step * 10.0**power
                if self.low <= figure * (1 + 1e-9) and figure <= self.high * (1 + 1e-9):
                    yield figure


@frozen
class LinearScale:
    """Figures from 0 to `high`, which is above zero, on pixels from `start` to `end`."""

    high: float
    start: float = 0.0
    end: float = 1.0

    def at(self, figure: float) -> float:
        """Where a figure stands."""
        return self.start + figure / self.high * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """Round figures that are equally far apart."""
        return even_ticks(0.0, self.high)


def even_ticks(low: float, high: float) -> list[float]:
    """Four or so round figures that are equally far apart."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (*_STEPS, 10.0) if each * power >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 9) for number in range(first, last + 1)]
