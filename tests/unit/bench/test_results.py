"""Files of load tests: written whole, read with every mistake, and compared if they can be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.bench import RESULTS, a_round, results

from trunkline.bench.compare import (
    METRICS,
    ComparisonError,
    compare,
    rounds_asked_for,
    sides_of,
    sides_of_two,
    summaries,
)
from trunkline.bench.drive import Variant
from trunkline.bench.results import Results, ResultsError, Run, load_results
from trunkline.bench.rounds import measure_rounds


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = results(3)
    made.save(tmp_path / "new" / "acme.json")
    assert load_results(tmp_path / "new" / "acme.json") == made


def test_half_a_file_is_an_error_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "acme.json"
    results(3).save(file)
    file.write_text(file.read_text()[:400])
    with pytest.raises(ResultsError, match=r"acme.json:\d+:\d+"):
        load_results(file)


def test_another_kind_of_file_and_unknown_variants_are_errors(tmp_path: Path) -> None:
    file = tmp_path / "acme.json"
    file.write_text('{"version": 1}')
    with pytest.raises(ResultsError, match="rounds"):
        load_results(file)
    results(1).save(file)
    file.write_text(file.read_text().replace('"variant": "direct"', '"variant": "other"'))
    with pytest.raises(ResultsError, match="no variant has this name"):
        load_results(file)
    with pytest.raises(ResultsError, match=r"absent\.json"):
        load_results(tmp_path / "absent.json")


def test_the_figures_of_a_variant_are_medians_over_the_rounds() -> None:
    first, second = summaries(sides_of(results(6, slower=2.0)))
    assert first.p50_ms == 10.0
    assert second.p50_ms == pytest.approx(20.0)
    assert second.requests_per_second == pytest.approx(500.0)
    assert first.errors == 0


def test_a_slower_variant_is_called_worse_by_both_figures() -> None:
    latency, capacity = compare(sides_of(results(12, slower=1.5)))
    assert latency.sentence() == (
        "latency: direct is worse than ingress: higher by 50.0%, after 12 rounds"
    )
    assert capacity.sentence() == (
        "capacity: direct is worse than ingress: lower by 33.3%, after 12 rounds"
    )


def test_equal_variants_and_too_few_rounds_have_their_own_sentences() -> None:
    assert compare(sides_of(results(6)))[0].sentence() == (
        "latency: no difference found in 6 rounds"
    )
    assert compare(sides_of(results(3)))[0].sentence() == (
        "latency: not enough rounds: 3 were compared, 6 are needed"
    )


def test_rounds_without_a_figure_are_left_out() -> None:
    made = results(6)
    made = evolve(made, rounds=(*made.rounds, made.rounds[0][:1]))
    assert compare(sides_of(made))[0].decision.rounds == 6


def one_variant(slower: float) -> Results:
    rounds = [[run for run in a_round(1.0, slower) if run.variant == "direct"] for _ in range(8)]
    return evolve(RESULTS, variants={"direct": "http://b"}, rounds=tuple(map(tuple, rounds)))


def test_two_files_of_one_variant_each_are_compared() -> None:
    sides = sides_of_two(one_variant(1.0), one_variant(1.3), ("a.json", "b.json"))
    assert compare(sides)[0].variant == "b.json"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"topology": "other"}, "different topologies"),
        ({"machine": "another"}, "different machines"),
        ({"settings": evolve(RESULTS.settings, rate=7)}, "different settings"),
        ({"tools": {"wrk": "5"}}, "different versions of the tools"),
        ({"variants": {"a": "x", "b": "y"}}, "has the variants a, b"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: Any, words: str) -> None:
    other = evolve(one_variant(1.0), **change)
    with pytest.raises(ComparisonError, match=words):
        sides_of_two(one_variant(1.0), other, ("a.json", "b.json"))


class Played:
    """A driver with the given ratios between its variants, round by round."""

    versions = RESULTS.tools

    def __init__(self, ratios: Sequence[float], stop_after: int = 10**6) -> None:
        self.ratios, self.left, self.asked = ratios, stop_after, list[str]()

    def warm_up(self, variant: Variant) -> None:
        self.asked.append(f"warm-up {variant.name}")

    def measure(self, variant: Variant) -> Sequence[Run]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.asked.append(variant.name)
        measured = sum(not name.startswith("warm-up") for name in self.asked)
        ratio = self.ratios[(measured - 1) // 2 % len(self.ratios)]
        return [run for run in a_round(1.0, ratio) if run.variant == variant.name]


VARIANTS = [Variant("ingress", "http://a", {}), Variant("direct", "http://b", {})]


def measured(driver: Played, **options: Any) -> list[Results]:
    kept: list[Results] = []
    measure_rounds(RESULTS, VARIANTS, driver, kept.append, **options)
    return kept


def test_rounds_go_forwards_and_backwards_after_a_warm_up() -> None:
    driver = Played([1.0])
    kept = measured(driver, rounds=2)
    warm = ["warm-up ingress", "warm-up direct"]
    assert driver.asked == [*warm, "ingress", "direct", "direct", "ingress"]
    assert [(len(each.rounds), each.complete) for each in kept] == [
        (1, False),
        (2, False),
        (2, True),
    ]


def test_a_quiet_pilot_ends_after_six_rounds_and_a_loud_one_goes_on() -> None:
    assert len(measured(Played([1.01, 0.99]))[-1].rounds) == 6
    loud = [1.3, 0.75, 1.0]
    assert len(measured(Played(loud), most=10)[-1].rounds) == 10
    made = measured(Played(loud), most=200)[-1]
    assert len(made.rounds) == max(rounds_asked_for(made, metric) for metric in METRICS) > 10


def test_one_variant_has_the_rounds_of_a_pilot() -> None:
    alone = evolve(RESULTS, variants={"ingress": "http://a"})
    made = measure_rounds(alone, VARIANTS[:1], Played([1.0]), lambda each: None)
    assert len(made.rounds) == 6


def test_what_was_measured_before_an_interruption_was_kept() -> None:
    kept: list[Results] = []
    with pytest.raises(KeyboardInterrupt):
        measure_rounds(RESULTS, VARIANTS, Played([1.0], stop_after=5), kept.append, rounds=9)
    assert [len(each.rounds) for each in kept] == [1, 2]
    assert json.loads(json.dumps(kept[-1].complete)) is False
