"""This machine as a cloud: no account, no sizes, no prices, and any region and zone."""

from __future__ import annotations

from trunkline.addresses.loopback import THIS_MACHINE
from trunkline.clouds.facts import CloudFacts

FACTS = CloudFacts(
    title=THIS_MACHINE,
    credentials=THIS_MACHINE,
    machine_type="terraform_data",
    on_this_machine=True,
)
