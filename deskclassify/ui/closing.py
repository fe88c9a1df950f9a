"""Closing the window while something is at work."""

from __future__ import annotations

from PySide6.QtCore import QDeadlineTimer, QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QDialog, QLabel, QMessageBox, QProgressBar, QVBoxLayout, QWidget

from deskclassify.jobs.owner import JobOwner
from deskclassify.ui import theme

_QUIET_MILLISECONDS = 400  # most jobs end in this time, and no notice need flash up
_PATIENCE_MILLISECONDS = 35_000  # the engine kills a job that does not stop after 30 s
_LAST_MILLISECONDS = 2_000


def may_stop(window: QWidget) -> bool:
    """Ask whether the training may be stopped."""
    box = QMessageBox(window)
    box.setObjectName("closeQuestion")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Training is running")
    box.setText("Stop the training and close?")
    box.setInformativeText("What was reached is kept, and the training can go on later.")
    stop = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton("Keep training", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    agreed = box.clickedButton() is stop
    box.deleteLater()
    return agreed


def end_jobs(window: QWidget, owner: JobOwner) -> None:
    """Stop all jobs and wait for them, with a notice once it takes long; then end the processes."""
    owner.stop_all()
    _wait(owner, _QUIET_MILLISECONDS)
    if owner.jobs:
        notice = _Notice(window)
        notice.show()
        _wait(owner, _PATIENCE_MILLISECONDS)
        notice.hide()
        notice.deleteLater()
    window.hide()  # the processes take a moment to end, which need not be watched
    owner.close(_LAST_MILLISECONDS)


def _wait(owner: JobOwner, milliseconds: int) -> None:
    """Until no job is left, or the time is over; the window goes on painting, but takes no input."""
    loop = QEventLoop()
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    owner.changed.connect(loop.quit)
    deadline = QDeadlineTimer(milliseconds)
    while owner.jobs and not deadline.hasExpired():
        timer.start(max(1, deadline.remainingTime()))
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    timer.stop()


class _Notice(QDialog):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.CustomizeWindowHint)
        self.setWindowTitle("Closing")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        layout.addWidget(QLabel("Finishing the step at hand and saving what was reached …"))
        bar = QProgressBar()
        bar.setRange(0, 0)
        layout.addWidget(bar)
