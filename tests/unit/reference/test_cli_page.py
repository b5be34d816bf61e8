from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from scripts.reference.cli_page import cli_page

app = typer.Typer(add_completion=False, help="Make tea.\n\nExit codes: 0 tea.")


class Sort(StrEnum):
    GREEN = "green"
    BLACK = "black"


@app.command()
def brew(
    cups: Annotated[list[str], typer.Argument(metavar="CUP...", help="Which cups.")],
    sort: Annotated[Sort, typer.Option(help="Which tea.")] = Sort.GREEN,
    minutes: Annotated[int, typer.Option(min=1, max=9, help="How long.")] = 3,
    milk: Annotated[bool, typer.Option("--milk", help="With milk.")] = False,
    pot: Annotated[str | None, typer.Option(help="Which pot.", show_default="the big one")] = None,
    hidden: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Brew it.

    Wait for <minutes>,
    then pour.
    """


@app.command()
def drink() -> None:
    """Drink it."""


def test_a_page_has_every_command_with_its_arguments_and_options() -> None:
    page = cli_page(typer.main.get_command(app), "tea")
    assert page.split("# The command line", 1)[1] == (
        """

## tea

```
tea
```

Make tea.

Exit codes: 0 tea.

| command | what it does |
| --- | --- |
| [`tea brew`](#tea-brew) | Brew it. |
| [`tea drink`](#tea-drink) | Drink it. |

## tea brew

```
tea brew [OPTIONS] CUP...
```

Brew it.

Wait for \\<minutes>, then pour.

| argument or option | value | default | meaning |
| --- | --- | --- | --- |
| `CUP...` | text | **required** | Which cups. |
| `--sort` | `green` or `black` | `green` | Which tea. |
| `--minutes` | a whole number, 1 to 9 | `3` | How long. |
| `--milk` | a flag |  | With milk. |
| `--pot` | text | the big one | Which pot. |

## tea drink

```
tea drink
```

Drink it.
"""
    )


def test_lines_that_are_kept_in_the_help_are_a_block() -> None:
    single = typer.Typer(add_completion=False)

    @single.command()
    def pour() -> None:
        """Pour it.

        \b
        pour --slowly
        pour
        """

    page = cli_page(typer.main.get_command(single), "tea")
    assert "Pour it.\n\n```sh\npour --slowly\npour\n```" in page
