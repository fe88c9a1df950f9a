"""Logging of the window, and the last nets: no exception and no Qt warning passes unseen."""

from __future__ import annotations

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from deskclassify.core import paths
from deskclassify.core.errors import Failure

_LOG_BYTES = 1_000_000
_OLD_LOGS = 3
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_log = logging.getLogger(__name__)


def log_file() -> Path:
    """The window's own log; those of the engine processes lie beside it."""
    return paths.log_dir() / "window.log"


def set_up() -> logging.Handler | None:
    """Write the log to its file. Where that cannot be, the program runs without.

    Returns:
        what `close` takes.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        handler = RotatingFileHandler(
            log_file(), maxBytes=_LOG_BYTES, backupCount=_OLD_LOGS, encoding="utf-8", delay=True
        )
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    qInstallMessageHandler(_qt_message)
    return handler


def close(handler: logging.Handler | None) -> None:
    """End the log."""
    if handler is not None:
        qInstallMessageHandler(None)
        logging.getLogger().removeHandler(handler)
        handler.close()


def _qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger("qt").log(_LEVELS.get(kind, logging.INFO), "%s", message)


class Net(QObject):
    """Catches exceptions that no other place has caught, in any thread, and hands them to the window."""

    caught = Signal(object)  # Failure
    _telling = False

    def spread(self) -> None:
        """From now on exceptions are logged and shown instead of printed."""
        sys.excepthook = self._in_main_thread
        threading.excepthook = self._in_other_thread

    def _in_main_thread(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self._report(error)

    def _in_other_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            self._report(args.exc_value)

    def _report(self, error: BaseException) -> None:
        failure = Failure.of(error)
        _log.error("%s\n%s", failure.sentence, failure.details)
        if not self._telling:  # what goes wrong while it is told would come back here without an end
            self._telling = True
            self.caught.emit(failure)
            self._telling = False
