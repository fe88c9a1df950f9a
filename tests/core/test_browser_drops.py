"""What browsers and file managers put into a drag, as they really do, and what is taken of it."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from deskclassify.core import paths
from deskclassify.core.bare_pictures import BareRequest, keep
from deskclassify.core.browser_drops import Dragged, Given, decode, pictures_in, understand
from deskclassify.core.control import never
from deskclassify.core.errors import InputError

CAT = "https://example.org/pictures/cat.jpg?size=large&id=7"
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def moz(*lines):
    return "\n".join(lines).encode("utf-16-le")


@pytest.mark.parametrize(
    ("dragged", "wanted"),
    [
        # Chrome: a picture that is a link; the list holds where the link leads, the HTML where the picture is.
        (
            Dragged(
                addresses=("https://example.org/article/",),
                html=f'<meta charset="utf-8"><a href="https://example.org/article/"><img src="{CAT}" alt="a"></a>',
                text="https://example.org/article/",
            ),
            Given(addresses=(CAT,)),
        ),
        # Firefox: everything at once, with the decoded picture: nothing is downloaded.
        (
            Dragged(addresses=(CAT,), has_picture=True, html=f'<img src="{CAT}">', moz_url=moz(CAT, "cat.jpg")),
            Given(picture=True),
        ),
        (Dragged(moz_url=moz(CAT, "A cat")), Given(addresses=(CAT,))),
        (Dragged(addresses=(CAT,)), Given(addresses=(CAT,))),
        (Dragged(html=f"<img src='{PIXEL}'>", addresses=("https://example.org/",)), Given(data=(PIXEL,))),
        (Dragged(html='<img alt="x" src="//cdn.example.org/a.png">'), Given(addresses=("https://cdn.example.org/a.png",))),
        # File managers: files count for more than the thumbnail or the text beside them.
        (
            Dragged(files=("/a b/ü.jpg", "//server/share/x.png"), has_picture=True, text="/a b/ü.jpg"),
            Given(files=("/a b/ü.jpg", "//server/share/x.png")),
        ),
        # Text: paths and addresses, if each line is one.
        (Dragged(text='"C:\\My pictures\\a.jpg"\r\n"\\\\nas\\share\\b.jpg"\r\n'),
         Given(files=("C:\\My pictures\\a.jpg", "\\\\nas\\share\\b.jpg"))),
        (Dragged(text="file:///tmp/%C3%BC%20x.png\n"), Given(files=("/tmp/ü x.png",))),
        (Dragged(text="file://nas/share/x.png"), Given(files=("//nas/share/x.png",))),
        (Dragged(text=f" {CAT} \n"), Given(addresses=(CAT,))),
        (Dragged(text=PIXEL), Given(data=(PIXEL,))),
        (Dragged(text=f"look at this: {CAT}"), Given()),
        (Dragged(text=f"/tmp/a.png\nand words\n{CAT}"), Given()),
        (Dragged(text="data:text/html,<p>"), Given()),
        (Dragged(text="javascript:alert(1)"), Given()),
        (Dragged(html="<p>words</p>", text="words"), Given()),
        (Dragged(html='<img src="blob:https://example.org/1"><img src="local.png">', text="words"), Given()),
        (Dragged(), Given()),
    ],
)  # fmt: skip
def test_what_is_taken(dragged, wanted):
    assert understand(dragged) == wanted
    assert bool(wanted) == (wanted != Given())


def test_the_pictures_of_html_once_each_and_not_too_many():
    html = "".join(f'<img src="https://example.org/{number % 700}.png">' for number in range(1400))
    assert len(pictures_in(html)) == 500
    assert pictures_in("<img><img src=''><IMG SRC=' x.png '>") == ("x.png",)


@given(st.text(max_size=60), st.text(max_size=60), st.binary(max_size=30))
def test_nothing_makes_it_fail(html, text, data):
    understand(Dragged(html=f"<img src={html}", text=text, moz_url=data, addresses=(text,)))
    try:
        decode(f"data:{text},{html}")
    except InputError as error:
        assert error.sentence


def test_data_addresses_in_base64_and_percent_signs():
    assert decode("data:image/png;base64,aGVs bG8") == b"hello"
    assert decode("data:image/gif;base64,aGVsbG8%3D") == b"hello"
    assert decode("data:,a%20b") == b"a b"
    with pytest.raises(InputError, match="holds no picture"):
        decode("data:image/png;base64")


def test_a_picture_inside_an_address_is_kept_byte_by_byte():
    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), "gold").save(buffer, "JPEG")
    address = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    (kept,) = keep(BareRequest((address,)), never)
    (file,) = kept.files
    assert file.endswith(".jpg") and str(paths.cache_dir()) in file
    assert Path(file).read_bytes() == buffer.getvalue()


def test_what_cannot_be_read_is_a_sentence_and_leaves_nothing():
    with pytest.raises(InputError, match="such as SVG"):
        list(keep(BareRequest(("data:image/svg+xml,%3Csvg/%3E",)), never))
    assert not (paths.cache_dir() / "pasted").exists()
