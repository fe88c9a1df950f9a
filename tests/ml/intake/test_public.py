"""Public sets, served from 127.0.0.1."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from intake_kit import Server, has_come, picture, tar_bytes

from deskclassify.core import paths, public_sets
from deskclassify.core.control import never
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import PublicSetRequest
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Message
from deskclassify.core.public_sets import Download, PublicSet
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ml.intake import public

FLOWERS = {f"jpg/image_{number:05d}.jpg": picture(number) for number in range(1, 7)}


def md5(data: bytes) -> str:
    return f"md5:{hashlib.md5(data).hexdigest()}"


@pytest.fixture
def serve(server: Server, monkeypatch: pytest.MonkeyPatch):
    """`serve(name, archive, labels)` puts a public set on the server, under its true digests."""

    def put(name: str, archive: bytes, labels: bytes | None = None) -> PublicSet:
        made = public_sets.get(name)
        made = replace(made, archive=Download(server.put(made.archive.name, archive), md5(archive)))
        if labels is not None and made.labels is not None:
            made = replace(made, labels=Download(server.put("labels.mat", labels), md5(labels)))
        others = tuple(one for one in public_sets.SETS if one.name != name)
        monkeypatch.setattr(public_sets, "SETS", (made, *others))
        return made

    return put


def mat(numbers: list[int]) -> bytes:
    from scipy.io import savemat

    file = io.BytesIO()
    savemat(file, {"labels": np.array(numbers, np.uint8)})
    return file.getvalue()


def get(name: str, should_stop=never) -> Fetched:
    *_, last = public.fetch(PublicSetRequest(name), should_stop)
    assert isinstance(last, Fetched)
    return last


def classes(found: Fetched) -> dict[str, int]:
    return list_data(DataSpec((Source(found.folder),), rule=found.rule)).classes()


def test_numbers_become_names(serve, server: Server) -> None:
    members = {
        f"imagenette2-160/{subset}/{name}/{name}_{n}.JPEG": picture(n + at * 9)
        for subset in ("train", "val")
        for at, name in enumerate(("n01440764", "n03394916"))
        for n in range(2)
    }
    serve("imagenette", tar_bytes({**members, "imagenette2-160/noisy_imagenette.csv": b"path,noisy_labels_0\n"}))
    events = list(public.fetch(PublicSetRequest("imagenette")))
    assert isinstance(events[0], Message) and "Licence" in events[0].text and "99 MB" in events[0].text
    found = events[-1]
    listing = list_data(DataSpec((Source(found.folder),)))
    assert listing.classes() == {"French horn": 4, "tench": 4}
    assert listing.subsets() == {"train": 4, "valid": 4}
    assert found.name == "Imagenette, 160 pixels"
    server.requests.clear()
    assert get("imagenette").folder == found.folder and server.requests == []
    assert list(paths.downloads_dir().iterdir()) == []


def test_labels_from_a_matlab_file(serve) -> None:
    serve("flowers", tar_bytes(FLOWERS), mat([1, 1, 102, 102, 5, 5]))
    found = get("flowers")
    assert classes(found) == {"blackberry lily": 2, "english marigold": 2, "pink primrose": 2}
    assert Path(found.rule.removeprefix("csv:")).is_file()


@pytest.mark.parametrize("numbers", [[1, 2], [1, 1, 103, 1, 1, 1], [0] * 6])
def test_labels_that_do_not_fit(serve, numbers: list[int]) -> None:
    serve("flowers", tar_bytes(FLOWERS), mat(numbers))
    with pytest.raises(UserError, match="do not fit"):
        get("flowers")
    assert list(paths.pictures_dir().iterdir()) == []


def test_pets_are_known_by_their_names(serve) -> None:
    members = {f"images/{name}_{n}.jpg": picture(n) for name in ("Abyssinian", "great_pyrenees") for n in range(3)}
    serve("pets", tar_bytes({**members, "images/Abyssinian_100.mat": b"x"}))
    found = get("pets")
    assert classes(found) == {"Abyssinian": 3, "great_pyrenees": 3} and found.left_out == 1


def test_a_changed_archive_is_refused(serve, server: Server) -> None:
    serve("pets", tar_bytes({"images/a_1.jpg": picture()}))
    server.files["/images.tar.gz"].body = tar_bytes({"images/evil_1.jpg": picture(3)})
    with pytest.raises(UserError, match="hash is wrong"):
        get("pets")
    assert list(paths.pictures_dir().iterdir()) == []


def test_a_cancelled_download_goes_on(serve, server: Server) -> None:
    serve("pets", tar_bytes({f"images/{c}_{n}.jpg": picture(n) for c in "ab" for n in range(50)}))
    file = server.files["/images.tar.gz"]
    file.tricks = ["stall:1000"]
    list(public.fetch(PublicSetRequest("pets"), has_come(paths.downloads_dir(), 1000)))
    assert list(paths.pictures_dir().iterdir()) == []
    server.release.set()
    server.requests.clear()
    assert get("pets").images == 100 and server.ranges == ["bytes=1000-"]


def test_an_unknown_set() -> None:
    with pytest.raises(InputError, match="There are: mnist_tiny, imagenette"):
        get("cats")
