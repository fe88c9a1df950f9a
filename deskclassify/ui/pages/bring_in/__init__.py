"""Bringing pictures in from elsewhere: a dialog for archives, the web, sounds and tables; pasting into a class."""
