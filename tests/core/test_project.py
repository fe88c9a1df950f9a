"""Projects on the disk."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core import project
from deskclassify.core.errors import InputError
from deskclassify.core.project import Project, TrainOptions
from deskclassify.core.sources import DataSpec, Source

TEXT = st.text(st.characters(codec="utf-8"), max_size=10)


@given(
    st.builds(
        DataSpec, sources=st.lists(st.builds(Source, TEXT, TEXT), max_size=3).map(tuple), rule=TEXT, seed=st.integers()
    ),
    st.builds(TrainOptions, epochs=st.none() | st.integers(1, 99), learning_rate=st.none() | st.floats(1e-6, 1)),
)
def test_saved_projects_come_back(tmp_path_factory, data, options):
    made = Project(tmp_path_factory.mktemp("project") / "Birds", data, options)
    made.save()
    assert project.load(made.file) == made
    assert project.load(made.folder) == made
    assert project.is_project(made.file)
    assert project.is_project(made.folder)


@given(TEXT)
def test_any_name_gives_a_folder_inside(tmp_path_factory, name):
    base = tmp_path_factory.mktemp("projects")
    made = project.create(name, base)
    assert made.folder.parent == base
    assert project.load(made.folder).name == made.name


def test_names_in_use_are_numbered(tmp_path):
    names = [project.create("Birds", tmp_path).name for _ in range(3)]
    assert names == ["Birds", "Birds 2", "Birds 3"]


def test_runs_are_numbered_on(tmp_path):
    made = project.create("Birds", tmp_path)
    assert made.next_run().name == "run-001"
    for name in ("run-001", "run-007", "other"):
        (made.folder / "runs" / name).mkdir(parents=True)
        (made.folder / "runs" / name / "run.json").write_text("{}")
    assert made.next_run().name == "run-008"
    assert [run.name for run in made.runs()] == ["other", "run-001", "run-007"]


def test_the_requests_ask_for_what_the_options_say(tmp_path):
    options = TrainOptions("resnet18", "thorough", 7, 0.01, 16, 160, "pad", "w.pth", "cpu")
    made = Project(tmp_path / "Birds", DataSpec(seed=5), options)
    fit, find = made.fit_request(tmp_path / "run", resume=True), made.lr_find_request()
    assert (fit.data, fit.run, fit.resume) == (made.data, str(tmp_path / "run"), True)
    assert find.data == made.data
    for name, value in vars(options).items():
        assert getattr(fit, name) == value
        assert getattr(find, name, value) == value


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": 1}', '{"schema": 1, "data": {"seed": "x"}, "options": {}}']
)
def test_damaged_files_are_told(tmp_path, content):
    file = tmp_path / "Birds.deskclassify"
    file.write_text(content)
    with pytest.raises(InputError, match="damaged"):
        project.load(file)


def test_newer_and_missing_files_are_told(tmp_path):
    file = tmp_path / "Birds.deskclassify"
    file.write_text(json.dumps({"schema": 99}))
    with pytest.raises(InputError, match="newer"):
        project.load(file)
    with pytest.raises(InputError, match="cannot be read"):
        project.load(tmp_path / "gone.deskclassify")


def test_options_reach_the_request(tmp_path):
    options = TrainOptions("resnet18", "thorough", 3, 0.01, 8, 96, "pad", weights="w.pth", mix="mixup", patience=4)
    made = Project(tmp_path, DataSpec(seed=9), options)
    request = made.fit_request(tmp_path / "runs" / "run-001", resume=True)
    assert (request.architecture, request.preset, request.epochs, request.learning_rate) == (
        "resnet18",
        "thorough",
        3,
        0.01,
    )
    assert (request.batch_size, request.image_size, request.resize, request.weights) == (8, 96, "pad", "w.pth")
    assert (request.mix, request.patience) == ("mixup", 4)
    assert request.data.seed == 9
    assert request.resume
