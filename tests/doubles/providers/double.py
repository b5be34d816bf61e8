"""A provider double: serves the schema of a real provider over Terraform's plugin protocol 6.

    python -m doubles.providers.double plugin <schema file> <namespace>/<name>
    python -m doubles.providers.double serve <schema file> <namespace>/<name> [...]

As a plugin it is started by Terraform, like the real one. `serve` starts many at once, prints how
TF_REATTACH_PROVIDERS finds them and stays until its parent is gone: Terraform starts a plugin 15
times in the life of one stack, and a start costs a quarter of a second.

A double accepts what the schema accepts, refuses what refusals.py names, invents what a
cloud would compute, and reaches nothing and nobody. What it cannot know is what a provider's own
code refuses beyond that table.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import grpc
from tf import provider as tf_provider
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc
from tf.runner import run_provider

from doubles.providers.effects import Effects, RefusedError
from doubles.providers.messages import decode, diagnostic, encode, to_schema
from doubles.providers.refusals import refusals
from doubles.providers.values import (
    Schema,
    Value,
    applied,
    missing_required,
    planned,
    read,
    written,
)

Call = Callable[["Double", Any, Any], Any]


def reporting(response: Callable[..., Any]) -> Callable[[Call], Call]:
    """Turn a refusal, and an exception of the double, into what Terraform shows."""

    def decorate(call: Call) -> Call:
        @wraps(call)
        def guarded(self: Double, request: Any, context: Any) -> Any:
            try:
                return call(self, request, context)
            except RefusedError as refused:
                return response(diagnostics=[diagnostic(str(refused))])
            except Exception:
                wrong = diagnostic("The provider double failed", traceback.format_exc())
                return response(diagnostics=[wrong])

        return guarded

    return decorate


# ruff: noqa: N802 (the protocol names its calls in capitals)
class Double(rpc.ProviderServicer):  # type: ignore[misc]
    """The provider side of the protocol, answered from a schema."""

    def __init__(self, schema: Schema, effects: Effects | None = None) -> None:
        self._effects = effects or Effects()
        self._provider: Schema = schema["provider"]
        self._resources: Mapping[str, Schema] = schema["resource_schemas"]
        self._data: Mapping[str, Schema] = schema.get("data_source_schemas", {})
        self._configured: dict[str, Value] = {}

    @property
    def _capabilities(self) -> pb.ServerCapabilities:
        """Lets Terraform ask for the schema once per command instead of once per plugin start."""
        return pb.ServerCapabilities(get_provider_schema_optional=True)

    def GetMetadata(self, request: Any, context: Any) -> Any:
        """The names of all types."""
        response = pb.GetMetadata.Response
        return response(
            server_capabilities=self._capabilities,
            resources=[pb.GetMetadata.ResourceMetadata(type_name=n) for n in self._resources],
            data_sources=[pb.GetMetadata.DataSourceMetadata(type_name=n) for n in self._data],
        )

    @reporting(pb.GetProviderSchema.Response)
    def GetProviderSchema(self, request: Any, context: Any) -> Any:
        """The whole schema."""
        return pb.GetProviderSchema.Response(
            provider=to_schema(self._provider),
            provider_meta=pb.Schema(block=pb.Schema.Block()),
            resource_schemas={name: to_schema(s) for name, s in self._resources.items()},
            data_source_schemas={name: to_schema(s) for name, s in self._data.items()},
            server_capabilities=self._capabilities,
        )

    @reporting(pb.ValidateProviderConfig.Response)
    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:
        """Terraform itself has held the configuration against the schema, but for nulls."""
        refused = self._refused("", self._provider, request)
        return pb.ValidateProviderConfig.Response(diagnostics=refused)

    @reporting(pb.ConfigureProvider.Response)
    def ConfigureProvider(self, request: Any, context: Any) -> Any:
        """Remember the configuration: some data sources answer by the provider's region."""
        self._configured = decode(request.config) or {}
        return pb.ConfigureProvider.Response()

    @reporting(pb.ValidateResourceConfig.Response)
    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:
        """Refuse what the real provider is known to refuse."""
        name = request.type_name
        refused = self._refused(name, self._resources[name], request)
        return pb.ValidateResourceConfig.Response(diagnostics=refused)

    @reporting(pb.ValidateDataResourceConfig.Response)
    def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:
        """Refuse what the real provider is known to refuse."""
        name = request.type_name
        refused = self._refused(f"data.{name}", self._data[name], request)
        return pb.ValidateDataResourceConfig.Response(diagnostics=refused)

    def _refused(self, name: str, schema: Schema, request: Any) -> list[pb.Diagnostic]:
        config = decode(request.config)
        nulls = missing_required(schema["block"], config)
        return [
            *(diagnostic(f"{name}: {attribute} is required, but is null") for attribute in nulls),
            *(diagnostic(why) for why in refusals(name, config)),
        ]

    @reporting(pb.UpgradeResourceState.Response)
    def UpgradeResourceState(self, request: Any, context: Any) -> Any:
        """The state that was stored is the state of this version."""
        stored = pb.DynamicValue(json=request.raw_state.json)
        return pb.UpgradeResourceState.Response(upgraded_state=stored)

    @reporting(pb.ReadResource.Response)
    def ReadResource(self, request: Any, context: Any) -> Any:
        """What is there now; without a sky nothing ever changes behind Terraform's back."""
        held = decode(request.current_state)
        now = self._effects.current(request.type_name, held) if held is not None else None
        same = request.current_state if now is held else encode(now)
        return pb.ReadResource.Response(new_state=same, private=request.private)

    @reporting(pb.PlanResourceChange.Response)
    def PlanResourceChange(self, request: Any, context: Any) -> Any:
        """Computed values of a new or changed resource are known after apply."""
        block = self._resources[request.type_name]["block"]
        plan = planned(block, decode(request.prior_state), decode(request.proposed_new_state))
        return pb.PlanResourceChange.Response(
            planned_state=encode(plan), planned_private=request.prior_private
        )

    @reporting(pb.ApplyResourceChange.Response)
    def ApplyResourceChange(self, request: Any, context: Any) -> Any:
        """The planned state with invented values; null where the resource is destroyed."""
        name = request.type_name
        prior, wanted = decode(request.prior_state), decode(request.planned_state)
        if refused := self._effects.refusal(name, prior, wanted):
            return pb.ApplyResourceChange.Response(
                new_state=request.prior_state, diagnostics=[diagnostic(refused)]
            )
        if wanted is not None:
            wanted = self._effects.settle(name, wanted)
        block = self._resources[name]["block"]
        state = applied(block, name, wanted)
        if state is not None:
            self._effects.write(name, state, written(block, prior, state, decode(request.config)))
        self._effects.follow(name, prior, state)
        return pb.ApplyResourceChange.Response(
            new_state=encode(state), private=request.planned_private
        )

    @reporting(pb.ReadDataSource.Response)
    def ReadDataSource(self, request: Any, context: Any) -> Any:
        """The configuration, the table of answers, and invented values for the rest."""
        name, config = request.type_name, decode(request.config)
        known = self._effects.answer(name, config, self._configured)
        return pb.ReadDataSource.Response(
            state=encode(read(self._data[name]["block"], name, config, known))
        )

    def ImportResourceState(self, request: Any, context: Any) -> Any:
        """There is nothing to import from."""
        wrong = diagnostic("A provider double has nothing to import")
        return pb.ImportResourceState.Response(diagnostics=[wrong])

    def MoveResourceState(self, request: Any, context: Any) -> Any:
        """A move between types needs the provider's own code."""
        wrong = diagnostic("A provider double cannot move state between types")
        return pb.MoveResourceState.Response(diagnostics=[wrong])

    def GetFunctions(self, request: Any, context: Any) -> Any:
        """The doubles have no functions."""
        return pb.GetFunctions.Response()

    def StopProvider(self, request: Any, context: Any) -> Any:
        """The runner stops the server after this answer."""
        return pb.StopProvider.Response()


