"""Finding pictures and their classes: a walk that follows no link out of the folder or in a circle."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from deskclassify.core import groups, labels, split
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.errors import InputError
from deskclassify.core.pictures import UNSUPPORTED_SUFFIXES, is_picture_name
from deskclassify.core.words import counted

SKIPPED_FOLDERS = frozenset({"__MACOSX", "@eaDir"})  # resource forks of archives, thumbnails of a NAS


@dataclass(frozen=True)
class Source:
    """A folder of pictures. With a `label` it is one class folder; without, the rule labels its files.

    Those of an `unlabelled` one have no class until one is given by hand.
    """

    path: str
    label: str = ""
    unlabelled: bool = False


@dataclass(frozen=True)
class DataSpec:
    """Which pictures, how they are labelled and how they are split; nothing on the disk changes.

    Attributes:
        sources: folders, in the order they were added.
        rule: see `labels`.
        valid_pct: share of each class for validation.
        valid_folder: name of a folder at the top whose pictures are for validation; may be empty.
        seed: of the split.
        renamed: class name found → class name wanted.
        relabelled: key of a picture → class name given by hand; `renamed` holds for it too, unless it is `distinct`.
        excluded: keys of pictures left out by hand.
        test_pct: share of each class that is kept for a last test, and neither trained on nor validated with.
        grouping: which pictures must lie on one side of the split: see `groups`; empty for none.
        together: groups of keys that must lie on one side as well, such as near duplicates.
        created: classes made by hand, which may still be without pictures.
        distinct: names given by hand that mean themselves, although the class that was found under that name is called
            otherwise now: see `mending`.
    """

    sources: tuple[Source, ...] = ()
    rule: str = "folder"
    valid_pct: float = 0.2
    valid_folder: str = ""
    seed: int = 42
    renamed: dict[str, str] = field(default_factory=dict)
    relabelled: dict[str, str] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    test_pct: float = 0.0
    grouping: str = ""
    together: tuple[tuple[str, ...], ...] = ()
    created: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One picture with its class.

    Attributes:
        path: absolute.
        key: its path below its source, with forward slashes: what splits and repairs hang on.
        label: class name.
        subset: `train`, `valid` or `test`.
        fixed: the subset that folders or a table prescribe; empty where the split decides.
        found: the class that folders, rule or table give it; empty for none.
    """

    path: str
    key: str
    label: str
    subset: str = ""
    fixed: str = ""
    found: str = ""


@dataclass(frozen=True)
class Problem:
    """Something about the data that the user should know.

    `kind` is `unreadable`, `unlabelled`, `link`, `class`, `folder` or `note`.
    """

    path: str
    reason: str
    kind: str = "note"


@dataclass(frozen=True)
class Found:
    """What a walk through the folders came to, before anything was mended by hand, and before the split.

    Attributes:
        items: with the classes that were found; keys are unique.
        unlabelled: pictures without a class, their label empty.
        problems: of the walk.
        namesakes: notes about pictures whose key had to be made another one, for another folder has the same.
        sources, rule, valid_folder: of the `DataSpec`; what else it says needs no new walk.
    """

    items: tuple[Item, ...] = ()
    unlabelled: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    namesakes: tuple[Problem, ...] = ()
    sources: tuple[Source, ...] = ()
    rule: str = "folder"
    valid_folder: str = ""

    def fits(self, spec: DataSpec) -> bool:
        """Whether `spec` would find the same, if the folders have not changed since."""
        wanted = (spec.sources, spec.rule, spec.valid_folder)
        return (self.sources, self.rule, self.valid_folder) == wanted


