"""The reference in docs/reference is what the schemas and the docstrings say today."""

from __future__ import annotations

import pytest
from scripts.reference.pages import FOLDER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name: str, request: pytest.FixtureRequest) -> None:
    text, file = PAGES[name](), FOLDER / name
    if request.config.getoption("--regenerate"):
        file.write_text(text, encoding="utf-8")
    elif not file.exists() or file.read_text("utf-8") != text:
        # Not an assertion on the texts: pytest would print two long pages.
        pytest.fail(f"docs/reference/{name} is out of date; run: make reference", pytrace=False)


def test_every_file_of_the_reference_is_generated() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(PAGES)
