"""`report`: all about a run as one HTML file."""

from __future__ import annotations

from deskclassify.cli.run import Runner
from deskclassify.core import layer_events
from deskclassify.core.data_requests import RunReportRequest


def report(runner: Runner, run: str, target: str) -> None:
    """Write the report of a run.

    Raises:
        InputError: there is no finished run, or the target is no HTML file.
    """
    written = runner.last(RunReportRequest(run, target), layer_events.ReportWritten)
    if not runner.output.as_json:
        runner.output.result(f"Wrote {written.path} ({written.bytes / 1e6:.1f} MB). Open it in a browser, or print it.")
