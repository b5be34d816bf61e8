"""What the clouds hold: every resource as Terraform knows it, by type."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trunkline.model import Server

State = Mapping[str, Any]

# Benchmarking addresses (RFC 2544) stand for the public ones that the clouds hand out.
PUBLIC = ipaddress.ip_network("198.18.0.0/15")
# One of Cloudflare's own, so that a public edge's firewall lets it in, and out to it an agent's.
CLOUDFLARE_RANGE = ipaddress.ip_network("198.41.128.0/17")
CLOUDFLARE = "198.41.192.7"
_FIRST_HOST = 10  # of a subnet; clouds keep the first few addresses to themselves


@dataclass(frozen=True)
class StoreFault:
    """A secret store's answer that is not a secret; a status of 0 is the secret, but late."""

    status: int
    seconds: float = 0.0


@dataclass
class World:
    """Resources by type and key, and the addresses that were handed out."""

    resources: dict[str, dict[str, State]] = field(default_factory=dict)
    before: dict[str, dict[str, State]] = field(default_factory=dict)
    """What was there before any stack was applied."""
    servers: dict[str, tuple[Server, ...]] = field(default_factory=dict)
    """The service behind an edge, by its machine's name."""
    unnamed: set[str] = field(default_factory=set)
    """Hosts of services that no DNS of an edge's network knows."""
    store_faults: dict[str, list[StoreFault]] = field(default_factory=dict)
    """What a secret store answers next, in place of a secret, by the machine's name."""
    written: dict[tuple[str, str], State] = field(default_factory=dict)
    """The values of write-only arguments, which no state holds, by type and key."""
    received: Counter[str] = field(default_factory=Counter)
    """How often the services behind the edges got a request: `POST /path`."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    _hosts: Counter[str] = field(default_factory=Counter)
    _public: Iterator[Any] = field(default_factory=lambda: iter(PUBLIC.hosts()))

    def put(self, type_name: str, state: State) -> None:
        with self.lock:
            self.resources.setdefault(type_name, {})[key(state)] = state

    def put_before(self, type_name: str, state: State) -> None:
        """Add what no stack makes, such as a network that exists."""
        self.before.setdefault(type_name, {})[key(state)] = state

    def drop(self, type_name: str, state: State) -> None:
        with self.lock:
            self.resources.get(type_name, {}).pop(key(state), None)

    def write(self, type_name: str, state: State, values: State) -> None:
        """Keep what a stack has sent by write-only arguments."""
        with self.lock:
            held = self.written.get((type_name, key(state)), {})
            self.written[type_name, key(state)] = {**held, **values}

    def secret(self, type_name: str, state: State, argument: str) -> str:
        """A secret's value, which came by the argument or by its write-only twin."""
        written = self.written.get((type_name, key(state)), {})
        return str(written.get(f"{argument}_wo", state.get(argument)))

    def all(self, type_name: str, **wanted: Any) -> list[State]:
        """What is there of a type, with these values in its attributes."""
        with self.lock:
            made, before = self.resources.get(type_name, {}), self.before.get(type_name, {})
            held = [*made.values(), *before.values()]
        return [each for each in held if all(each.get(k) == v for k, v in wanted.items())]

    def one(self, type_name: str, **wanted: Any) -> State | None:
        return next(iter(self.all(type_name, **wanted)), None)

    def now(self, type_name: str, state: State) -> State | None:
        """A resource of a stack as it is now; `state` itself where nothing has changed."""
        with self.lock:
            held = self.resources.get(type_name, {}).get(key(state))
            held = held or self.before.get(type_name, {}).get(key(state))
        return state if held == state else held

    def left(self) -> list[str]:
        """What was not destroyed: `type key`."""
        with self.lock:
            return sorted(
                f"{kind} {name}" for kind, held in self.resources.items() for name in held
            )

    def receive(self, request: str) -> None:
        with self.lock:
            self.received[request] += 1

    def private_address(self, cidr: str) -> str:
        """The next free address of a subnet."""
        with self.lock:
            number = self._hosts[cidr]
            self._hosts[cidr] += 1
        return str(ipaddress.ip_network(cidr)[_FIRST_HOST + number])

    def public_address(self) -> str:
        with self.lock:
            return str(next(self._public))


def plain(value: Any) -> Any:
    """A value of any type, which Terraform's protocol carries with the name of its type."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], bytes):
        return value[1]
    return value


def key(state: State) -> str:
    """What tells a resource from others of its type; a few types of Cloudflare have no id."""
    if "setting_id" in state:  # which has the same id in every zone
        return f"{state['zone_id']} {state['setting_id']}"
    names = ("id", "tunnel_id", "script_name", "pattern", "name")
    return next(str(state[name]) for name in names if state.get(name))
