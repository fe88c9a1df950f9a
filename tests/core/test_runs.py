"""The list of runs: summaries, damage, names."""

import json

import pytest

from deskclassify.core import runs
from deskclassify.core.errors import InputError
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.run_folder import RunFolder

RESULT = {
    "accuracy": 0.75,
    "seconds": 3.5,
    "train_images": 16,
    "valid_images": 4,
    "best_epoch": 2,
    "stopped": False,
}


def write_run(folder, status="finished", result=RESULT, created="2026-01-02T03:04:05+00:00"):
    run = RunFolder(folder)
    run.path.mkdir(parents=True, exist_ok=True)
    run.write_info(
        {
            "status": status,
            "created": created,
            "request": {"preset": "balanced"},
            "classes": ["a", "b"],
            "architecture": "resnet18",
            "preprocess": Preprocess(),
            "result": result,
        }
    )
    if result:
        run.best.write_bytes(b"weights")
        run.write_predictions([])
    return run


def test_a_finished_run_is_summarised(tmp_path):
    one = runs.summarise(write_run(tmp_path / "run-001"))
    assert (one.title, one.status, one.preset, one.architecture) == ("run-001", "finished", "balanced", "resnet18")
    assert (one.accuracy, one.seconds, one.train_images, one.valid_images, one.best_epoch) == (0.75, 3.5, 16, 4, 2)
    assert one.created == "2026-01-02T03:04:05+00:00"
    assert one.can_be_shown and not one.problem and one.folder.path == tmp_path / "run-001"


def test_running_and_stopped_runs_are_told_apart(tmp_path):
    running = runs.summarise(write_run(tmp_path / "1", "running", None))
    assert running.status == "running" and running.accuracy is None and not running.can_be_shown
    stopped = runs.summarise(write_run(tmp_path / "2", "stopped", {**RESULT, "stopped": True}))
    assert stopped.status == "stopped" and stopped.can_be_shown


DAMAGE = {
    "no JSON": b"{",
    "no text": b"\xff\xfe\xff",
    "a list": b"[]",
    "keys missing": b'{"classes": ["a"]}',
    "empty": b"",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_run_has_a_sentence_and_does_not_break_the_list(tmp_path, what):
    good = write_run(tmp_path / "good")
    bad = RunFolder(tmp_path / "bad")
    bad.path.mkdir()
    bad.info_file.write_bytes(DAMAGE[what])
    lines = runs.summaries([bad, good, RunFolder(tmp_path / "gone")])
    assert [one.title for one in lines] == ["good", "gone", "bad"]
    assert lines[0].status == "finished"
    for one in lines[1:]:
        assert one.status == "damaged" and one.problem.endswith(".") and not one.can_be_shown
        assert "Traceback" not in one.problem


def test_odd_values_do_not_break_a_line(tmp_path):
    one = runs.summarise(write_run(tmp_path / "1", result={"accuracy": "high", "seconds": True, "best_epoch": None}))
    assert (one.status, one.accuracy, one.seconds, one.best_epoch) == ("finished", None, None, None)
    for odd in ([1], "yes"):
        assert runs.summarise(write_run(tmp_path / "2", result=odd)).status == "damaged"


def test_a_finished_run_without_its_weights_is_damaged(tmp_path):
    run = write_run(tmp_path / "run")
    run.best.unlink()
    one = runs.summarise(run)
    assert one.status == "damaged" and "missing" in one.problem


def test_the_newest_is_first(tmp_path):
    days = {"b": "2026-01-02", "a": "2026-01-03", "c": "2026-01-01", "d": "2026-01-01"}
    made = [write_run(tmp_path / name, created=day) for name, day in days.items()]
    assert [one.title for one in runs.summaries(made)] == ["a", "b", "d", "c"]


def test_renaming_changes_no_folder_and_survives_the_end_of_the_training(tmp_path):
    run = write_run(tmp_path / "run-001", "running", None)
    before = run.info_file.read_bytes()
    runs.rename(run, "  Small \n rates\x00 ")
    assert runs.title(run) == "Small rates" and run.path.is_dir() and run.info_file.read_bytes() == before
    write_run(run.path)  # the training ends
    assert runs.summarise(run).title == "Small rates"
    for back in ("", "run-001"):
        runs.rename(run, "other")
        runs.rename(run, back)
        assert runs.title(run) == "run-001" and not (run.path / "title.txt").exists()


def test_a_name_that_cannot_be_given_is_refused(tmp_path):
    run = write_run(tmp_path / "run-001")
    with pytest.raises(InputError, match="80 are the most"):
        runs.rename(run, "x" * 81)
    gone = RunFolder(tmp_path / "gone")
    with pytest.raises(InputError, match="not there any more"):
        runs.rename(gone, "name")
    assert not gone.path.exists()


def test_a_full_disk_leaves_the_old_name(tmp_path, monkeypatch):
    run = write_run(tmp_path / "run-001")
    runs.rename(run, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        runs.rename(run, "new")
    assert runs.title(run) == "old"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\x00\x07\n", b"x" * 500, "\u202e\n é".encode(), b"\n\nname\n"])
def test_whatever_the_file_holds_there_is_a_name(tmp_path, data):
    (tmp_path / "title.txt").write_bytes(data)
    name = runs.title(RunFolder(tmp_path))
    assert 0 < len(name) <= 80 and name.isprintable()


@pytest.mark.parametrize("value", [None, True, 7, "text", [], [[1], None]])
def test_whatever_a_result_holds_there_is_a_line(tmp_path, value):
    run = write_run(tmp_path / "run")
    raw = json.loads(run.info_file.read_text())
    for key in ("result", "request", "status", "created"):
        run.info_file.write_text(json.dumps({**raw, key: value}))
        assert runs.summarise(run).title == "run"
