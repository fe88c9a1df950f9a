"""The learning: every job is a generator of events, and none of them knows Qt."""