@dataclass(frozen=True)
class Listing:
    """What a `DataSpec` comes to.

    `unlabelled` are pictures without a class, their label empty; `left_out` those that were excluded by hand, with the
    label that they would have.
    """

    items: tuple[Item, ...]
    unlabelled: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    left_out: tuple[Item, ...] = ()

    def classes(self) -> dict[str, int]:
        """Class name → number of pictures, in alphabetical order."""
        counts: dict[str, int] = {}
        for (label, _), count in sorted(self._counts.items()):
            counts[label] = counts.get(label, 0) + count
        return counts

    def subsets(self) -> dict[str, int]:
        """Subset → number of pictures."""
        count = Counter[str]()
        for (_, subset), pictures in self._counts.items():
            count[subset] += pictures
        return {name: count[name] for name in ("train", "valid", "test") if count[name]}

    def pictures(self, label: str, subset: str) -> int:
        """Number of pictures of a class in a subset."""
        return self._counts[label, subset]

    @cached_property
    def _counts(self) -> Counter[tuple[str, str]]:
        """Class and subset → number of pictures. Counted once, for all parts of the window ask."""
        return Counter((item.label, item.subset) for item in self.items)

    def without(self, unreadable: Container[str], spec: DataSpec) -> Listing:
        """The listing less the paths that turned out to be unreadable, split anew."""
        kept = [item for item in self.items if item.path not in unreadable]
        unlabelled = tuple(item for item in self.unlabelled if item.path not in unreadable)
        return replace(self, items=_split(kept, spec, _groups(kept, spec)), unlabelled=unlabelled)


def walk(root: Path) -> Iterator[PurePosixPath | Problem]:
    """All files below a folder, in sorted order, as paths relative to it; hidden ones are left out.

    Folders that are links are never entered; a link to a file counts only if it stays inside.
    """
    real_root = root.resolve()
    pending = [PurePosixPath()]
    while pending:
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Problem(str(root / folder), f"The folder cannot be read: {error.strerror}.", "folder")
            continue
        below: list[PurePosixPath] = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS:
                continue
            path = folder / entry.name
            if entry.is_symlink():
                if Path(entry.path).is_file() and Path(entry.path).resolve().is_relative_to(real_root):
                    yield path
                else:
                    yield Problem(entry.path, "This link leads out of the folder, in a circle or nowhere.", "link")
            elif entry.is_dir():
                below.append(path)
            elif entry.is_file():
                yield path
        pending.extend(reversed(below))


def list_data(spec: DataSpec, should_stop: ShouldStop = never) -> Listing:
    """Walk all sources, label every picture and split them. No picture is opened.

    Raises:
        InputError: a source is no folder, the rule is wrong, or no picture lies in the validation folder.
    """
    return arrange(find(spec, should_stop), spec)


def find(spec: DataSpec, should_stop: ShouldStop = never) -> Found:
    """Walk all sources and give every picture the class that its folder or the rule says.

    Raises:
        InputError: a source is no folder, or the rule is wrong.
    """
    found: list[Item] = []
    unlabelled: list[Item] = []
    problems: list[Problem] = []
    for source in spec.sources:
        root = _root(source)
        if not root.is_dir():
            raise InputError(f"There is no folder “{root}”. Choose a folder that holds pictures.")
        files = _pictures(root, problems, should_stop)
        if source.label:
            name = labels.normal(source.label)
            found += [Item(str(root / path), f"{name}/{_key(path)}", name) for path in files]
        elif source.unlabelled:
            unlabelled += [Item(str(root / path), f"{root.name}/{_key(path)}", "") for path in files]
        elif spec.rule == "folder":
            _by_folder(root, files, spec.valid_folder, found, unlabelled, problems)
        else:
            _by_rule(root, files, spec.rule, found, problems)
    namesakes: list[Problem] = []
    every = _unique([*found, *unlabelled], namesakes)
    items = tuple(replace(item, found=item.label) for item in every if item.label)
    rest = tuple(item for item in every if not item.label)
    problems += _empty_folders(every, spec)
    return Found(items, rest, tuple(problems), tuple(namesakes), spec.sources, spec.rule, spec.valid_folder)


def arrange(found: Found, spec: DataSpec) -> Listing:
    """Mend and split what was found, as `spec` says. Nothing on the disk is looked at: it takes some 5 µs a picture.

    Args:
        found: by a spec that it `fits`.
        spec: what is wanted.

    Raises:
        InputError: no picture lies in the validation folder, or the grouping is wrong.
    """
    excluded = frozenset(spec.excluded)  # looked up once a picture
    items: list[Item] = []
    unlabelled: list[Item] = []
    left_out: list[Item] = []
    for item in (*found.items, *found.unlabelled):
        label = label_now(item, spec)
        changed = item
        if label != item.label:
            changed = Item(item.path, item.key, label, item.subset, item.fixed, item.found)
        if item.key in excluded:
            left_out.append(changed)
        else:
            (items if label else unlabelled).append(changed)
    if spec.valid_folder:
        items = _valid_folder(items, spec.valid_folder)
    gone = {item.path for item in left_out}
    notes = (note for note in found.namesakes if note.path not in gone)
    tied = _groups(items, spec)
    told = (Problem("", text) for text in groups.remarks(items, tied, spec.grouping))
    problems = (*found.problems, *notes, *_class_problems(items), *told)
    return Listing(_split(items, spec, tied), tuple(unlabelled), problems, tuple(left_out))


