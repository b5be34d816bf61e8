"""Which clouds tell physical zones: the model knows it without any binding."""

from __future__ import annotations

from typing import get_args

import pytest

from trunkline.clouds import cloud_class
from trunkline.clouds.base import Cloud
from trunkline.model import CloudName, Site
from trunkline.probing.agent import PHYSICAL_ZONE


@pytest.mark.parametrize("cloud", get_args(CloudName))
def test_a_cloud_tells_physical_zones_where_the_model_says_so(cloud: CloudName) -> None:
    site = Site(name="a", cloud=cloud, region="r", zone="z")
    tells = cloud_class(cloud).physical_zones is not Cloud.physical_zones
    assert site.exposes_physical_zones == tells


@pytest.mark.parametrize("cloud", get_args(CloudName))
def test_the_probes_ask_the_same_clouds(cloud: CloudName) -> None:
    site = Site(name="a", cloud=cloud, region="r", zone="z")
    assert (cloud in PHYSICAL_ZONE) == site.exposes_physical_zones
