"""The services that applications reach through an edge under the services' own names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from attrs import Factory, evolve, field, frozen

from trunkline.errors import ConfigurationError
from trunkline.model.converters import texts
from trunkline.model.private_endpoint import PrivateEndpoint
from trunkline.model.service import (
    DEFAULT_SERVICE_PORT,
    DEFAULT_SERVICE_PROTOCOL,
    ServiceProtocol,
)

Authentication = Literal["api_key", "database", "entra", "none", "oauth2", "shared_key", "sigv4"]
Streaming = Literal["sse", "grpc", "http_chunks", "websocket"]

REGION = "region"
"""The variable that the region of a service's site fills."""
PORT = "port"
"""The variable that says the port of a service whose users choose it."""

_VARIABLE = re.compile(r"\{([a-z_]+)\}")
_VALUE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z")
_LONGEST_NAME = 253
_MOST_PORTS = 65535


def variables_in(*patterns: str) -> tuple[str, ...]:
    """The variables of some patterns, each once: `region` for `{region}-api.example.com`."""
    return tuple(dict.fromkeys(name for each in patterns for name in _VARIABLE.findall(each)))


def _ways(values: Iterable[Authentication]) -> tuple[Authentication, ...]:
    return tuple(values)


def _streams(values: Iterable[Streaming]) -> tuple[Streaming, ...]:
    return tuple(values)


def _endpoints(values: Iterable[PrivateEndpoint]) -> tuple[PrivateEndpoint, ...]:
    return tuple(values)


@frozen(kw_only=True)
class CatalogueEntry:
    """A service: the hosts that its clients call, and what an edge must know of it.

    In `hosts`, and in what `private` says, variables stand in braces: `{region}` is the region of
    the service's site, the others are in `meanings`. A host may begin with `*.`, which stands for
    every name below.

    - `name`: its key in a topology.
    - `hosts`: every host that its clients call.
    - `authentication`: how clients prove who they are, the usual way first.
    - `title`: the service as its vendor calls it. Without it: its name.
    - `home`: the cloud that offers it. None: its vendor stands outside of the clouds.
    - `meanings`: what the variables stand for, the region aside.
    - `port`: the port of every host. None: its users choose it, by the variable `port`.
    - `protocol`: what its clients speak. `https` and `grpc` are HTTP over TLS, `grpc` nothing but
      gRPC; `tls` begins with TLS, so that the name of the host is seen; `tcp` is anything else.
    - `streaming`: how answers come piece by piece. Empty: they come whole.
    - `private`: the private endpoints by which its home offers it. Empty: none is known.
    - `regions`: where it is, in words.
    - `closed`: whom it no longer takes as customers. None: it takes anybody.
    - `notes`: what else one should know.
    - `unverified`: what about this entry could not be verified. None: nothing.
    - `sources`: the URLs where that is documented.
    - `date`: when it was looked up, such as `2026-11-28`.
    """

    name: str
    hosts: tuple[str, ...] = field(converter=texts)
    authentication: tuple[Authentication, ...] = field(converter=_ways)
    title: str = Factory(lambda self: self.name, takes_self=True)
    home: str | None = None
    meanings: Mapping[str, str] = Factory(dict)
    port: int | None = DEFAULT_SERVICE_PORT
    protocol: ServiceProtocol = DEFAULT_SERVICE_PROTOCOL
    streaming: tuple[Streaming, ...] = field(default=(), converter=_streams)
    private: tuple[PrivateEndpoint, ...] = field(default=(), converter=_endpoints)
    regions: str | None = None
    closed: str | None = None
    notes: str | None = None
    unverified: str | None = None
    sources: tuple[str, ...] = field(default=(), converter=texts)
    date: str | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that a topology must give, the region aside."""
        return tuple(self.meanings)

    @property
    def needs_region(self) -> bool:
        """Whether its hosts depend on the region."""
        return REGION in variables_in(*self.hosts)

    @property
    def signs_host(self) -> bool:
        """Whether clients may sign the host's name: then another name breaks their requests.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
        """
        return "sigv4" in self.authentication

    def hosts_for(self, region: str | None, values: Mapping[str, str]) -> tuple[str, ...]:
        """The hosts in a region, with the values of the variables, each once.

        Raises ConfigurationError that names every value which is missing, unknown or cannot stand
        in the name of a host.
        """
        given = self._given(region, values, self.hosts)
        hosts = tuple(dict.fromkeys(_filled(host, given) for host in self.hosts))
        self._refuse(
            f"{host} is not the full name of a host" for host in hosts if not _is_host(host)
        )
        return hosts

    def private_for(
        self, region: str | None, values: Mapping[str, str]
    ) -> tuple[PrivateEndpoint, ...]:
        """The private endpoints in a region; ConfigurationError as for `hosts_for`."""
        patterns = [part for each in self.private for part in (each.service, each.zone or "")]
        given = self._given(region, values, [*self.hosts, *patterns])
        return tuple(
            evolve(
                each,
                service=_filled(each.service, given),
                hosts=[_filled(host, given) for host in each.hosts],
                zone=_filled(each.zone, given) if each.zone else None,
            )
            for each in self.private
        )

    def port_for(self, values: Mapping[str, str]) -> int:
        """Its port, or the one that `values` names; ConfigurationError where there is neither."""
        if self.port is not None:
            return self.port
        if PORT not in values:
            raise ConfigurationError(f"{self.name}: {self._missing(PORT)}")
        given = values[PORT]
        if not _PORT.match(given) or int(given) > _MOST_PORTS:
            message = f"{given!r} is not a port; choose from 1 to {_MOST_PORTS}"
            raise ConfigurationError(f"{self.name}: {message}")
        return int(given)

    def _given(
        self, region: str | None, values: Mapping[str, str], patterns: Iterable[str]
    ) -> Mapping[str, str]:
        """The values by variable, checked."""
        given = {**values, **({REGION: region} if region else {})}
        unknown = [name for name in values if name not in self.meanings]
        takes = f"it takes {', '.join(self.meanings)}" if self.meanings else "it takes none"
        self._refuse(f"the variable {name!r} is unknown; {takes}" for name in unknown)
        missing = [name for name in variables_in(*patterns) if name not in given]
        self._refuse(map(self._missing, missing))
        wrong = [name for name, value in given.items() if not _VALUE.match(value)]
        remedy = "use lower-case letters, digits, hyphens and dots"
        self._refuse(
            f"{name} is {given[name]!r}, which no host can have; {remedy}" for name in wrong
        )
        return given

    def _missing(self, name: str) -> str:
        meaning = "The region of its site." if name == REGION else self.meanings.get(name, "")
        return f"{name} is missing; give it: {meaning}"

    def _refuse(self, sentences: Iterable[str]) -> None:
        """Raise ConfigurationError where there is any sentence."""
        if found := [f"{self.name}: {each}" for each in sentences]:
            raise ConfigurationError("\n".join(found))


def _filled(pattern: str, given: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: given[match.group(1)], pattern)


def _is_host(host: str) -> bool:
    """Whether it is a name of two labels or more; `*.com` would stand for everybody's names."""
    labels = host.removeprefix("*.").split(".")
    fits = len(labels) > 1 and all(_LABEL.match(label) for label in labels)
    return fits and len(host) <= _LONGEST_NAME
