"""Pages of a session: navigation on the left, the page on the right."""
