"""Each cloud's machines, started with their own user data in that cloud's doubles."""

from __future__ import annotations

import base64
import contextlib
import functools
import gzip
import hashlib
import http.client
import json
import secrets
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from contract.xds.plane import NEEDED, PYTHON, Plane
from doubles.machines import payloads
from doubles.machines.machine import Machine
from doubles.machines.network import MACHINE_ADDRESS, inside
from doubles.machines.payloads import CloudName, Payload, Stacks
from doubles.machines.scene import Running, Scene
from doubles.services.packages import SigningKey
from doubles.services.trust import unverified_client
from support.certificates import Authority

from trunkline.envoy.statistics import PORT as STATISTICS_PORT
from trunkline.model import EDGE_KEY_HEADER as KEY
from trunkline.probing.addresses import ProbeAddress
from trunkline.probing.client import fetch
from trunkline.probing.key import generate_key, parse_key

pytestmark = pytest.mark.slow

CLOUDS: tuple[CloudName, ...] = get_args(CloudName)
EDGE = "trunkline-edge.service"
CONFIGURATION = "trunkline-configuration.service"
TUNNEL = "trunkline-tunnel.service"
PROBE = "trunkline-probe.service"

# What a store says until a new permission has spread, and once more because it is busy.
LATE: dict[CloudName, tuple[int, ...]] = {
    "aws": (400, 503),
    "google": (403, 503),
    "azure": (403, 503),
}


@pytest.fixture(scope="module", params=CLOUDS)
def edge(request: pytest.FixtureRequest, scene: Scene, tunnelled: Stacks) -> Iterator[Running]:
    """A machine that has taken in an edge's user data, cloud-init at its end, tunnel started."""
    cloud: CloudName = request.param
    with scene.boot(cloud, tunnelled.edge(cloud), new_token()) as running:
        running.machine.wait_for_http(
            payloads.EDGE_PORT, "/healthz", headers=running.payload.headers
        )
        running.machine.wait_for_cloud_init()
        running.machine.wait_for_http(payloads.METRICS_PORT, "/ready")
        yield running


@pytest.fixture(scope="module", params=CLOUDS)
def probe(request: pytest.FixtureRequest, scene: Scene, tunnelled: Stacks) -> Iterator[Running]:
    cloud: CloudName = request.param
    with scene.boot(cloud, tunnelled.probe(cloud), generate_key()) as running:
        running.machine.wait_for_http(payloads.PROBE_PORT, "/healthz")
        running.machine.wait_for_cloud_init()
        yield running


@pytest.fixture(scope="module")
def public(scene: Scene, with_public_edges: Stacks) -> Iterator[Running]:
    """An edge without a tunnel, in the cloud whose machine is up soonest."""
    with scene.boot("azure", with_public_edges.edge("azure"), new_token()) as running:
        running.machine.wait_for_cloud_init()
        wait_for_port(running.machine, payloads.PUBLIC_PORT)
        yield running


def new_token() -> str:
    return f"eyJ{secrets.token_urlsafe(120)}"


def text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def agent_starts(machine: Machine) -> list[dict[str, str]]:
    """What the double of cloudflared said at each of its starts."""
    lines = machine.journal(TUNNEL).splitlines()
    return [json.loads(line.removeprefix("double ")) for line in lines if line.startswith("double")]


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def reaches(machine: Machine, user: str, address: str) -> bool:
    """Whether that user's processes get a TCP connection to the web at an address."""
    connect = f"import socket; socket.create_connection(('{address}', 80), 5)"
    run = f'setpriv --reuid={user} --clear-groups python3 -c "{connect}" && echo reached || true'
    return "reached" in machine.run("sh", "-c", run)


