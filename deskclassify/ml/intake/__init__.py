"""Bringing pictures in: archives from the disk or the web, public sets, sounds and tables."""
