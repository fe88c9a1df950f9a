"""A picture dragged out of a browser is downloaded; what is none is a sentence, and leaves nothing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from intake_kit import CLASSES, Server, zip_bytes
from PIL import Image

from deskclassify.core import paths
from deskclassify.core.control import never
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import FetchRequest
from deskclassify.core.errors import InputError, UserError
from deskclassify.ml.intake import one_picture
from deskclassify.ml.intake.fetch import fetch


def photo(kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((200, 150), 60).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def get(address: str) -> Path:
    *_, last = fetch(FetchRequest(address, picture=True), never)
    assert isinstance(last, Fetched) and last.images == 1
    (file,) = Path(last.folder).iterdir()
    return file


def left() -> list[Path]:
    return [path for path in paths.cache_dir().rglob("*") if path.is_file()]


def test_it_keeps_its_name_and_its_bytes(server: Server) -> None:
    body = photo()
    file = get(server.put("bilder/K%C3%A4fer%201.jpg", body))
    assert file.name == "Käfer 1.jpg" and file.read_bytes() == body
    assert left() == [file]


def test_the_content_tells_what_it_is_where_the_name_does_not(server: Server) -> None:
    assert get(server.put("image?id=7&size=2", photo("WEBP"))).name == "image.webp"
    server.files["/"] = server.files["/image?id=7&size=2"]
    assert get(f"{server.address}/").name.endswith(".webp")


def test_the_same_address_again_is_downloaded_anew(server: Server) -> None:
    first = get(server.put("webcam.jpg", photo()))
    again = photo("PNG")
    server.put("webcam.jpg", again)
    assert get(f"{server.address}/webcam.jpg") == first and first.read_bytes() == again


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!DOCTYPE html><html><body>cats</body></html>", "web page, not of a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG drawing"),
        (b"\x00\x01 some bytes", "no picture of a kind"),
        (photo()[:30], "no picture of a kind"),
    ],
)
def test_what_is_no_picture_is_a_sentence_and_leaves_nothing(server: Server, body: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        get(server.put("cat.jpg", body))
    assert left() == []


def test_too_large_is_refused_before_it_comes(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_picture, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match=r"larger than .* Save it in the browser"):
        get(server.put("cat.jpg", photo()))


def test_an_address_without_a_picture_is_a_sentence(server: Server) -> None:
    with pytest.raises(UserError, match="404"):
        get(f"{server.address}/nothing.jpg")


def test_cancel_ends_it_without_a_result(server: Server) -> None:
    address = server.put("cat.jpg", photo())
    assert not any(isinstance(event, Fetched) for event in fetch(FetchRequest(address, picture=True), lambda: True))


def test_an_archive_at_an_address_is_unpacked_as_ever(server: Server) -> None:
    *_, last = fetch(FetchRequest(server.put("set.zip", zip_bytes(CLASSES)), picture=True), never)
    assert isinstance(last, Fetched) and last.images == 6