class TestEdge:
    def test_cloud_init_ends_without_an_error(self, edge: Running) -> None:
        status = edge.machine.cloud_init_status()
        assert (status["status"], status["errors"]) == ("done", [])
        assert status["recoverable_errors"] == {}

    def test_no_unit_failed(self, edge: Running) -> None:
        assert edge.machine.run("systemctl", "--failed", "--no-legend") == ""

    @pytest.mark.parametrize("prefix", payloads.PREFIXES)
    def test_it_answers_every_prefix(self, edge: Running, prefix: str) -> None:
        asking = edge.payload.headers
        answer = edge.machine.get(payloads.EDGE_PORT, f"{prefix}/anything", headers=asking)
        assert answer.status == 200
        assert json.loads(answer.read())["cloud"] == edge.cloud.name

    def test_it_refuses_another_path(self, edge: Running) -> None:
        asking = edge.payload.headers
        assert edge.machine.get(payloads.EDGE_PORT, "/elsewhere", headers=asking).status == 404

    @pytest.mark.parametrize("changed", [{KEY: "another"}, {KEY: ""}, {"Host": "api.example.com"}])
    def test_it_refuses_whoever_has_no_key_or_calls_it_by_another_name(
        self, edge: Running, changed: dict[str, str]
    ) -> None:
        asking = {**edge.payload.headers, **changed}
        for path in ("/api/v5", "/healthz", "/livez"):
            assert edge.machine.get(payloads.EDGE_PORT, path, headers=asking).status == 403

    def test_the_agent_was_started_with_the_secret_of_the_store(self, edge: Running) -> None:
        (start,) = agent_starts(edge.machine)
        assert start["token_sha256"] == digest(edge.own_secret)
        assert "--token-file" in start["argv"]

    def test_the_store_refused_nothing(self, edge: Running) -> None:
        assert {*edge.cloud.reads} == {200}

    def test_the_edge_key_is_in_no_user_data_no_journal_no_command_line(
        self, edge: Running
    ) -> None:
        key = payloads.EDGE_KEY
        assert key not in edge.payload.user_data
        assert key not in edge.machine.journal()
        assert key not in edge.machine.run("sh", "-c", "cat /proc/*/cmdline /proc/*/environ")

    def test_the_edge_key_lies_in_files_that_only_the_edge_can_read(self, edge: Running) -> None:
        paths = files_with(edge.machine, payloads.EDGE_KEY)
        assert {*paths} == {"/run/trunkline-configuration/rds-edge.json"}
        assert all(others_may_not_read(edge.machine, path) for path in paths)

    def test_the_token_is_in_no_user_data_no_journal_no_command_line(self, edge: Running) -> None:
        token = edge.own_secret
        assert token not in edge.payload.user_data
        assert token not in edge.machine.journal()
        assert token not in edge.machine.run("sh", "-c", "cat /proc/*/cmdline /proc/*/environ")

    def test_the_token_lies_in_memory_where_only_systemd_and_the_agent_can_read_it(
        self, edge: Running
    ) -> None:
        own = f"/run/credentials/{TUNNEL}/token"
        paths = {*files_with(edge.machine, edge.own_secret)}
        assert paths == {"/run/trunkline-configuration/token", own}
        assert all(others_may_not_read(edge.machine, path) for path in paths)

    def test_only_loopback_listens(self, edge: Running) -> None:
        listening = edge.machine.listening()
        assert listening == {
            ("127.0.0.1", payloads.EDGE_PORT),
            ("127.0.0.1", payloads.METRICS_PORT),
            ("127.0.0.1", STATISTICS_PORT),
        }

    def test_its_statistics_are_for_prometheus_and_nothing_else_of_the_administration(
        self, edge: Running
    ) -> None:
        answer = edge.machine.get(STATISTICS_PORT, "/stats/prometheus")
        assert answer.status == 200
        assert b"envoy_http_downstream_rq_total" in answer.read()
        for path in ("/", "/config_dump", "/stats", "/stats/prometheus/../../quitquitquit"):
            assert edge.machine.get(STATISTICS_PORT, path).status == 404

    def test_what_cloud_init_left_on_disk_is_closed_to_other_users(self, edge: Running) -> None:
        seen = edge.machine.run("find", "/etc/envoy", "/usr/local/lib/trunkline", "-perm", "-o+w")
        assert seen == ""

    def test_nobody_can_log_in(self, edge: Running) -> None:
        assert accounts_with_password(edge.machine) == []
        assert accounts_with_shell(edge.machine) == ["root"]

    @pytest.mark.parametrize("unit", [EDGE, CONFIGURATION, TUNNEL])
    def test_the_unit_runs_in_its_sandbox(self, edge: Running, unit: str) -> None:
        assert sandbox(edge.machine, unit) == SANDBOX

    @pytest.mark.parametrize("unit", [EDGE, CONFIGURATION, TUNNEL])
    def test_a_killed_process_comes_back(self, edge: Running, unit: str) -> None:
        before = edge.machine.show(unit, "MainPID")["MainPID"]
        edge.machine.run("kill", "-KILL", before)
        wait_for_another_process(edge.machine, unit, before)
        edge.machine.wait_for_http(payloads.EDGE_PORT, "/healthz", headers=edge.payload.headers)
        edge.machine.wait_for_http(payloads.METRICS_PORT, "/ready")

    def test_a_stop_says_so_first_and_ends_what_carries_requests_before(
        self, edge: Running
    ) -> None:
        machine = edge.machine
        asking = edge.payload.headers
        assert EDGE in machine.show(TUNNEL, "After")["After"].split()
        machine.run("systemctl", "stop", "--no-block", EDGE)
        machine.wait(
            lambda: machine.get(payloads.EDGE_PORT, "/healthz", headers=asking).status == 503,
            5,
            "it is unhealthy",
        )
        assert machine.get(payloads.EDGE_PORT, "/api/v5", headers=asking).status == 200
        machine.wait(
            lambda: machine.show(EDGE, "ActiveState")["ActiveState"] == "inactive", 15, "it ends"
        )
        machine.run("systemctl", "start", EDGE)
        machine.wait_for_http(payloads.EDGE_PORT, "/healthz", headers=asking)

    def test_a_new_route_is_served_without_a_restart(self, edge: Running) -> None:
        asking = edge.payload.headers
        before = edge.machine.show(EDGE, "MainPID")
        name, items = with_route(edge, "/new")
        edge.cloud.secrets.values[name] = items
        edge.machine.wait(
            lambda: edge.machine.get(payloads.EDGE_PORT, "/new", headers=asking).status == 200,
            40,
            "the new route is served",
        )
        assert edge.machine.show(EDGE, "MainPID") == before

    def test_what_envoy_refuses_is_said_and_the_old_configuration_stays(
        self, edge: Running
    ) -> None:
        asking = edge.payload.headers
        name, items = with_route(edge, "/not-for-envoy/")
        before = edge.cloud.secrets.values[name]
        edge.cloud.secrets.values[name] = items
        edge.machine.wait(
            lambda: "Envoy refuses it" in edge.machine.journal(CONFIGURATION), 40, "it is refused"
        )
        assert "stays in place" in edge.machine.show(CONFIGURATION, "StatusText")["StatusText"]
        assert edge.machine.get(payloads.EDGE_PORT, "/api/v5", headers=asking).status == 200
        edge.cloud.secrets.values[name] = before

    def test_a_new_token_is_taken_with_a_restart(self, edge: Running) -> None:
        edge.cloud.secrets.values[edge.payload.own_secret] = new_token()
        edge.machine.run("systemctl", "restart", CONFIGURATION)
        edge.machine.run("systemctl", "restart", TUNNEL)
        edge.machine.wait_for_http(payloads.METRICS_PORT, "/ready")
        assert agent_starts(edge.machine)[-1]["token_sha256"] == digest(edge.own_secret)

    @pytest.mark.parametrize("unit", [EDGE, TUNNEL])
    def test_who_gets_into_a_daemon_has_not_the_identity_of_the_machine(
        self, edge: Running, unit: str
    ) -> None:
        address = "169.254.169.254"
        pid = edge.machine.show(unit, "MainPID")["MainPID"]
        user = edge.machine.run("stat", "-c", "%u", f"/proc/{pid}").strip()
        assert reaches(edge.machine, "0", address)
        assert not reaches(edge.machine, user, address)
        own = edge.machine.run("id", "-u", "trunkline").strip()
        assert reaches(edge.machine, own, address), "the configuration could not be read"

    def test_the_token_is_for_systemd_alone(self, edge: Running) -> None:
        path = "/run/trunkline-configuration/token"
        assert edge.machine.run("stat", "-c", "%a %U", path).strip() == "600 trunkline"

    def test_it_asks_the_metadata_service_as_that_demands(self, edge: Running) -> None:
        assert edge.cloud.refused == 0


