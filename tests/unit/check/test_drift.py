"""What is said of the plans of stacks; tests/contract/terraform asks Terraform itself."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trunkline.check import drift
from trunkline.check.line import CheckLine, State
from trunkline.deploy.planned import Planned
from trunkline.deploy.summary import NOTHING
from trunkline.deploy.tasks import Outcome
from trunkline.errors import TrunklineError

BROKEN = TrunklineError("the state is no JSON")


class Stacks:
    """Stacks that are planned with an outcome of their own."""

    def __init__(self, initialized: Outcome, planned: Planned, sentences: dict[str, str]) -> None:
        self.topology = None
        self.commands = SimpleNamespace(env={})
        self.initialized, self.planned, self.sentences = initialized, planned, sentences

    def initialize(self, found: Any) -> Outcome:
        return self.initialized

    def plan(self, found: Any) -> Planned:
        return self.planned

    def opened(self, *given: Any, **options: Any) -> AbstractContextManager[Stacks]:
        return nullcontext(self)


def lines(
    monkeypatch: pytest.MonkeyPatch,
    initialized: Outcome = Outcome(),  # noqa: B008 # it is frozen
    planned: Planned = Planned({}, (), Outcome()),  # noqa: B008 # it is frozen
    **sentences: str,
) -> dict[str, CheckLine]:
    stacks = Stacks(initialized, planned, sentences)
    monkeypatch.setattr(drift, "open_deployment", stacks.opened)
    monkeypatch.setattr(drift, "targets", lambda *given: [])
    monkeypatch.setattr(drift, "check_variables", lambda *given: None)
    monkeypatch.setattr(drift, "describe_all", lambda *given: sentences)
    found = drift.drift("acme.yaml", Path("out"), Path("keys.env"), "terraform")
    return {line.where: line for line in found}


def test_an_empty_plan_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lines(monkeypatch, edge=NOTHING, routing="makes api.example.com")
    assert (found["edge"].state, found["edge"].remedy) == (State.OK, "")
    assert found["routing"].state is State.WARNING
    assert found["routing"].said == "an apply makes api.example.com"
    assert found["routing"].remedy == "trunkline apply --only routing"


def test_what_cannot_be_planned_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    later: Any = (SimpleNamespace(name="records"),)
    outcome = Outcome(failed={"edge": BROKEN}, not_begun=("zones",))
    found = lines(monkeypatch, planned=Planned({}, later, outcome))
    assert {line.state for line in found.values()} == {State.UNKNOWN}
    assert found["edge"].said == "cannot be planned: the state is no JSON"
    assert found["edge"].remedy == "trunkline plan --only edge"
    assert found["zones"].said == "was not planned"
    assert "once the stacks before it are there" in found["records"].said


def test_nothing_is_planned_where_terraform_cannot_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = Outcome(failed={"edge": BROKEN})
    found = lines(monkeypatch, initialized=outcome, routing=NOTHING)
    assert list(found) == ["edge"]
