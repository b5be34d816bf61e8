"""Where Terraform keeps the state of the stacks."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class LocalState:
    """State files in a folder beside `cdktf.out`, as a relative path."""

    directory: str = "state"


@frozen(kw_only=True)
class TerraformCloudState:
    """HCP Terraform, one workspace per stack."""

    organization: str
    project: str | None = None
    hostname: str = "app.terraform.io"


@frozen(kw_only=True)
class S3State:
    """An S3 bucket; locks are files beside the state."""

    bucket: str
    region: str
    prefix: str = "trunkline"


@frozen(kw_only=True)
class GcsState:
    """A Google Cloud Storage bucket."""

    bucket: str
    prefix: str = "trunkline"


@frozen(kw_only=True)
class AzurermState:
    """A container of an Azure storage account; `subscription_id` None means the caller's own."""

    resource_group: str
    storage_account: str
    container: str
    prefix: str = "trunkline"
    subscription_id: str | None = None


State = LocalState | TerraformCloudState | S3State | GcsState | AzurermState
