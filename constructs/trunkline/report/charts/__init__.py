"""Drawings as SVG within the page: colours come from its style sheet, texts are escaped."""
