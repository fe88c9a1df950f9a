"""The Layers page and its parts."""
