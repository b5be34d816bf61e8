"""What an edge writes down about requests."""

from __future__ import annotations

from trunkline.envoy.access_log import access_log, log_limit
from trunkline.payload.units.envoy import LOG_LIMIT, Envoy


def test_an_edge_without_a_limit_leaves_out_health_checks_alone() -> None:
    assert access_log("aws")["filter"] == {"not_health_check_filter": {}}


def test_failures_come_before_the_limit_so_that_they_take_nothing_from_it() -> None:
    _, rest = access_log("aws", "/limit.json")["filter"]["and_filter"]["filters"]
    failure, limit = rest["or_filter"]["filters"]
    assert failure["status_code_filter"]["comparison"]["op"] == "GE"
    assert failure["status_code_filter"]["comparison"]["value"]["default_value"] == 500
    assert "extension_filter" in limit


def test_the_limit_that_the_log_names_is_in_its_file() -> None:
    config = access_log("aws", "/limit.json")["filter"]["and_filter"]["filters"][1]
    limit = config["or_filter"]["filters"][1]["extension_filter"]["typed_config"]["dynamic_config"]
    [resource] = log_limit()["resources"]
    assert limit["resource_name"] == resource["name"]
    assert limit["config_source"]["path_config_source"]["path"] == "/limit.json"


def test_journald_drops_nothing_of_an_edge_which_limits_its_log_itself() -> None:
    unit = Envoy(bootstrap={})
    assert LOG_LIMIT in [file.path for file in unit.files]
    assert "LogRateLimitIntervalSec=0\n" in unit.service