class TestProbe:
    def test_cloud_init_ends_without_an_error(self, probe: Running) -> None:
        status = probe.machine.cloud_init_status()
        assert (status["status"], status["errors"]) == ("done", [])
        assert status["recoverable_errors"] == {}

    def test_no_unit_failed(self, probe: Running) -> None:
        assert probe.machine.run("systemctl", "--failed", "--no-legend") == ""

    def test_an_operator_can_ask_it(self, probe: Running) -> None:
        with inside(probe.machine.network.cloud):
            connection = http.client.HTTPConnection(MACHINE_ADDRESS, payloads.PROBE_PORT, timeout=5)
            connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200

    def test_nothing_else_listens(self, probe: Running) -> None:
        ports = (payloads.PROBE_PORT, payloads.CONNECT_PORT)
        assert probe.machine.listening() == {("0.0.0.0", port) for port in ports}

    def test_it_asked_the_store_for_its_key_once(self, probe: Running) -> None:
        assert probe.cloud.reads == [200]

    def test_results_are_signed_with_the_key_of_the_store(self, probe: Running) -> None:
        zone = json.loads(probe.machine.get(payloads.PROBE_PORT, "/healthz").read())
        address = ProbeAddress(zone["site"], zone["zone"], MACHINE_ADDRESS, payloads.PROBE_PORT)
        with inside(probe.machine.network.cloud):
            results = fetch(address, parse_key(probe.own_secret, "the store"))
        assert results.content["zone"] == zone["zone"]

    def test_the_key_lies_in_one_file_that_only_the_agent_can_read(self, probe: Running) -> None:
        (path,) = files_with(probe.machine, probe.own_secret)
        assert path.startswith("/run/")
        assert others_may_not_read(probe.machine, path)
        assert probe.own_secret not in probe.payload.user_data

    def test_the_unit_runs_in_its_sandbox(self, probe: Running) -> None:
        assert sandbox(probe.machine, PROBE) == SANDBOX

    def test_a_killed_process_comes_back(self, probe: Running) -> None:
        before = probe.machine.show(PROBE, "MainPID")["MainPID"]
        probe.machine.run("kill", "-KILL", before)
        wait_for_another_process(probe.machine, PROBE, before)
        probe.machine.wait_for_http(payloads.PROBE_PORT, "/healthz")


