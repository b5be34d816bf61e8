"""What the provider doubles answer for data sources where an invented value would not do.

One row for each data source: from its configuration and the provider's to the attributes that the
stacks rely on. Everything else is invented by type and name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Config = Mapping[str, Any]
Answer = Callable[[Config, Config], dict[str, Any]]

ACCOUNT: Final = "123456789012"
DEFAULT_REGION: Final = "us-east-1"


def filter_values(config: Config, name: str) -> list[Any]:
    """The values of the `filter` block called `name`; empty where there is none."""
    filters = config.get("filter") or []
    return next((list(f["values"]) for f in filters if f["name"] == name), [])


def _offerings(config: Config, _: Config) -> dict[str, Any]:
    """Every requested instance type is offered, in every requested location."""
    types = filter_values(config, "instance-type") or ["t4g.small"]
    locations = filter_values(config, "location") or [f"{DEFAULT_REGION}a"]
    return {
        "instance_types": types * len(locations),
        "locations": [location for location in locations for _ in types],
        "location_types": [config.get("location_type") or "region"] * len(types) * len(locations),
    }


def _aws_zones(config: Config, provider: Config) -> dict[str, Any]:
    """Five zones, a to e, or those of them that the filter names."""
    region = provider.get("region") or DEFAULT_REGION
    wanted = filter_values(config, "zone-name")
    names = [f"{region}{z}" for z in "abcde" if not wanted or f"{region}{z}" in wanted]
    return {"names": names, "zone_ids": [_zone_id(name) for name in names]}


def _zone_id(name: str) -> str:
    """An AZ ID that does not follow from the letter's place: `use1-az4` for us-east-1a."""
    area, side, number = name[:-1].split("-")
    return f"{area}{side[0]}{number}-az{1 + (ord(name[-1]) - ord('a') + 3) % 6}"


def _aws_ami(config: Config, _: Config) -> dict[str, Any]:
    wanted = filter_values(config, "architecture") or ["arm64"]
    return {"architecture": wanted[0], "root_device_name": "/dev/xvda", "image_id": "ami-0123"}


def _aws_zone(config: Config, _: Config) -> dict[str, Any]:
    name = config.get("name") or f"{DEFAULT_REGION}a"
    return {"zone_id": _zone_id(name), "region": name[:-1], "state": "available"}


def _azure_location(config: Config, _: Config) -> dict[str, Any]:
    """Logical zones map to other physical zones, as they do in a real subscription."""
    region = str(config.get("location", "eastus")).lower().replace(" ", "")
    pairs = (("1", "3"), ("2", "1"), ("3", "2"))
    return {
        "zone_mappings": [
            {"logical_zone": logical, "physical_zone": f"{region}-az{physical}"}
            for logical, physical in pairs
        ]
    }


ANSWERS: Final[dict[str, Answer]] = {
    "aws_ami": _aws_ami,
    "aws_availability_zone": _aws_zone,
    "aws_availability_zones": _aws_zones,
    "aws_caller_identity": lambda *_: {"account_id": ACCOUNT, "id": ACCOUNT},
    "aws_ec2_instance_type_offerings": _offerings,
    "aws_ec2_instance_type": lambda *_: {"supported_architectures": ["arm64"]},
    "aws_partition": lambda *_: {"partition": "aws", "dns_suffix": "amazonaws.com"},
    "aws_region": lambda _, provider: {"name": provider.get("region") or DEFAULT_REGION},
    "azurerm_location": _azure_location,
    "azurerm_subnet": lambda *_: {"service_endpoints": ["Microsoft.KeyVault"]},
    "cloudflare_zone": lambda *_: {"name_servers": ["a.example.net", "b.example.net"]},
    "google_compute_zones": lambda config, provider: {
        "names": [f"{config.get('region') or provider.get('region')}-{z}" for z in "abc"]
    },
}


def answer(type_name: str, config: Config, provider: Config) -> dict[str, Any]:
    """The known part of what a data source answers."""
    known = ANSWERS.get(type_name)
    return known(config, provider) if known else {}
