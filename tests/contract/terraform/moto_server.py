"""AWS on this machine: a moto server, and the real AWS provider that talks to it.

The provider comes from a filesystem mirror. `TRUNKLINE_AWS_PROVIDER` names its folder there, say
`<mirror>/registry.terraform.io/hashicorp/aws`, which holds `<version>/<platform>/<executable>`.
Its version may be older than the pinned one, so the stacks run with an override file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from support.loopback import free_port
from support.needs import AWS_PROVIDER_FOLDER

Json = dict[str, Any]

SOURCE: Final = "hashicorp/aws"
ACCOUNT: Final = "123456789012"  # the account that moto plays
DEBIAN: Final = "136693071363"
START_SECONDS: Final = 30
MOTO: Final = Path(__file__).with_name("moto_main.py")


def provider_folder() -> Path:
    """The folder of the real AWS provider inside its mirror."""
    return Path(os.environ[AWS_PROVIDER_FOLDER])


def mirror_of(folder: Path) -> Path:
    """The mirror's root: without host, namespace and name."""
    return folder.parents[2]


def newest_version(folder: Path) -> str:
    """The newest version of the provider in the mirror."""
    versions = [path.name for path in folder.iterdir() if path.is_dir()]
    return max(versions, key=lambda version: [int(part) for part in version.split(".")])


def override(version: str) -> Json:
    """What has to differ from a real deployment: the provider's version, and its patience.

    An answer of moto's is lost now and then, so one try is too few.
    """
    return {
        "terraform": {"required_providers": {"aws": {"source": SOURCE, "version": version}}},
        "provider": {"aws": {"max_retries": 5, "skip_metadata_api_check": "true"}},
    }


def environment(endpoint: str) -> dict[str, str]:
    """Points every AWS client at the server, with keys that mean nothing."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def without_aws(addresses: str) -> str:
    """A value for TF_REATTACH_PROVIDERS in which no double stands in for AWS."""
    held = json.loads(addresses)
    return json.dumps({name: where for name, where in held.items() if not name.endswith(SOURCE)})


@contextmanager
def running_moto(folder: Path) -> Iterator[str]:
    """A moto server on a free port of the loopback interface; yields its address."""
    images = folder / "images.json"
    images.write_text(json.dumps([image("amd64", "x86_64"), image("arm64", "arm64")]))
    port = free_port()
    command = [sys.executable, str(MOTO), "-H", "127.0.0.1", "-p", str(port)]
    # Without the second, no role can have one of AWS's own policies.
    settings = {"MOTO_AMIS_PATH": str(images), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    with (folder / "moto.log").open("w") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        wait_for(endpoint, process)
        yield endpoint
    finally:
        process.terminate()
        process.wait()


def image(debian_name: str, architecture: str) -> Json:
    """A Debian image as AWS lists it; moto knows none."""
    name = f"debian-13-{debian_name}-20260101-1"
    return {
        "ami_id": f"ami-0debian13{debian_name}",
        "name": name,
        "description": "Debian 13",
        "owner_id": DEBIAN,
        "architecture": architecture,
        "creation_date": "2026-01-01T00:00:00.000Z",
        "image_location": f"amazon/{name}",
        "image_type": "machine",
        "public": True,
        "state": "available",
        "hypervisor": "xen",
        "virtualization_type": "hvm",
        "root_device_name": "/dev/xvda",
        "root_device_type": "ebs",
    }


def wait_for(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as the server answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{endpoint}/moto-api/data.json", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"moto did not start within {START_SECONDS} s")


def forget_everything(endpoint: str) -> None:
    """Empty the account."""
    request = urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def call(endpoint: str, service: str, operation: str, **arguments: Any) -> Mapping[str, Any]:
    """Ask the server behind Terraform's back: `call(endpoint, "ec2", "describe_vpcs")`."""
    import boto3

    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    answer: Mapping[str, Any] = getattr(client, operation)(**arguments)
    return answer
