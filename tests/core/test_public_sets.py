"""The table of public sets, against the packages that its addresses and digests are from."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from deskclassify.core import labels, public_sets
from deskclassify.core.public_sets import SETS


def package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{name} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def test_the_table_is_sound() -> None:
    assert len({one.name for one in SETS}) == len(SETS) >= 8
    for one in SETS:
        assert re.fullmatch(r"[a-z0-9_]+", one.name)
        assert one.archive.address.startswith(("https://", "http://")) and one.page.startswith("https://")
        assert one.licence and one.about.endswith((".", ":")) and one.images > 100 and one.classes > 1
        assert one.rule == "folder" or one.rule.startswith(("csv:", "regex:"))
        assert re.fullmatch(r"(about )?[\d.]+ [MG]B", one.size)
        assert len(one.label_names) in (0, one.classes)
    assert [one.name for one in SETS if not one.is_checked] == ["imagewoof"]


def test_each_address_stands_with_its_digest_in_torchvision() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in (package("torchvision") / "datasets").glob("*.py"))
    text = text.replace('f"{base_url}', '"https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/')
    for one in SETS:
        if "fast-ai-sample" in one.archive.address or not one.is_checked:
            continue
        for part in filter(None, (one.archive, one.labels)):
            folder, _, name = part.address.rpartition("/")
            assert part.address in text or (f"{folder}/" in text and f'"{name}"' in text), part
            assert part.digest.removeprefix("md5:") in text, part


def test_each_digest_and_size_of_fast_ai() -> None:
    checks = ast.literal_eval((package("fastai") / "data" / "download_checks.py").read_text(encoding="utf-8"))
    for one in SETS:
        if one.archive.address in checks:
            size, first = checks[one.archive.address]
            assert one.bytes == size
            if size <= 1 << 20:  # the digests there are of the first mebibyte
                assert one.archive.digest == f"md5:{first}"


def test_names_of_flowers_are_those_of_torchvision() -> None:
    tree = ast.parse((package("torchvision") / "datasets" / "flowers102.py").read_text(encoding="utf-8"))
    (names,) = (
        ast.literal_eval(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "classes"
    )
    assert public_sets.get("flowers").label_names == tuple(names)


@pytest.mark.parametrize("name", ["imagenette", "imagewoof"])
def test_names_of_imagenet_are_those_of_timm(name: str) -> None:
    file = package("timm") / "data" / "_info" / "imagenet_synset_to_lemma.txt"
    known = dict(line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    renamed = public_sets.get(name).renamed
    assert len(renamed) == 10
    for number, wanted in renamed.items():
        assert wanted.casefold() in [one.casefold() for one in known[number].split(", ")], (number, wanted)


def test_the_rule_of_pets() -> None:
    rule = labels.parse(public_sets.get("pets").rule, Path())
    assert rule(Path("images/great_pyrenees_17.jpg")) == labels.Labelled("great_pyrenees")  # type: ignore[arg-type]
