"""Elements of SVG: escaped, short, and named for those who do not see them."""

from __future__ import annotations

from xml.etree import ElementTree

from trunkline.report.charts.svg import cut, drawing, element, text

HOSTILE = '"><script>alert(1)</script>&'


def test_texts_and_attributes_are_escaped() -> None:
    found = ElementTree.fromstring(element("g", HOSTILE, id=HOSTILE))
    assert (found.text, found.attrib) == (HOSTILE, {"id": HOSTILE})


def test_numbers_have_one_decimal_and_names_hyphens() -> None:
    assert text(1.25, 3.0, "a", "label", text_anchor="end") == (
        '<text x="1.2" y="3" class="label" text-anchor="end">a</text>'
    )


def test_what_is_none_is_left_out() -> None:
    assert element("rect", class_=None) == "<rect></rect>"


def test_a_drawing_has_a_title_and_a_description() -> None:
    svg = ElementTree.fromstring(drawing("k", "Title", "How to read it", (20, 10), []))
    title, description = svg
    assert (title.text, title.attrib["id"]) == ("Title", svg.attrib["aria-labelledby"])
    assert (description.text, description.attrib["id"]) == (
        "How to read it",
        svg.attrib["aria-describedby"],
    )
    assert svg.attrib["role"] == "img"
    assert svg.attrib["viewBox"] == "0 0 20 10"


def test_long_words_end_in_an_ellipsis() -> None:
    assert cut("short", 100) == "short"
    assert cut("a" * 50, 76) == "a" * 9 + "…"