def label_now(item: Item, spec: DataSpec) -> str:
    """The class of a picture as `spec` has it: see `DataSpec`; empty for none."""
    given = spec.relabelled.get(item.key, "")
    if given and given in spec.distinct:
        return given
    label = given or item.found
    return spec.renamed.get(label, label) if label else ""


def bare_folders(spec: DataSpec, listing: Listing) -> tuple[Source, ...]:
    """The sources whose pictures all lie directly in them, so that no sub-folder names their class."""
    if spec.rule != "folder":
        return ()
    loose = {problem.path for problem in listing.problems if problem.kind == "unlabelled"}
    filled = _filled(listing.items) if loose else frozenset()
    return tuple(
        source
        for source in spec.sources
        if not source.label and source.path in loose and str(Path(source.path)) not in filled
    )


def as_classes(spec: DataSpec, chosen: Container[Source]) -> DataSpec:
    """The data with some of its sources as a class each, named after the folder."""
    sources = (replace(source, label=Path(source.path).name) if source in chosen else source for source in spec.sources)
    return replace(spec, sources=tuple(sources))


def _root(source: Source) -> Path:
    return Path(os.path.abspath(Path(source.path).expanduser()))


def _filled(items: Iterable[Item]) -> frozenset[str]:
    """The folders that hold pictures, at any depth."""
    direct = {os.path.dirname(item.path) for item in items}  # noqa: PTH120 - a Path for each picture takes long
    return frozenset(path for folder in direct for path in (folder, *map(str, Path(folder).parents)))


def _key(path: PurePosixPath) -> str:
    return labels.normal(path.as_posix())


def _pictures(root: Path, problems: list[Problem], should_stop: ShouldStop) -> list[PurePosixPath]:
    files: list[PurePosixPath] = []
    others = 0
    for entry in walk(root):
        if isinstance(entry, Problem):
            problems.append(entry)
        elif is_picture_name(entry.name):
            files.append(entry)
        elif entry.suffix.lower() in UNSUPPORTED_SUFFIXES:
            sentence = f"{entry.suffix.upper()[1:]} files cannot be read. Convert it to JPEG or PNG."
            problems.append(Problem(str(root / entry), sentence, "unreadable"))
        else:
            others += 1
        if should_stop():
            break
    if others:
        problems.append(Problem(str(root), f"Passed over, as no pictures: {counted(others, 'file')}.", "note"))
    return files


def _by_folder(
    root: Path,
    files: list[PurePosixPath],
    valid_folder: str,
    found: list[Item],
    unlabelled: list[Item],
    problems: list[Problem],
) -> None:
    """The class is the sub-folder; subset folders at the top are understood when they hold class folders."""
    holds_classes = {path.parts[0] for path in files if len(path.parts) > 2}
    direct = {path.parts[0] for path in files if len(path.parts) == 2}
    subset_of = {name: labels.SUBSETS.get(name.lower(), "") for name in holds_classes | direct}
    if valid_folder in holds_classes:
        # The user has named the validation folder; folders of class folders beside it are for training.
        subset_of.update({name: subset_of[name] or "train" for name in holds_classes - direct})
        subset_of[valid_folder] = "valid"
    subset_folders = {name for name in holds_classes if subset_of[name]}
    others = (holds_classes | direct) - subset_folders
    test_folders = {name for name in others if subset_of[name] == "test" and len(holds_classes | direct) > 1}
    loose = 0
    for path in files:
        top = path.parts[0]
        if len(path.parts) == 1 or (top in subset_folders and len(path.parts) == 2):
            loose += 1
        elif top in subset_folders:
            found.append(Item(str(root / path), _key(path), labels.normal(path.parts[1]), fixed=subset_of[top]))
        elif top in test_folders:
            unlabelled.append(Item(str(root / path), _key(path), ""))
        else:
            found.append(Item(str(root / path), _key(path), labels.normal(top)))
    for name in sorted(test_folders):
        sentence = "Its pictures have no class: they are kept apart as unlabelled test pictures."
        problems.append(Problem(str(root / name), sentence, "unlabelled"))
    if loose:
        sentence = (
            f"{counted(loose, 'picture')} beside the class folders, without a class. "
            "Move such pictures into a class folder, or choose another label rule."
        )
        problems.append(Problem(str(root), sentence, "unlabelled"))


