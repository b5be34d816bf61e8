#!/usr/bin/env python3
"""The command lines of the clouds (aws, gcloud, az), as far as they show a machine's console.

It is called by one of these names, and takes what that one takes; anything else is refused. Beside
it lies `machines.json`: the consoles by what names a machine there. The real aws (1.45) and gcloud
took the same arguments; az could not be had.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

FIND = "sort_by(Reservations[].Instances[], &LaunchTime)[-1].InstanceId"
STATES = "Name=instance-state-name,Values=pending,running,stopping,stopped"


def aws(words: Sequence[str], machines: dict[str, Any]) -> str:
    parser = argparse.ArgumentParser("aws", allow_abbrev=False)
    parser.add_argument("service", choices=["ec2"])
    parser.add_argument("command", choices=["describe-instances", "get-console-output"])
    parser.add_argument("--region", required=True)
    parser.add_argument("--output", required=True, choices=["text"])
    parser.add_argument("--filters", nargs="+")
    parser.add_argument("--query", required=True, choices=[FIND, "Output"])
    parser.add_argument("--instance-id")
    parser.add_argument("--latest", action="store_true")
    given = parser.parse_args(words)
    if given.command == "describe-instances":
        name, states = given.filters
        if states != STATES or given.query != FIND:
            refuse(f"An error occurred (InvalidParameterValue): {states}")
        known = f"{given.region}/{name.removeprefix('Name=tag:Name,Values=')}"
        return f"i-{known}" if known in machines else "None"
    if not given.latest or given.query != "Output":
        refuse("what it shows is of the start")
    return str(machines[given.instance_id.removeprefix("i-")])


def gcloud(words: Sequence[str], machines: dict[str, Any]) -> str:
    parser = argparse.ArgumentParser("gcloud", allow_abbrev=False)
    parser.add_argument("group", choices=["compute"])
    parser.add_argument("kind", choices=["instances"])
    parser.add_argument("command", choices=["get-serial-port-output"])
    parser.add_argument("instance")
    parser.add_argument("--zone", required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--quiet", action="store_true")
    given = parser.parse_args(words)
    known = f"{given.project}/{given.zone}/{given.instance}"
    if known not in machines:
        refuse(
            "ERROR: (gcloud.compute.instances.get-serial-port-output) Could not fetch serial port "
            f"output: \n - The resource 'projects/{known}' was not found\n"
        )
    return str(machines[known])


def az(words: Sequence[str], machines: dict[str, Any]) -> str:
    parser = argparse.ArgumentParser("az", allow_abbrev=False)
    parser.add_argument("group", choices=["vm"])
    parser.add_argument("kind", choices=["boot-diagnostics"])
    parser.add_argument("command", choices=["get-boot-log"])
    parser.add_argument("--name", required=True)
    parser.add_argument("--resource-group", required=True)
    parser.add_argument("--subscription", required=True)
    given = parser.parse_args(words)
    known = f"{given.subscription}/{given.resource_group}/{given.name}"
    if known not in machines:
        refuse(f"ERROR: (ResourceNotFound) {known} was not found.")
    return str(machines[known])


def refuse(words: str) -> NoReturn:
    sys.stderr.write(f"\n{words}\n")
    sys.exit(254)


if __name__ == "__main__":
    place = Path(sys.argv[0])
    shown = json.loads(place.with_name("machines.json").read_text())
    print({"aws": aws, "gcloud": gcloud, "az": az}[place.name](sys.argv[1:], shown))
