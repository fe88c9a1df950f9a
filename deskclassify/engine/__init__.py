"""Child processes that run jobs, and the wire to them; knows neither Qt nor torch."""
