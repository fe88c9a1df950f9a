"""Plain data and files: no Qt, no torch."""
