"""The Curves tab on a run written here, with jobs that are run for real."""

import csv

import numpy as np
import pytest
from doubles import Script
from PySide6.QtCore import QPointF, Qt

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.curve_job import CurvesRequest, draw
from deskclassify.core.events import Scored, Verdict
from deskclassify.core.run_folder import RunFolder, measure
from deskclassify.core.standing import judged
from deskclassify.engine.client import run_in_process
from deskclassify.ui.pages.evaluate import curves_words
from deskclassify.ui.pages.evaluate.curves_tab import CurvesTab
from deskclassify.ui.pages.evaluate.state import Evaluation

CLASSES = ("ants", "bees", "wasps")


def made_scores(classes=CLASSES, pictures=60, seed=2):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(classes), pictures)
    chances = rng.random((pictures, len(classes))) + 0.7 * np.eye(len(classes))[labels]
    chances[:, 0] = rng.random(pictures)  # of the first class nothing was learned
    chances = (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)
    names = [classes[at] for at in labels]
    return judged(classes, [f"/pictures/{at}.png" for at in range(pictures)], names, chances)


class Playing(Script):
    """Draws curves for real; all else is played."""

    def __call__(self, request, control):
        if isinstance(request, CurvesRequest):
            self.requests.append(request)
            return run_in_process(request, control)
        return super().__call__(request, control)


@pytest.fixture
def playing():
    made = Playing()
    yield made
    made.gate.set()


@pytest.fixture
def session(session_on, playing):
    session = session_on(playing)
    session.new_project("Insects")
    return session


def write_run(session, scored, kept=True, name="run-001"):
    run = RunFolder(session.project.folder / "runs" / name)
    run.path.mkdir(parents=True)
    preprocess = ARCHITECTURES["resnet18"].preprocess("crop")
    run.write_info({"classes": scored.classes, "architecture": "resnet18", "preprocess": preprocess, "result": {}})
    run.write_predictions(scored.verdicts, scored.probabilities if kept else None)
    run.best.write_bytes(b"weights")
    return run


@pytest.fixture
def state(session):
    return Evaluation(session)


@pytest.fixture
def tab(qtbot, state):
    tab = CurvesTab(state)
    qtbot.addWidget(tab)
    tab.resize(1000, 420)
    return tab


@pytest.fixture
def full(tab, session, state, qtbot):
    session.show_run(write_run(session, made_scores()))
    tab.show()
    qtbot.waitUntil(lambda: tab.list.model().rowCount() == 3)
    return tab


def column(tab, number):
    model = tab.list.model()
    return [model.index(row, number).data() for row in range(model.rowCount())]


def asked(playing):
    return [one for one in playing.requests if isinstance(one, CurvesRequest)]


def test_a_hidden_tab_works_nothing_out(tab, session, playing, qtbot):
    session.show_run(write_run(session, made_scores()))
    assert not asked(playing)
    tab.show()
    qtbot.waitUntil(lambda: tab.list.model().rowCount() == 3)
    tab.hide()
    tab.show()
    assert len(asked(playing)) == 1, "what is known is not worked out again"


def test_the_worst_class_is_on_top_and_all_three_are_drawn(full):
    assert column(full, 0)[0] == "ants"
    areas = [float(text) for text in column(full, 1)]
    assert areas == sorted(areas) and areas[0] < 0.7 < areas[1]
    assert full.list.chosen() == column(full, 0)
    titles = [one.name for one in full.roc.curves()]
    assert titles[0] == "All classes" and titles[1] == "ants" and len(titles) == 4
    legend = full.precision_recall.curves()[1].title
    assert legend.startswith("ants") and legend.endswith(column(full, 2)[0])


def test_the_selection_and_the_mean_decide_what_is_drawn(full):
    full.list.choose(["wasps"])
    assert [one.name for one in full.roc.curves()] == ["All classes", "wasps"]
    full.mean_box.setChecked(False)
    assert [one.name for one in full.roc.curves()] == ["wasps"]
    full.list.choose([])
    assert full.roc.curves() == () and full.roc.series_names() == ()


def test_a_click_on_a_point_leads_to_its_pictures(full, state, qtbot):
    full.roc.flush()
    plot = full.roc._plot
    curve = next(one for one in full.roc.curves() if one.name == "bees")
    at = len(curve.xs) // 2
    (left, right), (low, high) = plot.in_view()
    box = plot._box.sceneBoundingRect()
    place = QPointF(
        box.left() + (100 * curve.xs[at] - left) / (right - left) * box.width(),
        box.bottom() - (100 * curve.ys[at] - low) / (high - low) * box.height(),
    )
    title, found = plot.point_at(place)
    near = full.roc.curves()[[one.title for one in full.roc.curves()].index(title)]
    assert (near.xs[found], near.ys[found]) == (curve.xs[at], curve.ys[at])
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=plot.mapFromScene(place))
    qtbot.waitUntil(lambda: state.choice is not None)
    threshold = float(near.thresholds[found])
    outcome = curves_words.outcome(state.view.scored, near.name, threshold)
    assert state.choice.paths == outcome.alarms + outcome.missed and state.choice.kind == "list"
    assert full.point.label.whole_text == outcome.sentence
    assert full.roc._pins() and full.precision_recall._pins(), "the same threshold is marked in both charts"


