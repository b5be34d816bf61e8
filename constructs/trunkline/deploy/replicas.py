"""Waits for one machine of an edge that has others, which answer for it meanwhile.

All machines of a site on a tunnel have one name, so that only Cloudflare's API tells whether one of
them serves: by the connectors of the tunnel. A public machine has a name of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from attrs import frozen

from trunkline.addresses.base import edge_name
from trunkline.addresses.cloudflare import origin_hostnames
from trunkline.deploy.connectors import Connectors, ConnectorsError
from trunkline.deploy.health import EdgeError, EdgeWaiter
from trunkline.model import Site

PAUSE = 2.0  # seconds between two looks


@frozen
class ReplicaWaiter:
    """Waits for machines of sites as long as `waiter` does; `connectors` are those of tunnels."""

    waiter: EdgeWaiter
    connectors: Connectors

    def serving(self, site: Site) -> frozenset[str] | None:
        """What answers now: names of public machines, or connectors of the site's tunnel.

        None where Cloudflare's API cannot be asked, or nobody is to wait.
        """
        if self.waiter.is_at_once(site):
            return None
        try:
            return self._serving(site)
        except ConnectorsError:
            return None

    def until_another(self, site: Site, zones: Collection[str]) -> None:
        """Return when a machine serves that is not in one of `zones`, whose machines are to go.

        Where no machine serves, none is missed. EdgeError where none of the others does in time.
        """

        def why() -> str:
            serving = self.serving(site)
            if not serving or self._others(site, serving, zones):
                return ""
            return "no other machine of its site serves"

        self._wait(
            site,
            why,
            "not begun: {why}, and one is to while it is away; look at the logs of the other "
            "machines, or give --wait 0",
        )

    def until_serving(
        self,
        site: Site,
        zones: Collection[str],
        before: frozenset[str] | None,
        say: Callable[[str], None],
    ) -> None:
        """Return when the new machines of `zones` serve; `before` is what served before them.

        Where that was not known, it says so and waits as long as a machine may take. EdgeError
        where they do not serve in time.
        """
        if before is None:
            self._wait_blindly(site, say)
            return

        def why() -> str:
            try:
                serving = self._serving(site)
            except ConnectorsError as error:
                return str(error)
            return "" if self._new(site, serving, zones, before) else self._missing(site, zones)

        self._wait(
            site,
            why,
            "it is applied, but after {seconds:.0f} s the new machine does not serve ({why}), so "
            "no other one is replaced; look at the machine's log, then run the command again: it "
            "does what is left",
        )

    def _wait(self, site: Site, why: Callable[[], str], trouble: str) -> None:
        if self.waiter.is_at_once(site):
            return
        seconds = self.waiter.seconds
        deadline = time.monotonic() + seconds
        while reason := why():
            if self.waiter.stop.wait(PAUSE) or time.monotonic() > deadline:
                raise EdgeError(trouble.format(why=reason, seconds=seconds))

    def _wait_blindly(self, site: Site, say: Callable[[str], None]) -> None:
        if self.waiter.is_at_once(site):
            return
        try:
            self._serving(site)
            why = "Cloudflare's API could not be asked before"
        except ConnectorsError as error:
            why = str(error)
        seconds = self.waiter.seconds
        say(f"nothing tells whether the new machine serves ({why}): waiting {seconds:.0f} s")
        if self.waiter.stop.wait(seconds):
            raise EdgeError("it is applied; the new machine may not serve yet")

    def _serving(self, site: Site) -> frozenset[str]:
        topology = self.waiter.topology
        if not self._is_public:
            return self.connectors.of(edge_name(topology.name, site.name))
        names = origin_hostnames(topology, site.name).values()
        return frozenset(name for name in names if not self.waiter.refusal(self._url(name)))

    def _others(self, site: Site, serving: frozenset[str], zones: Collection[str]) -> bool:
        """Whether more serve than those that are to go; connectors do not tell their zones."""
        if self._is_public:
            return bool(serving - self._names(site, zones))
        return len(serving) > len(zones)

    def _new(
        self, site: Site, serving: frozenset[str], zones: Collection[str], before: frozenset[str]
    ) -> bool:
        if self._is_public:
            return self._names(site, zones) <= serving
        return len(serving - before) >= len(zones)

    def _missing(self, site: Site, zones: Collection[str]) -> str:
        if self._is_public:
            return f"{', '.join(sorted(self._names(site, zones)))} does not answer"
        return "its tunnel has no new connector"

    @property
    def _is_public(self) -> bool:
        return self.waiter.topology.edge.exposure == "public"

    def _names(self, site: Site, zones: Collection[str]) -> frozenset[str]:
        names = origin_hostnames(self.waiter.topology, site.name)
        return frozenset(names[zone] for zone in zones if zone in names)

    def _url(self, name: str) -> str:
        return f"https://{name}{self.waiter.path}"
