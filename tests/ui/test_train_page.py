"""The Train page on a session whose jobs are played by a script: no engine, no network."""

import math
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from deskclassify.core import paths
from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.errors import InputError
from deskclassify.core.events import BatchDone, EpochDone, FitDone, LrFound, Message, Progress, Started
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item, Listing
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.pages.train import TrainPage
from deskclassify.ui.pages.train_charts import BatchTrace
from deskclassify.ui.widgets.epoch_table import EpochModel, best_of, time_text
from deskclassify.ui.widgets.tables import as_text

LISTING = Listing(
    tuple(
        Item(f"/p/{n}.png", f"{n}.png", "ants" if n % 2 else "bees", "valid" if n < 4 else "train") for n in range(20)
    )
)


def epoch(number, accuracy=0.5, phase="frozen", loss=1.0):
    return EpochDone(phase, number, loss, loss, accuracy, 1 - accuracy, 1e-3, 0.25, 400.0, 20)


def done(run="/nowhere", **changes):
    values = {
        "run": run,
        "accuracy": 0.75,
        "error_rate": 0.25,
        "best_epoch": 2,
        "classes": ("ants", "bees"),
        "train_images": 16,
        "valid_images": 4,
        "skipped_images": 0,
        "seconds": 3.9,
        "stopped": False,
    }
    return FitDone(**{**values, **changes})


@pytest.fixture
def session(session_on, script):
    session = session_on(script)
    session.new_project("Insects")
    return session


@pytest.fixture
def page(qtbot, session):
    page = TrainPage(session)
    qtbot.addWidget(page)
    return page


@pytest.fixture
def ready(page, session):
    session.listing = LISTING
    session.listing_changed.emit()
    return page


def find(page, name):
    found = page.findChild(object, name)
    assert found is not None, name
    return found


NAMES = (
    "architectureBox presetBox epochsSpin learningRateEdit lrFinderButton lrFinderChart trainButton stopButton "
    "pauseButton lossChart accuracyChart epochTable progressBar etaLabel"
).split()


def test_every_widget_of_the_contract_is_there(page):
    assert page.objectName() == "trainPage"
    for name in NAMES:
        find(page, name)


def test_constructing_the_page_leaves_pyqtgraph_alone(page):
    if "pyqtgraph" not in sys.modules:  # another test of this process may have imported it
        QApplication.processEvents()
        assert page.charts.loss._plot is None


def test_networks_and_their_weights(page, session):
    box = find(page, "architectureBox")
    assert [box.itemData(at) for at in range(box.count())] == list(ARCHITECTURES)
    resnet = ARCHITECTURES["resnet50"]
    assert "to\u00a0download\u00a0(98\u00a0MB)" in words.architecture_details(resnet, paths.weights_dir())
    (paths.weights_dir() / resnet.file).write_bytes(b"weights")
    assert words.architecture_details(resnet, paths.weights_dir()).endswith("downloaded")
    assert words.architecture_details(ARCHITECTURES["efficientnet_lite0"], Path()).endswith(
        "with\u00a0the\u00a0program"
    )


def test_fields_become_options_and_are_saved(page, session):
    find(page, "architectureBox").setCurrentIndex(2)
    find(page, "presetBox").setCurrentText("Balanced")
    find(page, "epochsSpin").setValue(7)
    find(page, "learningRateEdit").setText("1e-3")
    find(page, "imageSizeBox").setCurrentText("160")
    find(page, "resizeBox").setCurrentIndex(2)
    options = session.project.options
    assert (options.architecture, options.preset, options.epochs) == ("resnet34", "balanced", 7)
    assert (options.learning_rate, options.image_size, options.resize) == (1e-3, 160, "pad")
    assert '"epochs": 7' in session.project.file.read_text()
    find(page, "epochsSpin").setValue(0)
    assert session.project.options.epochs is None and find(page, "epochsSpin").text() == "automatic"


