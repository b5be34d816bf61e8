"""Where Terraform keeps the state of a stack: the arguments of each backend, as plain data."""

from __future__ import annotations

from trunkline.model import (
    AzurermState,
    GcsState,
    LocalState,
    S3State,
    State,
    TerraformCloudState,
)


def backend(state: State, topology: str, stack: str) -> tuple[str, dict[str, object]]:
    """The backend's name and arguments for one stack of a topology."""
    path = f"{topology}/{stack}.tfstate"
    match state:
        case LocalState():
            # From cdktf.out/stacks/<stack>, where Terraform runs, to beside cdktf.out: the state
            # outlives the output folder, and no path of a machine stands in the output.
            return "local", {"path": f"../../../{state.directory}/{path}"}
        case TerraformCloudState():
            return "cloud", _terraform_cloud(state, f"{topology}-{stack}")
        case S3State():
            return "s3", {
                "bucket": state.bucket,
                "region": state.region,
                "key": f"{state.prefix}/{path}",
                "encrypt": True,
                "use_lockfile": True,
            }
        case GcsState():
            return "gcs", {"bucket": state.bucket, "prefix": f"{state.prefix}/{topology}/{stack}"}
        case AzurermState():
            where = {"subscription_id": state.subscription_id} if state.subscription_id else {}
            return "azurerm", {
                **where,
                "resource_group_name": state.resource_group,
                "storage_account_name": state.storage_account,
                "container_name": state.container,
                "key": f"{state.prefix}/{path}",
            }


def _terraform_cloud(state: TerraformCloudState, workspace: str) -> dict[str, object]:
    workspaces = {"name": workspace}
    if state.project:
        workspaces["project"] = state.project
    return {
        "hostname": state.hostname,
        "organization": state.organization,
        "workspaces": workspaces,
    }
