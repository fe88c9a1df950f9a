"""Running one job for the command line: its events become JSON lines, bars, notes and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from deskclassify.cli.output import Output
from deskclassify.core import events, requests
from deskclassify.core.control import Control
from deskclassify.core.errors import UserError

E = TypeVar("E", bound=events.Event)

_STAGES = {
    "decode": "Reading pictures",
    "features": "Looking at pictures",
    "scan": "Opening pictures",
    "copy": "Copying pictures",
    "report": "Writing the report",
    "explain": "Looking for reasons",
    "predict": "Classifying pictures",
}
_EPOCH_HEADER = (
    f"{'epoch':>5}  {'phase':<9}{'train_loss':>11}{'valid_loss':>11}{'accuracy':>10}{'error_rate':>11}{'time':>8}"
)


class CommandInterruptedError(Exception):
    """The user stopped the command; what was reached is saved, and is in `result` if the job told of it."""

    result: events.Event | None = None


class Runner:
    """What a command needs: where to write, and whether to stop."""

    def __init__(self, output: Output, control: Control) -> None:
        self.output = output
        self.control = control
        self._epochs_shown = False

    def stream(self, request: requests.Request, result: type[events.Event] | None = None) -> Iterator[events.Event]:
        """The events of a job; those that tell of progress are shown on the way, and not its result.

        Raises:
            CommandInterruptedError: after the last event, if the user wanted it to stop.
        """
        if not self.control.stopped:
            for event in requests.generator(request)(request, self.control):
                if result is None or not isinstance(event, result):
                    self.show(event)
                yield event
        self.output.end_progress()
        if self.control.stopped:
            raise CommandInterruptedError

    def last(self, request: requests.Request, kind: type[E], json_lines: bool = True) -> E:
        """Run a job to its end and return its result.

        Args:
            request: the job.
            kind: type of the result.
            json_lines: print all events, if JSON is wanted.

        Raises:
            CommandInterruptedError: the user stopped it.
            UserError: it failed.
        """
        result: E | None = None
        try:
            for event in self.stream(request, kind):
                if json_lines and self.output.as_json and not isinstance(event, events.Scored):
                    self.output.json(events.public(event))
                if isinstance(event, kind):
                    result = event
        except CommandInterruptedError as stopped:
            stopped.result = result
            raise
        if result is None:
            raise UserError("The job ended without a result. The log has more; “deskclassify doctor” may tell why.")
        return result

    def show(self, event: events.Event) -> None:
        """Bars, notes and rows for people."""
        output = self.output
        if isinstance(event, events.Progress):
            rate = f"{event.images_per_second:.0f} pictures a second" if event.images_per_second else ""
            output.progress(_STAGES.get(event.stage, event.stage), event.done, event.total, rate)
        elif isinstance(event, events.BatchDone):
            remark = f"loss {event.loss:.3f}, {event.images_per_second:.0f} pictures a second"
            output.progress(f"Training ({event.phase})", event.step, event.steps, remark)
        elif isinstance(event, events.EpochDone):
            if not self._epochs_shown:
                output.result(_EPOCH_HEADER)
                self._epochs_shown = True
            output.result(epoch_row(event))
        elif isinstance(event, events.Held):
            output.note(f"Warning: {event.text} It goes on by itself then; Ctrl-C ends it with what is saved.")
        elif isinstance(event, events.Message):
            output.note(f"Warning: {event.text}" if event.level == "warning" else event.text)


def epoch_row(row: events.EpochDone) -> str:
    """One row of the table of epochs, as fast.ai prints it."""
    minutes, seconds = divmod(round(row.seconds), 60)
    time = f"{minutes:02d}:{seconds:02d}" if row.seconds >= 10 else f"{row.seconds:.2f} s"
    return (
        f"{row.epoch:>5}  {row.phase:<9}{row.train_loss:>11.4f}{_number(row.valid_loss):>11}"
        f"{_number(row.accuracy):>10}{_number(row.error_rate):>11}{time:>8}"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