def test_a_wrong_learning_rate_is_explained_and_not_stored(page, session):
    edit = find(page, "learningRateEdit")
    edit.setText("0,002")
    assert session.project.options.learning_rate == 0.002
    edit.setText("fast")
    assert session.project.options.learning_rate == 0.002
    problem = find(page, "rateProblem")
    assert "1e-3" in problem.text() and not problem.isHidden()
    edit.setText("")
    assert session.project.options.learning_rate is None and problem.isHidden()


def test_options_of_another_project_are_shown_and_not_changed(page, session):
    old = session.project
    find(page, "epochsSpin").setValue(9)
    find(page, "learningRateEdit").setText("0.0012345")
    edited = session.project.options
    session.new_project("Other")
    assert find(page, "epochsSpin").value() == 0 and find(page, "learningRateEdit").text() == ""
    session.open_project(old.file)
    assert session.project.options == edited
    assert find(page, "epochsSpin").value() == 9 and find(page, "learningRateEdit").text() == "0.0012345"


def test_train_needs_two_classes(page, session):
    button = find(page, "trainButton")
    assert not button.isEnabled() and "Data page" in button.toolTip()
    session.listing = Listing(LISTING.items[::2])
    session.listing_changed.emit()
    assert not button.isEnabled() and "only one class" in button.toolTip()
    session.listing = LISTING
    session.listing_changed.emit()
    assert button.isEnabled()
    assert find(page, "stageLabel").text() == "16 pictures of 2 classes to learn from, 4 to check with."


def test_a_training_from_click_to_result(ready, session, script, qtbot):
    page = ready
    script.events = [
        Started("train", "EfficientNet-Lite0 on CPU"),
        Progress("features", 8, 16, 85.0, 42.0),
        BatchDone("frozen", 1, 1, 4, 0.9, 1e-4, 85.0, 40.0),
        BatchDone("frozen", 1, 2, 4, 0.8, 1e-3, 85.0, 40.0),
        epoch(1, 0.5),
        epoch(2, 0.75),
        Message("Two pictures could not be read.", "warning"),
        None,
        epoch(3, 0.5, "unfrozen"),
        done(),
    ]
    train, table = find(page, "trainButton"), find(page, "epochTable")
    train.click()
    assert session.train_state == "running" and not train.isEnabled()
    qtbot.waitUntil(lambda: table.model().rowCount() == 2)
    assert find(page, "pauseButton").isEnabled() and find(page, "stopButton").isEnabled()
    assert find(page, "etaLabel").text() == "About 40 s left · 85 images/s"
    assert find(page, "progressBar").value() == 500
    assert not page.options.isEnabled()
    assert page.charts.tabs.tabText(2) == "Messages (1)"
    script.gate.set()
    qtbot.waitUntil(lambda: session.train_state == "idle")
    assert train.isEnabled() and page.options.isEnabled() and not find(page, "pauseButton").isEnabled()
    assert table.model().rowCount() == 3 and table.model().best == 2
    loss, accuracy = find(page, "lossChart"), find(page, "accuracyChart")
    assert loss.series("training")[0].tolist() == [1.0, 2.0, 3.0]
    assert loss.series("each batch")[0].tolist() == [0.5, 1.0]
    assert accuracy.series("accuracy")[1].tolist() == [0.5, 0.75, 0.5]
    assert accuracy.series("error rate")[1].tolist() == [0.5, 0.25, 0.5]
    assert loss.marks() == ((2.5, "unfrozen"),)
    assert not find(page, "resultBanner").isHidden()
    assert find(page, "resultLabel").text().startswith("75.0 % of the validation pictures are right (3 of 4).")
    with qtbot.waitSignal(session.page_wanted) as wanted:
        find(page, "seeErrorsButton").click()
    assert wanted.args == ["evaluate"]


def test_pause_resume_and_stop(ready, session, script, qtbot):
    page, pause = ready, find(ready, "pauseButton")
    script.events = [epoch(1), None, done(stopped=True)]
    find(page, "trainButton").click()
    pause.click()
    assert session.train_state == "paused" and pause.text() == "Resume"
    assert find(page, "etaLabel").text() == "Paused"
    pause.click()
    assert session.train_state == "running" and pause.text() == "Pause"
    find(page, "stopButton").click()
    assert session.train_state == "stopping" and not find(page, "stopButton").isEnabled()
    qtbot.waitUntil(lambda: session.train_state == "idle")
    assert "stopped" in find(page, "resultLabel").text()


