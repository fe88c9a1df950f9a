"""The network that is looked into: loading it, keeping the last ones, and giving it a picture."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, Architecture, get
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.layer_events import Layer, LayersListed
from deskclassify.core.layer_requests import LayersRequest
from deskclassify.core.pictures import open_rgb
from deskclassify.core.preprocess import Pixels, Preprocess, apply
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml import snapshots
from deskclassify.ml.inspection import passes
from deskclassify.ml.inspection.before import best_epoch, pretrained_of, state_before, with_trained
from deskclassify.ml.inspection.layers import describe, module_path
from deskclassify.ml.inspection.sums import show_sums
from deskclassify.ml.zoo import Classifier, Pretrained, load_pretrained, load_run

_MOST_KEPT = 2  # networks: the one that is looked at, and the same at another epoch
_BEST = -1
Key = tuple[str, int, int]
"""run folder or architecture, when its weights were written, and the epoch (−1: the best)"""


@dataclass(frozen=True)
class Opened:
    """A network to look into, in eval mode.

    Attributes:
        key: tells it from others, also from the same run trained on.
        model: takes normalised float `[N, 3, H, W]`, gives scores `[N, classes]`; features where there are no classes.
        how: the resizing.
        classes: empty for a network that is only pretrained.
        layers: see `layers.describe`.
        run: None for one that is only pretrained.
        pretrained: of a run, what its training began with; None where that is not on this computer.
    """

    key: Key
    model: nn.Module
    architecture: Architecture
    how: Preprocess
    classes: tuple[str, ...]
    layers: tuple[Layer, ...]
    run: RunFolder | None = None
    pretrained: Pretrained | None = None

    def before(self, path: str) -> nn.Module | None:
        """What the module of a path was before training; None where that is not known, and for the head."""
        if self.pretrained is None or not path.startswith("trunk."):
            return None
        return dict(self.pretrained.trunk.named_modules()).get(path.removeprefix("trunk."))

    def find(self, name: str) -> tuple[Layer, str, nn.Module]:
        """A layer with its module's path and its module.

        Raises:
            InputError: there is no such layer.
        """
        path = module_path(self.model, name)
        layer = next((layer for layer in self.layers if layer.name == name), None)
        if layer is None or path is None:
            some = ", ".join(layer.name for layer in self.layers[:4])
            raise InputError(f"The network has no layer “{name}”. Its layers begin with {some}, …")
        return layer, path, self.model.get_submodule(path)

    def input_of(self, image: str) -> tuple[Pixels, torch.Tensor]:
        """A picture as the network sees it.

        Returns:
            uint8 `[size, size, 3]`, and the same normalised, float32 `[1, 3, size, size]`.

        Raises:
            PictureError: the file is no picture that can be read.
        """
        pixels = apply(open_rgb(image), self.how)
        return pixels, self.normalised(torch.from_numpy(pixels.copy())[None])

    def normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """uint8 `[N, H, W, 3]` → float32 `[N, 3, H, W]`."""
        mean, std = (torch.tensor(value).view(1, 3, 1, 1) * 255 for value in (self.how.mean, self.how.std))
        return (pixels.permute(0, 3, 1, 2).float() - mean) / std


_kept: dict[Key, Opened] = {}


def forget() -> None:
    """Let go of the networks that are kept, and of what they made of pictures."""
    _kept.clear()
    passes.forget()


def look(
    model: str, epoch: int | None, show: Callable[[Opened], Iterator[Event]], should_stop: ShouldStop
) -> Iterator[Event]:
    """Open a network, and go on with it; see `open_network`."""
    for step in open_network(model, epoch, should_stop):
        if isinstance(step, Opened):
            yield from show(step)
        else:
            yield step


def open_network(model: str, epoch: int | None, should_stop: ShouldStop) -> Iterator[Event | Opened]:
    """Load a run's network, or an architecture's pretrained one; the last ones are kept.

    Yields:
        events of a download, then an `Opened`; nothing more when stopped.

    Raises:
        InputError: it is neither, or the epoch was not kept.
    """
    run = RunFolder(Path(model))
    is_run = run.info_file.is_file()
    if not is_run and model not in ARCHITECTURES:
        names = ", ".join(ARCHITECTURES)
        raise InputError(f"“{model}” is neither a run folder nor a network. Networks are: {names}.")
    if is_run and not run.best.is_file():
        raise InputError(f"The run “{run.name}” has no trained weights yet. Train it first.")
    if not is_run:
        key = (model, 0, _BEST)
        if key not in _kept:
            yield from _open_pretrained(model, key, should_stop)
    else:
        key = _open_run(run, epoch)
    if key in _kept:
        _kept[key] = opened = _kept.pop(key)  # the one that was used last is dropped last
        yield opened


def _keep(opened: Opened) -> None:
    while len(_kept) >= _MOST_KEPT:
        del _kept[next(iter(_kept))]
    _kept[opened.key] = opened


def _open_run(run: RunFolder, epoch: int | None) -> Key:
    name = str(run.path.absolute())
    key = (name, run.best.stat().st_mtime_ns, _BEST)
    if key not in _kept:
        info = run.info()
        network = load_run(info.architecture, len(info.classes), run.best)
        show_sums(network)
        pretrained = pretrained_of(info)
        layers = with_trained(describe(network, info.preprocess.size), network, pretrained)
        _keep(Opened(key, network, get(info.architecture), info.preprocess, info.classes, layers, run, pretrained))
    best = _kept[key] = _kept.pop(key)
    if epoch is None or epoch == best_epoch(run):
        return key
    file = run.snapshot(epoch)
    key = (name, file.stat().st_mtime_ns if file.is_file() else 0, epoch)
    if key not in _kept:
        _keep(_at_epoch(best, run, epoch, key))
    return key


def _at_epoch(best: Opened, run: RunFolder, epoch: int, key: Key) -> Opened:
    """The network of a run as it was after an epoch; 0: before training, when its head was zero.

    Raises:
        InputError: that epoch was not kept.
    """
    epochs, pretrained = epochs_of(best), best.pretrained
    if pretrained is None or epoch not in epochs:
        kept = ", ".join(map(str, epochs)) or "none"
        raise InputError(f"The run “{run.name}” has not kept the weights of epoch {epoch}. Kept are: {kept}.")
    network = copy.deepcopy(best.model)  # faster than to build it
    beginning = state_before(network, pretrained)
    try:
        network.load_state_dict({**beginning, **snapshots.load(run, epoch)} if epoch else beginning)
    except Exception as error:
        raise InputError(f"The weights of epoch {epoch} are damaged. Choose another epoch.") from error
    layers = with_trained(best.layers, network, pretrained)
    return replace(best, key=key, model=network, layers=layers)


def epochs_of(opened: Opened) -> tuple[int, ...]:
    """The epochs that a run can be looked at in, 0 for before training; empty where none was kept."""
    if opened.run is None or opened.pretrained is None:
        return ()
    kept = snapshots.kept(opened.run, opened.pretrained.digest)
    best = best_epoch(opened.run)
    return tuple(sorted({0, *kept, *([best] if best else [])})) if kept else ()


class _TrunkOnly(nn.Module):
    """A pretrained network without a head: it has no classes of its own yet."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.trunk = classifier.trunk

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features, float `[N, length]`."""
        result: torch.Tensor = self.trunk(images)
        return result


def _open_pretrained(name: str, key: Key, should_stop: ShouldStop) -> Iterator[Event]:
    architecture = get(name)
    how = architecture.preprocess("squish")
    for loaded in load_pretrained(architecture, 2, "", should_stop):
        if isinstance(loaded, Pretrained):
            network = _TrunkOnly(loaded.model).eval()
            show_sums(network)
            _keep(Opened(key, network, architecture, how, (), describe(network, how.size)))
        else:
            yield loaded


def list_layers(request: LayersRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The layers, in order.

    Raises:
        InputError: see `open_network`.
    """

    def show(opened: Opened) -> Iterator[Event]:
        parameters = sum(parameter.numel() for parameter in opened.model.parameters())
        yield LayersListed(
            request.model,
            opened.layers,
            parameters,
            opened.classes,
            opened.how.size,
            opened.architecture.title,
            epochs_of(opened),
            best_epoch(opened.run) if opened.run is not None else 0,
            opened.pretrained is not None,
        )

    return look(request.model, None, show, should_stop)