class TestPublicEdge:
    def test_only_the_public_port_listens_to_others(self, public: Running) -> None:
        listening = {("0.0.0.0", payloads.PUBLIC_PORT), ("127.0.0.1", STATISTICS_PORT)}
        assert public.machine.listening() == listening

    def test_it_ends_the_connection_of_a_client_without_certificate(self, public: Running) -> None:
        with pytest.raises(ssl.SSLError, match="certificate required"):
            read_over_tls(public.machine, unverified_client())

    def test_it_ends_the_connection_of_a_client_with_another_certificate(
        self, public: Running, scene: Scene
    ) -> None:
        with pytest.raises(ssl.SSLError, match="unknown ca"):
            read_over_tls(public.machine, scene.authority.client())

    def test_its_unit_runs_in_its_sandbox(self, public: Running) -> None:
        only_low_ports = {"CapEff": "0000000000000400", "CapBnd": "0000000000000400"}
        assert sandbox(public.machine, EDGE) == {**SANDBOX, **only_low_ports}

    def test_it_reads_its_configuration_alone(self, public: Running) -> None:
        assert {*public.cloud.reads} == {200}
        assert [*public.cloud.secrets.values] == ["configuration"]

    def test_it_answers_a_client_whose_certificate_its_authority_signed(
        self, public: Running, scene: Scene
    ) -> None:
        """With an authority of our own in the place of Cloudflare's, whose key we lack."""
        public.machine.path(payloads.CLIENT_CA).write_text(scene.authority.pem)
        public.machine.run("systemctl", "restart", EDGE)
        wait_for_port(public.machine, payloads.PUBLIC_PORT)
        asked = GET_HEALTHZ + "".join(f"{k}: {v}\r\n" for k, v in public.payload.headers.items())
        said = read_over_tls(public.machine, scene.authority.client(), f"{asked}\r\n".encode())
        assert b" 200 OK" in said
        stranger = f"{GET_HEALTHZ}Host: {public.payload.hostname}\r\n\r\n".encode()
        assert b" 403 " in read_over_tls(public.machine, scene.authority.client(), stranger)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_permission_that_comes_late_only_delays_the_agent(
    scene: Scene, tunnelled: Stacks, cloud: CloudName
) -> None:
    token = new_token()
    with scene.boot(cloud, tunnelled.edge(cloud), token, LATE[cloud]) as running:
        running.machine.wait_for_http(
            payloads.EDGE_PORT, "/healthz", headers=running.payload.headers
        )
        running.machine.wait_for_http(payloads.METRICS_PORT, "/ready", timeout=30)
        refused = LATE[cloud]
        assert tuple(running.cloud.reads[: len(refused)]) == refused
        assert {*running.cloud.reads[len(refused) :]} == {200}
        assert agent_starts(running.machine)[-1]["token_sha256"] == digest(token)
        assert running.machine.wait_for_cloud_init()["errors"] == []