def test_a_failure_is_passed_on_and_the_page_is_ready_again(ready, session, script, qtbot):
    script.events = [epoch(1), InputError("The disk is full.")]
    with qtbot.waitSignal(session.failed) as failed:
        find(ready, "trainButton").click()
    assert failed.args[0].sentence == "The disk is full."
    qtbot.waitUntil(lambda: find(ready, "trainButton").isEnabled())
    assert find(ready, "epochTable").model().rowCount() == 1


def test_twenty_rows_at_once_are_one_repaint(ready, session, qtbot, monkeypatch):
    calls = []
    original = ready.charts.table.set_rows
    monkeypatch.setattr(ready.charts.table, "set_rows", lambda *args: (calls.append(1), original(*args)))
    for number in range(1, 21):
        session.train_event.emit(epoch(number, number / 25))
    assert not calls
    qtbot.waitUntil(lambda: bool(calls))
    assert len(calls) == 1 and ready.charts.table.model().rowCount() == 20


def test_an_epoch_that_is_run_again_takes_its_place(ready, session):
    for number in (1, 2, 3, 2):
        session.train_event.emit(epoch(number, number / 10))
    assert [row.epoch for row in ready.charts.rows] == [1, 2]
    ready.charts.flush()


def write_run(session, name="run-001", stopped=False):
    run = RunFolder(session.project.folder / "runs" / name)
    run.last.mkdir(parents=True)
    run.write_history([epoch(1, 0.5), epoch(2, 0.75)])
    preprocess = ARCHITECTURES["resnet18"].preprocess("crop")
    result = {"accuracy": 0.75, "valid_images": 4, "best_epoch": 2, "seconds": 61.0, "stopped": stopped}
    run.write_info({"classes": ["a", "b"], "architecture": "resnet18", "preprocess": preprocess, "result": result})
    return run


def test_an_existing_run_is_shown(page, session):
    session.run = write_run(session)
    session.run_changed.emit()
    assert find(page, "epochTable").model().rowCount() == 2
    assert find(page, "lossChart").series("validation")[1].tolist() == [1.0, 1.0]
    assert "(3 of 4)" in find(page, "resultLabel").text() and "1 min 1 s" in find(page, "resultLabel").text()
    session.run = None
    session.run_changed.emit()
    assert find(page, "epochTable").model().rowCount() == 0 and find(page, "resultBanner").isHidden()


def test_a_stopped_run_can_go_on(ready, session, script, qtbot):
    resume = find(ready, "resumeButton")
    assert resume.isHidden()
    run = write_run(session, stopped=True)
    session.listing_changed.emit()
    assert not resume.isHidden()
    script.events = [epoch(3, 0.8), None]
    resume.click()
    qtbot.waitUntil(lambda: [row.epoch for row in ready.charts.rows] == [1, 2, 3])
    request = next(one for one in script.requests if isinstance(one, FitRequest))
    assert request.resume and request.run == str(run.path)
    assert resume.isHidden()
    script.gate.set()
    qtbot.waitUntil(lambda: session.train_state == "idle")


def test_learning_rate_finder(ready, session, script, qtbot):
    button, chart = find(ready, "lrFinderButton"), find(ready, "lrFinderChart")
    script.events = [Progress("learning rates", 1, 2), LrFound(2.1e-3, (1e-5, 1e-3, 1e-1), (2.0, 1.0, 3.0))]
    assert button.isEnabled()
    button.click()
    assert not button.isEnabled()
    qtbot.waitUntil(lambda: button.isEnabled())
    assert chart.series("loss")[0].tolist() == [1e-5, 1e-3, 1e-1]
    assert chart.marks() == ((2.1e-3, "2.1e-03"),)
    use = find(ready, "useRateButton")
    assert use.text() == "Use 2.1e-03"
    use.click()
    assert session.project.options.learning_rate == 2.1e-3
    chart.clicked_x.emit(0.0345)
    assert session.project.options.learning_rate == 0.035
    qtbot.waitUntil(lambda: not session.owner.jobs)


