"""One HTML file that shows a topology with all that is known of it."""