@pytest.mark.parametrize("published", [False, True], ids=["repository", "repository and key"])
def test_packages_that_another_key_signed_are_not_installed(
    scene: Scene, tunnelled: Stacks, signing_key: SigningKey, tmp_path: Path, published: bool
) -> None:
    with contextlib.closing(SigningKey(tmp_path / "gpg", "somebody else")) as key:
        forged = scene.vendors.with_envoy_signed_by(scene.images, key, published=published)
    with replace(scene, vendors=forged).boot("azure", tunnelled.edge("azure"), new_token()) as edge:
        log = edge.machine.path("/var/log/cloud-init-output.log")
        edge.machine.wait(lambda: "is not signed" in text(log), 30, "apt refuses")
        edge.machine.wait(
            lambda: "The repository of envoy is not believed" in edge.machine.journal(),
            5,
            "the journal says why",
        )
        said = edge.machine.journal()
        assert key.fingerprint in said
        assert f"Expected: one of {signing_key.fingerprint}" in said
        assert "edge.versions.signing_keys.envoy" in said
        assert "repository of cloudflared is not believed" not in said
        assert not edge.machine.exists("/usr/bin/envoy")
        assert edge.machine.listening() == set()


@pytest.mark.skipif(not PYTHON.exists(), reason=NEEDED)
def test_an_edge_shows_its_control_plane_who_it_is_and_takes_a_new_certificate(
    scene: Scene, signing_key: SigningKey, tmp_path: Path
) -> None:
    servers, old, new = (Authority(tmp_path, name) for name in ("servers", "old", "new"))
    plane = Plane(
        tmp_path, 15012, payloads.EDGE_PORT, servers.pair("xds.test"), payloads.OPERATOR_ADDRESS
    )
    asked = (
        f"{{xds: https://{plane.host}:{plane.port}, ca: servers.crt, server_name: xds.test, "
        "client_certificate: true, header: authorization}"
    )
    edge = payloads.meshed(tmp_path, signing_key.fingerprint, asked).edge("azure")
    shown = {
        "${var.control_plane_certificate}": old.pair("edge-old").pem,
        "${var.control_plane_header}": "Bearer of-the-control-plane",
    }
    with scene.boot("azure", replace(edge, variables=shown), new_token()) as running:
        machine = running.machine
        serving = functools.partial(in_the_cloud, machine, plane)
        plane.give("/one")
        with serving(old.certificate):
            machine.wait_for_http(payloads.EDGE_PORT, "/one")
        for secret in shown.values():
            line = secret.splitlines()[-2:][0]  # the last one of the key, or the value
            assert line not in running.payload.user_data + machine.journal()
            assert all(others_may_not_read(machine, path) for path in files_with(machine, line))
        before = machine.show(EDGE, "MainPID")
        running.cloud.secrets.values["control-plane-certificate"] = new.pair("edge-new").pem
        plane.give("/later")
        with serving(new.certificate):
            machine.wait_for_http(payloads.EDGE_PORT, "/later", timeout=40)
        assert machine.show(EDGE, "MainPID") == before
    seen = plane.said("shown")
    assert [seen[0]["certificate"], seen[-1]["certificate"]] == ["edge-old", "edge-new"]
    assert {each["authorization"] for each in seen} == {"Bearer of-the-control-plane"}


