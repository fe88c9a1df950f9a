"""What a drag, or the clipboard, really holds: files, pictures of the web, or a picture that has no file.

Browsers say the same thing in many ways. Of a picture that is a link, the list of addresses holds where the link leads,
and only the HTML tells where the picture is. So, in this order, and the first that is there counts:

| what is held                            | what is taken                                                      |
| --------------------------------------- | ------------------------------------------------------------------ |
| files                                   | the files, and web addresses in the same list                      |
| a picture                               | the picture: nothing need be downloaded                            |
| `text/html` with `<img src>`            | the addresses of the pictures; `data:` ones hold the picture       |
| `text/uri-list`, `text/x-moz-url`       | its addresses                                                      |
| text                                    | if each line is a path or an address: those; otherwise nothing     |

Nothing is looked up on the disk or in the web here: a path on a slow share must not hold the window.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from deskclassify.core.archive_names import is_address
from deskclassify.core.errors import InputError

_MOST_LINES = 10_000
_MOST_PICTURES = 500  # of one piece of HTML
_LONGEST_DATA = 200_000_000  # letters of a data: address
_ABSOLUTE = re.compile(r"/|\\\\|~[/\\]|[A-Za-z]:[/\\]")
_DATA = re.compile(r"data:(?P<kind>[^,;]*)(?P<options>(;[^,;]*)*),", re.IGNORECASE)


@dataclass(frozen=True)
class Dragged:
    """What is held, in the forms that browsers and file managers use.

    Attributes:
        files: paths of the local files of the list of addresses.
        addresses: all others of that list, percent-encoded.
        has_picture: whether a decoded picture is held.
        html, text: as they are.
        moz_url: `text/x-moz-url`, UTF-16: an address and a title, each on a line of its own.
    """

    files: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    has_picture: bool = False
    html: str = ""
    text: str = ""
    moz_url: bytes = b""


@dataclass(frozen=True)
class Given:
    """What is taken of it.

    Attributes:
        files: paths, as they came.
        addresses: http and https, of pictures or archives to be downloaded.
        data: `data:` addresses, which hold the picture themselves.
        picture: whether the decoded picture is to be taken.
    """

    files: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    picture: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything that can be used."""
        return bool(self.files or self.addresses or self.data or self.picture)


def understand(dragged: Dragged) -> Given:
    """What can be used of a drag or of the clipboard; see the table above."""
    if dragged.files:
        return Given(dragged.files, _sorted_out(dragged.addresses).addresses)
    if dragged.has_picture:
        return Given(picture=True)
    for found in (pictures_in(dragged.html), dragged.addresses, _of_mozilla(dragged.moz_url)):
        given = _sorted_out(found)
        if given:
            return given
    return _of_text(dragged.text)


def pictures_in(html: str) -> tuple[str, ...]:
    """The addresses of the pictures of a piece of HTML, each once; those that only make sense on their page are not."""
    if "<" not in html:
        return ()
    reader = _Pictures()
    reader.feed(html)
    whole = (f"https:{one}" if one.startswith("//") else one for one in reader.sources)
    return tuple(dict.fromkeys(whole))[:_MOST_PICTURES]


def decode(address: str) -> bytes:
    """The bytes that a `data:` address holds (RFC 2397).

    Raises:
        InputError: it is none, or damaged.
    """
    head = _DATA.match(address)
    if head is None or len(address) > _LONGEST_DATA:
        raise InputError("The address that was dropped holds no picture. Save the picture, then drop the file.")
    body = unquote_to_bytes(address[head.end() :])
    if not head["options"].lower().endswith(";base64"):
        return body
    try:
        return base64.b64decode(b"".join(body.split()) + b"==")
    except (binascii.Error, ValueError) as error:
        raise InputError("The picture inside the address is damaged. Save the picture, then drop the file.") from error


class _Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.sources += [value.strip() for name, value in attrs if name == "src" and value]


def _of_mozilla(data: bytes) -> tuple[str, ...]:
    lines = data.decode("utf-16-le", "replace").replace("\x00", "").splitlines()
    return tuple(lines[::2])


def _of_text(text: str) -> Given:
    """All lines must be understood: in a sentence with a path in it nothing is meant for us."""
    lines = [line.strip().strip('"').strip("'") for line in text.splitlines()[:_MOST_LINES]]
    lines = [line for line in lines if line]
    given = _sorted_out(lines)
    whole = len({*given.files, *given.addresses, *given.data}) == len(set(lines))
    return given if whole else Given()


def _sorted_out(found: Iterable[str]) -> Given:
    files: list[str] = []
    addresses: list[str] = []
    data: list[str] = []
    for one in dict.fromkeys(found):
        if one[:5].lower() == "data:":
            if one[5:11].lower() == "image/":
                data.append(one)
        elif is_address(one):
            addresses.append(one)
        elif one[:7].lower() == "file://":
            files.append(_path_of(one))
        elif _ABSOLUTE.match(one):
            files.append(one)
    return Given(tuple(files), tuple(addresses), tuple(data))


def _path_of(address: str) -> str:
    parts = urlsplit(address)
    host = parts.netloc if parts.netloc.lower() != "localhost" else ""
    path = url2pathname(parts.path)
    return f"//{host}{path}" if host else path
