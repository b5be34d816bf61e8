"""What the sections say of topologies, measurements and costs."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from attrs import evolve
from support.bench import results
from support.examples import ROOT
from support.measured import all_pairs, measurements, pair, topology, zone

from trunkline.measurements import Measurements
from trunkline.model import Topology
from trunkline.report.costs import costs_of
from trunkline.report.parts import Section
from trunkline.report.sections.bench import bench_section
from trunkline.report.sections.cost import cost_section
from trunkline.report.sections.latency import MOST_ROWS, latency_section, physical_zones
from trunkline.report.sections.placement import placement_section
from trunkline.report.sections.topology import routes_section, topology_section
from trunkline.topology import load

SVG = "{http://www.w3.org/2000/svg}"
A, B = zone("aws", "a", physical_zone="use1-az4"), zone("aws", "b")
G, Z = zone("google", "g"), zone("azure", "z")
ZONES = (A, B, G, Z)


def file() -> Measurements:
    figures = {"a": 100.0, "b": 200.0, "g": 300.0, "z": 400.0}
    return measurements(ZONES, all_pairs(ZONES, lambda x, y: figures[x.zone] + figures[y.zone]))


def latency(found: Measurements, of: Topology | None = None) -> Section:
    return latency_section(1, found, physical_zones([found]), of or topology(*ZONES))


def words(section: Section, number: int = 0) -> list[str]:
    svg = ElementTree.fromstring(section.pictures[number].svg)
    return [each.text or "" for each in svg.iter("text")]


@pytest.fixture(scope="module")
def backbone() -> Topology:
    return load(ROOT / "topologies" / "backbone.yaml")


def test_the_drawing_names_sites_zones_routes_and_the_backbone(backbone: Topology) -> None:
    found = words(topology_section(backbone))
    assert {"Cloudflare", "aws", "google", "azure", "/api/v5", "Backbone by wireguard"} <= set(
        found
    )
    assert "us-east-1a" in found
    assert "2 edges, reached by a tunnel" in found


def test_every_edge_of_a_site_is_marked(backbone: Topology) -> None:
    svg = topology_section(backbone).pictures[0].svg
    assert svg.count('class="zone chosen"') == 6


def test_a_site_that_answers_no_route_first_stands_in() -> None:
    wanted = topology(*ZONES)
    assert words(topology_section(wanted)).count("stands in") == 2


def test_a_route_has_its_site_zone_server_and_who_stands_in() -> None:
    [table] = routes_section(load(ROOT / "topologies" / "three-clouds.yaml")).tables
    assert table.rows[0] == (
        "https://api.example.com/api/v5",
        "aws",
        "us-east-1a",
        "the edge itself",
        "google, azure",
    )


def test_services_have_a_table(backbone: Topology) -> None:
    assert [table.name for table in routes_section(backbone).tables] == ["routes", "services"]


def test_the_heatmap_has_physical_zones_and_frames_the_chosen() -> None:
    section = latency(file())
    found = words(section)
    assert found.count("use1-az4 · aws/a") == 2
    assert "0.40" in found  # a and g
    assert section.pictures[0].svg.count('class="frame"') == 6 + 1  # three zones, and the legend
    assert 'class="missing"' in section.pictures[0].svg  # a and b of one site


def test_the_colours_of_the_heatmap_are_logarithmic() -> None:
    zones = (A, G, Z)
    pairs = [pair("aws/a", "google/g", 100), pair("aws/a", "azure/z", 10_000)]
    pairs.append(pair("google/g", "azure/z", 1_000))
    svg = latency(measurements(zones, pairs), topology(*zones)).pictures[0].svg
    assert svg.count('fill="#21918c"') == 1  # the middle of the scale


def test_a_heatmap_of_many_zones_has_no_figures_in_its_cells() -> None:
    zones = [zone("aws", f"z{number}") for number in range(21)]
    found = latency(measurements(zones, all_pairs([*zones, G], lambda _, __: 500.0)[:0]))
    assert 'class="figure"' not in found.pictures[0].svg


def test_a_distribution_is_of_both_directions() -> None:
    pairs = [
        pair("aws/a", "google/g", 100, 10, samples=50, lost=2),
        pair("google/g", "aws/a", 200, 50, samples=50),
    ]
    section = latency(measurements((A, G), pairs), topology(A, G))
    [row] = section.pictures[1].table.rows
    assert row == ("aws/a and google/g", 0.09, 0.15, 0.25, 0.35, "2 of 100 lost")
    assert "2 of 100 round trips were lost (2.00%)." in section.lead


def test_only_the_nearest_distributions_are_drawn() -> None:
    zones = [zone("aws", f"a{number}") for number in range(9)]
    zones += [zone("google", f"g{number}") for number in range(9)]
    section = latency(measurements(zones, all_pairs(zones, lambda a, b: 500.0)))
    assert len(section.pictures[1].table.rows) == 81
    assert section.pictures[1].svg.count("<circle") == MOST_ROWS
    assert "The nearest 60 of 81 pairs." in section.pictures[1].description


def test_a_file_without_pairs_has_an_empty_heatmap_and_no_distributions() -> None:
    section = latency(measurements(ZONES, [], complete=False))
    [heatmap] = section.pictures
    assert "Nothing was measured." in heatmap.description
    assert heatmap.table.rows == ()
    assert "How many round trips were lost is not known." in section.lead
    assert any("not complete" in sentence for sentence in section.lead)


def test_emulated_latencies_are_said_to_be() -> None:
    section = latency(evolve(file(), method=evolve(file().method, emulated=True)))
    assert any(sentence.startswith("Emulated") for sentence in section.lead)


def test_the_choice_of_zones_stands_beside_the_present_one() -> None:
    present = topology(B, A, G, Z)  # with b chosen
    section = placement_section(1, file(), present)
    assert section is not None
    [picture] = section.pictures
    assert picture.table.rows[0][:4] == ("1", "a", "g", "z")
    assert picture.table.rows[0][-4:-2] == (1.6, 0.7)
    assert "the present ones, aws b, google g, azure z, have 1.800 ms" in section.lead[0]
    assert any(text.endswith("(now)") for text in words(section))


def test_there_is_no_choice_for_one_site() -> None:
    one = measurements((A, B), [pair("aws/a", "aws/b", 100)])
    assert placement_section(1, one, topology(A, B)) is None


def test_costs_are_the_bill_and_curves_with_break_evens() -> None:
    wanted = load(ROOT / "topologies" / "three-clouds.yaml")
    section = cost_section(costs_of(wanted, ["aws-google=500GB"]))
    assert section is not None
    assert section.lead[0].startswith("80.89 $ a month")
    assert section.tables[0].rows[0][:3] == ("aws", "t4g.micro", 1)
    everything = section.pictures[0]
    assert everything.table.rows[0][0] == "this topology"
    assert any("up to 28.2 TB" in str(row[-1]) for row in everything.table.rows)
    assert 'class="ring"' in everything.svg
    assert "aws-azure" in [picture.title for picture in section.pictures][2]


def test_an_unknown_price_is_named_and_draws_no_curve(tmp_path: Path) -> None:
    text = (ROOT / "topologies" / "three-clouds.yaml").read_text()
    text = text.replace("    zone: us-east-1a", "    zone: us-east-1a\n    machine: x9.huge")
    path = tmp_path / "topology.yaml"
    path.write_text(text)
    section = cost_section(costs_of(load(path)))
    assert section is not None
    assert any("x9.huge" in sentence for sentence in section.lead)
    assert not any(picture.title.startswith("All of it") for picture in section.pictures)


def test_a_load_test_has_latency_capacity_and_differences_with_intervals() -> None:
    section = bench_section(1, results(12, slower=1.5))
    assert section.title == "Load test of /api/v5"
    latency, capacity, differences = section.pictures
    assert latency.table.rows[0] == ("ingress", 10.0, 11.0, 20.0)
    assert capacity.table.rows[0] == ("ingress", 1000.0, 0)
    [row, _] = differences.table.rows
    assert row[0] == "latency: direct to ingress"
    assert row[1:4] == pytest.approx((1.5, 1.5, 1.5), rel=0.01)
    assert row[-1] == "different"
    assert any("direct is worse than ingress" in sentence for sentence in section.lead)
    assert 'class="grid center"' in differences.svg


def test_a_load_test_that_was_cut_off_shows_what_was_measured() -> None:
    section = bench_section(1, evolve(results(1), complete=False))
    assert section.lead[-1] == "It ended before its last round."
    assert len(section.pictures) == 3


def test_a_load_test_without_a_round_has_no_picture() -> None:
    assert bench_section(1, results(0)).pictures == ()


def test_a_load_test_of_one_variant_compares_nothing() -> None:
    one = evolve(results(2), variants={"ingress": "http://a"})
    assert [picture.title for picture in bench_section(1, one).pictures] == [
        "Latency of /api/v5 at 200 requests a second",
        "Capacity of /api/v5",
    ]


def test_this_machine_costs_nothing() -> None:
    assert cost_section(costs_of(load(ROOT / "topologies" / "local.yaml"))) is None
