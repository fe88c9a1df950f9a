"""Qt threads that drain job streams; widgets are not known here."""
