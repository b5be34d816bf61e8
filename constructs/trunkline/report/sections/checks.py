"""The section of what `trunkline check` has found."""

from __future__ import annotations

from collections import Counter

from trunkline.check.line import State
from trunkline.report.checks import Checks
from trunkline.report.parts import Section, Table

_WORST_FIRST = (State.FAILED, State.WARNING, State.UNKNOWN, State.OK)


def checks_section(checks: Checks) -> Section:
    """How many checks are in which state, and each of them, the worst first."""
    counts = Counter(line.state for line in checks.lines)
    states = ", ".join(f"{counts[state]} {state.value}" for state in _WORST_FIRST if counts[state])
    lines = sorted(checks.lines, key=lambda line: _WORST_FIRST.index(line.state))
    table = Table(
        name="checks",
        caption="Checks, the worst first",
        headings=("what", "where", "state", "what was found", "what to do"),
        rows=tuple(
            (line.what, line.where, line.state.value, line.said, line.remedy) for line in lines
        ),
    )
    lead = f"{len(lines)} checks of {checks.topology}: {states or 'none'}."
    return Section(id="checks", title="Checks", lead=(lead,), tables=(table,))