def run_plugin(schema_file: str, source: str) -> None:
    """Serve one provider to the Terraform that started this process."""
    double = load(schema_file, source)
    # The runner knows how to shake hands with Terraform; the servicer is ours.
    tf_provider.ProviderServicer = lambda _: double
    run_provider(None, sys.argv[:1])


def serve(*files_and_sources: str) -> None:
    """Serve several providers to every Terraform that is told their sockets.

    Provider configurations of one provider overwrite each other here, which only the answers of
    data sources that follow the provider's region could show.
    """
    files = dict(zip(files_and_sources[1::2], map(Path, files_and_sources[::2]), strict=True))
    with listening(files, Effects()) as addresses:
        print(addresses, flush=True)
        with suppress(KeyboardInterrupt):
            while True:  # a wait without an end misses a signal that comes as it begins
                time.sleep(0.2)


@contextmanager
def listening(files: Mapping[str, Path], effects: Effects) -> Iterator[str]:
    """Doubles of the providers, by source, in threads; yields a TF_REATTACH_PROVIDERS."""
    with tempfile.TemporaryDirectory() as folder:
        servers = {
            source: _listen(load(path, source, effects), folder, source)
            for source, path in files.items()
        }
        try:
            yield json.dumps({source: found for source, (_, found) in servers.items()})
        finally:
            for server, _ in servers.values():
                server.stop(grace=None).wait()


def _listen(double: Double, folder: str, source: str) -> tuple[grpc.Server, dict[str, Any]]:
    """A server on a socket of its own, and how Terraform finds it."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    rpc.add_ProviderServicer_to_server(double, server)
    path = f"{folder}/{source.replace('/', '-')}.sock"
    server.add_insecure_port(f"unix://{path}")
    server.start()
    address = {"Network": "unix", "String": path}
    found = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True}
    return server, {**found, "Addr": address}


def load(schema_file: str | Path, source: str, effects: Effects | None = None) -> Double:
    """The double of one provider of a schema file."""
    schema = json.loads(Path(schema_file).read_text())["provider_schemas"][source]
    return Double(schema, effects)


def end_with_parent(parent: int) -> None:
    """Stop when the parent is gone; a killed Terraform tells its plugins nothing."""
    while os.getppid() == parent:
        time.sleep(0.2)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def main(command: str, *arguments: str) -> None:
    """Do what the command line says, for as long as the parent lives."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    commands: dict[str, Callable[..., None]] = {"plugin": run_plugin, "serve": serve}
    commands[command](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