def test_missed_pictures_and_false_alarms_each_have_a_button(full, state):
    full.roc.point_chosen.emit("bees", 0.4)
    scored = state.view.scored
    sure = scored.probabilities[:, 1] >= 0.4
    of_bees = np.array([one.label == "bees" for one in scored.verdicts])
    assert full.point.missed_button.text() == f"{(of_bees & ~sure).sum()} missed"
    full.point.missed_button.click()
    assert {scored.verdicts[at].path for at in np.flatnonzero(of_bees & ~sure)} == set(state.choice.paths)
    full.point.alarms_button.click()
    assert {scored.verdicts[at].path for at in np.flatnonzero(~of_bees & sure)} == set(state.choice.paths)
    chances = {one.path: scored.probabilities[at, 1] for at, one in enumerate(scored.verdicts)}
    values = [chances[path] for path in state.choice.paths]
    assert values == sorted(values, reverse=True), "the likeliest first"


def test_a_threshold_above_all_misses_everything():
    scored = made_scores()
    outcome = curves_words.outcome(scored, "bees", float("inf"))
    assert outcome.alarms == () and len(outcome.missed) == sum(one.label == "bees" for one in scored.verdicts)


def test_a_point_of_the_mean_has_no_pictures(full, state):
    mean = full.roc.curves()[0]
    full.roc._click(mean.title, 5)
    assert state.choice is None and "found" in full.roc.describe(mean.title, 5)


def test_other_labels_keep_the_selection_and_the_point(full, state, qtbot):
    full.list.choose(["wasps"])
    full.roc.point_chosen.emit("wasps", 0.5)
    state.choose(None)
    before = full.point.label.whole_text
    view = state.view
    labels = ["wasps" if one.label == "bees" else one.label for one in view.scored.verdicts]
    mended = judged(CLASSES, [one.path for one in view.scored.verdicts], labels, view.scored.probabilities)
    drawn = full._drawn
    state._take(mended, mended.verdicts, 0, 0.0, CLASSES)
    qtbot.waitUntil(lambda: full._drawn is not drawn)
    assert full.list.chosen() == ["wasps"] and full.point.label.whole_text != before
    assert state.choice is None, "nothing is chosen by itself"
    rows = dict(zip(column(full, 0), column(full, 1), strict=True))
    assert rows["bees"] == "–" and column(full, 0)[-1] == "bees", "without pictures there is no area"


def test_an_older_run_is_measured_again(tab, session, state, playing, qtbot):
    scored = made_scores()
    session.show_run(write_run(session, scored, kept=False))
    tab.show()
    button = tab.findChild(object, "measureAgainButton")
    assert button.isVisible() and not tab.roc.isVisible()
    playing.events = [
        None,
        Scored(CLASSES, scored.verdicts, scored.probabilities),
        measure([*scored.verdicts], CLASSES),
    ]
    button.click()
    assert not button.isEnabled()
    playing.gate.set()
    qtbot.waitUntil(lambda: tab.list.model().rowCount() == 3)
    assert tab.roc.isVisible() and not button.isVisible()


def test_without_a_run_there_is_nothing(full, session):
    session.show_run(None)
    assert full.roc.curves() == () and full.list.model().rowCount() == 0


def test_many_classes_can_be_searched_and_few_are_drawn(tab, session, qtbot):
    names = tuple(f"species {at:02d}" for at in range(40))
    session.show_run(write_run(session, made_scores(names, 400)))
    tab.show()
    qtbot.waitUntil(lambda: tab.list.model().rowCount() == 40)
    assert tab.search.isVisible() and len(tab.list.chosen()) == 3
    tab.search.setText("3")
    chosen = tab.list.chosen()
    tab.list.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    shown = [name for row, name in enumerate(column(tab, 0)) if not tab.list.isRowHidden(row)]
    assert shown == [name for name in names if "3" in name]
    assert set(tab.list.chosen()) == set(chosen), "what is hidden stays drawn"
    tab.search.clear()
    tab.list.selectAll()
    assert len(tab.roc.curves()) == 9, "the mean and eight classes"
    assert len({one.color for one in tab.roc.curves()}) == 9


def test_points_are_saved_as_a_table(full, tmp_path):
    file = tmp_path / "roc.csv"
    full.roc.save_csv(file)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    bees = [row for row in rows if row["class"] == "bees"]
    curve = next(one for one in full.roc.curves() if one.name == "bees")
    assert [float(row["found"]) for row in bees] == pytest.approx(curve.ys.tolist(), abs=1e-6)
    assert bees[0]["threshold"] == "" and float(bees[1]["threshold"]) == pytest.approx(curve.thresholds[1], abs=1e-6)


def test_the_job_stops_when_asked():
    assert list(draw(CurvesRequest(made_scores()), lambda: True)) == []


def test_a_label_that_is_none_of_the_classes_belongs_to_the_rest():
    verdicts = (Verdict("a", "moths", "ants", 0.9, 27.6), Verdict("b", "ants", "ants", 0.8, 0.2))
    chances = np.array([[0.9, 0.1], [0.8, 0.2]], np.float32)
    *_, drawn = draw(CurvesRequest(Scored(("ants", "bees"), verdicts, chances)), lambda: False)
    assert drawn.curves[0].auc == 0.0 and np.isnan(drawn.curves[1].auc)
