"""Waits until an edge that was replaced answers again."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request

from attrs import field, frozen

from trunkline.addresses.names import origin_url
from trunkline.clouds.facts import facts_of
from trunkline.errors import TrunklineError
from trunkline.model import EDGE_KEY_HEADER, Site, Topology

PAUSE = 2.0  # seconds between two requests
PATIENCE = 10.0  # seconds for one


class EdgeError(TrunklineError):
    """An edge that does not answer in time."""


@frozen
class EdgeWaiter:
    """Waits for the edges of a topology; `seconds` at most for one, and 0 does not wait.

    `key` is the key of the edges, and `stop` ends every wait at once.
    """

    topology: Topology
    seconds: float
    key: str
    stop: threading.Event = field(factory=threading.Event)

    def until_up(self, site: Site) -> None:
        """Return as soon as the edge of a site answers; EdgeError where it does not in time."""
        if self.is_at_once(site):
            return
        url = self._url(site)
        deadline = time.monotonic() + self.seconds
        while why := self.refusal(url):
            if time.monotonic() > deadline:
                raise EdgeError(
                    f"it is applied, but {url} has not answered for {self.seconds:.0f} s ({why}): "
                    "look at the machine's log, then run the command again; it does what is left"
                )
            if self.stop.wait(PAUSE):
                raise EdgeError(f"it is applied; {url} does not answer yet ({why})")

    def until_covered(self, site: Site) -> None:
        """Return when another site answers for the routes of one whose edge is to go for a while.

        An edge that does not answer now misses none. EdgeError where none answers in time.
        """
        routes = [route for route in self.topology.routing.routes if route.site == site.name]
        others = {name for route in routes for name in route.failover}
        if self.is_at_once(site) or not others or self.refusal(self._url(site)):
            return
        deadline = time.monotonic() + self.seconds
        while not any(not self.refusal(self._url(self.topology.site(name))) for name in others):
            if self.stop.wait(PAUSE) or time.monotonic() > deadline:
                raise EdgeError(
                    f"not begun: none of {', '.join(sorted(others))} answers, and they are to do "
                    "so while it is away; look at their machines, or give --wait 0"
                )

    def until_changed(self, site: Site) -> None:
        """Return when the edge of a site has taken what was changed for it to serve."""
        if not self.is_at_once(site) and not self.topology.edge.control_plane:
            self.stop.wait(self.topology.edge.poll_seconds)

    def is_at_once(self, site: Site) -> bool:
        """Terraform itself waits for the processes of this machine."""
        return not self.seconds or facts_of(site.cloud).on_this_machine

    @property
    def path(self) -> str:
        """What tells that an edge lives; a control plane of the user's own knows one alone."""
        return "/healthz" if self.topology.edge.control_plane else "/livez"

    def refusal(self, url: str) -> str:
        """Why the edge does not count as up; empty where it does."""
        request = urllib.request.Request(url, headers={EDGE_KEY_HEADER: self.key})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
                return ""
        except urllib.error.HTTPError as error:
            return f"status {error.code}"
        except OSError as error:
            return str(getattr(error, "reason", error))

    def _url(self, site: Site) -> str:
        return origin_url(self.topology, site.name) + self.path
