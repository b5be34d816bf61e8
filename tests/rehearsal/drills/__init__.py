"""Drills: what may go wrong or change on a running system, and what its users notice of it.

Each drill leaves everything as it was, prints its steps, and adds its figure to the report. One
that a topology gives no occasion for returns at once.
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.drills.applies import (
    a_destroy_stops_half_way,
    a_secret_store_fails,
    an_apply_fails_in_the_middle,
    terraform_is_killed,
    terraform_is_killed_too_late,
)
from rehearsal.drills.backbone import (
    a_second_edge_carries_the_networks,
    keys_of_the_backbone_are_rotated,
)
from rehearsal.drills.changes import (
    a_route_an_upstream_and_a_key_change,
    a_site_goes_and_comes_back,
    another_topology_stands_beside,
)
from rehearsal.drills.outages import (
    a_machine_is_stopped,
    a_machine_is_terminated,
    a_zone_is_cut_off,
    one_of_several_edges_is_lost,
)
from rehearsal.drills.rolling import edges_are_replaced_one_after_another
from rehearsal.stage import Stage
from trunkline.model import Topology

DRILLS: tuple[Callable[[Stage, Topology], None], ...] = (
    a_machine_is_stopped,
    a_machine_is_terminated,
    a_zone_is_cut_off,
    one_of_several_edges_is_lost,
    a_secret_store_fails,
    an_apply_fails_in_the_middle,
    a_route_an_upstream_and_a_key_change,
    a_destroy_stops_half_way,
    terraform_is_killed,
    terraform_is_killed_too_late,
    a_site_goes_and_comes_back,
    another_topology_stands_beside,
    a_second_edge_carries_the_networks,
    keys_of_the_backbone_are_rotated,
    edges_are_replaced_one_after_another,
)
