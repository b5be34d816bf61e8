"""The page of the catalogue."""

from __future__ import annotations

from scripts.reference.services_page import services_page

from trunkline.model import PrivateEndpoint
from trunkline.model.catalogue import CatalogueEntry

FULL = CatalogueEntry(
    name="full",
    title="The <full> service",
    home="aws",
    hosts=["{shop}.example.com", "*.example.net"],
    meanings={"shop": "The name of the shop."},
    authentication=["sigv4", "api_key"],
    streaming=["sse"],
    private=[
        PrivateEndpoint(kind="interface_endpoint", service="com.shop", hosts=["*.example.net"]),
        PrivateEndpoint(
            kind="private_link",
            service="account",
            hosts=["{shop}.example.com", "*.example.net"],
            zone="privatelink.example.com",
            resource_type="Vendor.Shop/accounts",
        ),
    ],
    regions="Everywhere.",
    closed="Nobody new.",
    notes="A note with *.",
    unverified="Half of it.",
    sources=["https://a.example/b", "https://a.example/c"],
    date="2026-11-28",
)
BARE = CatalogueEntry(
    name="bare", title="Bare", hosts=["{host}"], authentication=["none"], port=None, date="2026-1-2"
)


def sections(page: str) -> list[str]:
    return page.split("\n## ")


def test_the_table_has_a_row_for_each_service() -> None:
    head = sections(services_page([FULL, BARE], ["First.", "Second."]))[0]
    assert "# Services\n\nFirst.\n\nSecond.\n\n| service |" in head
    assert head.rstrip().split("\n")[-2:] == [
        r"| [`full`](#full) | The \<full> service | `aws` | 443 | `https` | `sigv4`, `api_key` "
        "| `sse` | `interface_endpoint`, `private_link` |",
        "| [`bare`](#bare) | Bare |  | yours | `https` | `none` |  |  |",
    ]


def test_a_section_says_everything_that_the_entry_says() -> None:
    section = sections(services_page([FULL], []))[1]
    assert section == (
        "`full`\n\n"
        "The \\<full> service. Everywhere.\n\n"
        "**Nobody new.**\n\n"
        "- `{shop}.example.com`\n- `*.example.net`\n\n"
        "| variable | meaning |\n| --- | --- |\n| `shop` | The name of the shop. |\n\n"
        "| private endpoint | of | your resource | zone | hosts |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| `interface_endpoint` | `com.shop` |  |  | `*.example.net` |\n"
        "| `private_link` | `account` | `Vendor.Shop/accounts` | `privatelink.example.com` | all |"
        "\n\n"
        "A note with \\*.\n\n"
        "*Not verified*: Half of it.\n\n"
        "Looked up on 2026-11-28: <https://a.example/b>, <https://a.example/c>.\n"
    )


def test_a_section_leaves_out_what_the_entry_does_not_say() -> None:
    section = sections(services_page([BARE], []))[1]
    assert section.startswith("`bare`\n\nBare.\n\n- `{host}`\n\nLooked up on 2026-1-2")
