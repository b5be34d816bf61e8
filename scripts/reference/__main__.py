"""Write every page of docs/reference: `make reference`."""

from __future__ import annotations

from scripts.reference.pages import FOLDER, PAGES

pages = {name: text() for name, text in PAGES.items()}
FOLDER.mkdir(parents=True, exist_ok=True)
for name, text in pages.items():
    (FOLDER / name).write_text(text, encoding="utf-8")