def test_finder_failure_frees_the_button(ready, session, script, qtbot):
    script.events = [InputError("There are too few pictures.")]
    with qtbot.waitSignal(session.failed):
        find(ready, "lrFinderButton").click()
    qtbot.waitUntil(lambda: find(ready, "lrFinderButton").isEnabled())


# -- without widgets ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "A few seconds left"),
        (12, "About 10 s left"),
        (44, "About 40 s left"),
        (121, "About 2 min left"),
        (3600, "About 1 h left"),
        (4700, "About 1 h 18 min left"),
        (9000, "About 2 h 30 min left"),
    ],
)
def test_time_left_in_words(seconds, text):
    assert words.time_left_text(seconds) == text


def test_time_left_is_calm_and_follows_a_new_phase():
    left, now, shown = words.TimeLeft(), 0.0, []
    for step in range(60):
        shown.append(left.update((60 - step) * (1.4 if step % 2 else 0.7), now))
        now += 1.0
    jumps = [abs(after - before + 1) for before, after in pairwise(shown[5:40])]
    assert max(jumps) < 8
    assert left.update(600.0, now) == pytest.approx(600.0)
    left.shift(30.0)
    assert left.update(630.0 - 30.0, now) > 600.0


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "11", "1e", "ten"])
def test_learning_rates_that_are_none(text):
    with pytest.raises(InputError):
        words.parse_learning_rate(text)


def test_result_in_words():
    assert "no validation pictures" in words.result_text({"accuracy": None, "valid_images": 0})
    text = words.result_text({"accuracy": 1.0, "valid_images": 8, "seconds": 3.9, "device": "CPU", "skipped_images": 1})
    assert text == (
        "100.0 % of the validation pictures are right (8 of 8). It took 3.9 s on CPU. "
        "1 picture could not be read and stayed out."
    )


def test_batches_lie_within_their_epoch():
    trace = BatchTrace()
    for step in range(1, 9):
        trace.add(BatchDone("frozen", 1 if step <= 4 else 2, step, 8, 1.0, 1e-3, 10.0))
        if step == 4:
            trace.end(1)
        if step == 6:
            assert trace.points()[0] == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
    assert trace.points()[0][-1] == 2.0


def test_a_long_epoch_is_thinned_and_keeps_its_place():
    trace = BatchTrace()
    for step in range(1, 5001):
        trace.add(BatchDone("frozen", 1, step, 5000, 1.0, 1e-3, 10.0))
    xs, losses, _ = trace.points()
    assert 100 <= len(xs) == len(losses) <= 200 and xs[-1] == 1.0 and xs == sorted(xs) and xs[0] > 0


def test_best_epoch_and_texts():
    assert best_of([]) == 0
    assert best_of([epoch(1, 0.5), epoch(2, 0.9, loss=0.5), epoch(3, 0.9, loss=0.4), epoch(4, 0.9, loss=0.4)]) == 3
    assert [time_text(value) for value in (0.238, 12.34, 245, 3750)] == ["0.24 s", "12.3 s", "4:05", "1:02:30"]
    unmeasured = EpochDone("frozen", 1, math.pi, None, None, None, 1e-3, 1.0, 10.0)
    model = EpochModel()
    model.set_rows([unmeasured])
    assert [model.index(0, column).data() for column in range(7)] == ["1", "frozen", "3.1416", "–", "–", "–", "1.00 s"]


def test_rows_are_copied_with_their_header(page):
    page.charts.show_history([epoch(1), epoch(2)])
    page.charts.table.selectRow(1)
    lines = as_text(page.charts.table).splitlines()
    assert lines[0].split("\t")[:2] == ["Epoch", "Phase"] and lines[1].split("\t")[0] == "2" and len(lines) == 2