def _by_rule(root: Path, files: list[PurePosixPath], rule: str, found: list[Item], problems: list[Problem]) -> None:
    label_of = labels.parse(rule, root)
    for path in files:
        answer = label_of(path)
        if isinstance(answer, labels.Refused):
            problems.append(Problem(str(root / path), answer.reason, "unlabelled"))
        else:
            found.append(Item(str(root / path), _key(path), answer.label, fixed=answer.subset))


def _unique(items: Iterable[Item], problems: list[Problem]) -> list[Item]:
    """Keys must tell pictures apart; the same folder added twice is counted once."""
    seen: dict[str, Item] = {}
    for item in items:
        first = seen.setdefault(item.key, item)
        if first is item:
            continue
        if first.path == item.path:
            continue
        distinct = replace(item, key=f"{Path(item.path).parent.name}~{split.rank(item.path, 0)[:8]}/{item.key}")
        seen[distinct.key] = distinct
        problems.append(Problem(item.path, f"Another folder has a picture of the same name, {first.path}.", "note"))
    return list(seen.values())


def _valid_folder(items: list[Item], name: str) -> list[Item]:
    wanted = name.strip("/")
    chosen = [replace(item, fixed="valid" if wanted in item.key.split("/")[:-1] else item.fixed) for item in items]
    if not any(item.fixed == "valid" for item in chosen):
        raise InputError(f"No picture lies in a folder named “{name}”, which was to be the validation folder.")
    return chosen


def _split(items: Sequence[Item], spec: DataSpec, tied: Mapping[str, str]) -> tuple[Item, ...]:
    candidates = (split.Candidate(item.key, item.label, item.fixed) for item in items)
    subsets = split.assign(candidates, spec.valid_pct, spec.seed, spec.test_pct, tied)
    # Not `replace`: it takes three times as long, and this is done at every change of a label.
    return tuple(Item(item.path, item.key, item.label, subsets[item.key], item.fixed, item.found) for item in items)


def _groups(items: Sequence[Item], spec: DataSpec) -> dict[str, str]:
    """Key → name of the group that must lie on one side of the split."""
    if not spec.grouping and not spec.together:
        return {}
    roots = frozenset(str(_root(source)) for source in spec.sources)
    return groups.find(items, spec.grouping, spec.together, spec.rule == "folder", roots)


def _class_problems(items: list[Item]) -> list[Problem]:
    counts = Counter(item.label for item in items)
    return [
        Problem(label, f"The class “{label}” has a single picture: it can be trained on but not validated.", "class")
        for label, count in sorted(counts.items())
        if count == 1
    ]


def _empty_folders(found: list[Item], spec: DataSpec) -> list[Problem]:
    filled = _filled(found)
    problems = [
        Problem(source.path, f"The class folder “{source.label}” holds no pictures that can be read.", "class")
        for source in spec.sources
        if source.label and str(_root(source)) not in filled
    ]
    if spec.rule == "folder":
        plain = (source for source in spec.sources if not source.label and not source.unlabelled)
        problems += [problem for source in plain for problem in _empty(source, filled)]
    return problems


def _empty(source: Source, filled: frozenset[str]) -> Iterator[Problem]:
    for entry in sorted(os.scandir(_root(source)), key=lambda entry: entry.name):
        left_out = entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS
        is_test = labels.SUBSETS.get(entry.name.lower()) == "test"
        if entry.is_dir(follow_symlinks=False) and not left_out and not is_test and entry.path not in filled:
            yield Problem(entry.path, f"The folder “{entry.name}” holds no pictures.", "class")