@contextlib.contextmanager
def in_the_cloud(machine: Machine, plane: Plane, clients: str) -> Iterator[None]:
    """A control plane on the other side of the machine's cable, while the block runs."""
    with contextlib.ExitStack() as stack:
        with inside(machine.network.cloud):
            stack.enter_context(plane.serving(clients))
        yield


def test_the_image_lets_in_ssh_unless_the_payload_closes_it(scene: Scene) -> None:
    """Guards the tests themselves: an image without sshd would prove nothing about payloads."""
    with scene.boot("azure", Payload("#cloud-config\n{}\n"), new_token()) as running:
        running.machine.wait_for_cloud_init()
        wait_for_port(running.machine, 22)


GET_HEALTHZ = "GET /healthz HTTP/1.1\r\nConnection: close\r\n"


def with_route(edge: Running, prefix: str) -> tuple[str, str]:
    """The name of an edge's configuration in the store, and one that has another route."""
    name = next(each for each in edge.payload.secrets if each != edge.payload.own_secret)
    version, count, _, *known, data = edge.cloud.secrets.values[name].split(" ")
    document = json.loads(gzip.decompress(base64.b64decode(data)))
    host = document["routes"][0]["virtual_hosts"][0]
    route = {"match": {"path_separated_prefix": prefix}, "direct_response": {"status": 200}}
    host["routes"].insert(1, {"name": prefix, **route})  # after the refusal of who has no key
    whole = json.dumps(document).encode()
    packed = base64.b64encode(gzip.compress(whole)).decode()
    return name, " ".join([version, count, hashlib.sha256(whole).hexdigest(), *known, packed])


def read_over_tls(machine: Machine, context: ssl.SSLContext, request: bytes = b"") -> bytes:
    """What the machine says first, from outside; a refusal comes after the handshake."""
    with inside(machine.network.cloud):
        plain = socket.create_connection((MACHINE_ADDRESS, payloads.PUBLIC_PORT), timeout=5)
    with plain, context.wrap_socket(plain) as tls:
        if request:
            tls.sendall(request)
        return tls.recv(4096)


def wait_for_port(machine: Machine, port: int) -> None:
    machine.wait(lambda: port in {p for _, p in machine.listening()}, 20, f"port {port} is open")


SANDBOX = {
    "NoNewPrivs": "1",
    "Seccomp": "2",
    "CapEff": "0000000000000000",
    "CapBnd": "0000000000000000",
    "root": False,
    "writable": False,
}


def sandbox(machine: Machine, unit: str) -> dict[str, object]:
    """What the kernel says of the unit's process, not what the unit file asks for."""
    process = machine.show(unit, "MainPID")["MainPID"]
    lines = machine.run("cat", f"/proc/{process}/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    mounts = machine.run("cat", f"/proc/{process}/mountinfo").splitlines()
    options = [line.split()[5].split(",") for line in mounts if line.split()[4] == "/"]
    kept = {name: status[name] for name in ("NoNewPrivs", "Seccomp", "CapEff", "CapBnd")}
    return {**kept, "root": "0" in status["Uid"].split(), "writable": "rw" in options[-1]}


def accounts_with_password(machine: Machine) -> list[str]:
    fields = [line.split(":") for line in machine.path("/etc/shadow").read_text().splitlines()]
    return [name for name, password, *_ in fields if password[:1] not in ("!", "*")]


def accounts_with_shell(machine: Machine) -> list[str]:
    fields = [line.split(":") for line in machine.path("/etc/passwd").read_text().splitlines()]
    return [field[0] for field in fields if field[-1].endswith("sh")]


def files_with(machine: Machine, text: str) -> list[str]:
    places = ["/run", "/var", "/etc", "/tmp", "/usr/local", "/root"]
    found = machine.run("grep", "-rlIF", "--devices=skip", text, *places, check=False)
    return found.split()


def others_may_not_read(machine: Machine, path: str) -> bool:
    """Asked as the user `nobody`, since folders on the way count too."""
    command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "cat", path]
    return machine.run(*command, check=False) == ""


def wait_for_another_process(machine: Machine, unit: str, before: str) -> None:
    def another() -> bool:
        state = machine.show(unit, "MainPID", "ActiveState")
        return state["MainPID"] not in ("0", before) and state["ActiveState"] == "active"

    machine.wait(another, 20, f"{unit} runs again")
