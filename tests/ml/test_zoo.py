from __future__ import annotations

import pytest
import torch
from torchvision import models

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.control import never
from deskclassify.ml import zoo

OTHERS = [name for name, one in ARCHITECTURES.items() if not one.bundled]


@pytest.mark.parametrize("name", OTHERS)
def test_the_table_repeats_torchvisions_metadata(name: str) -> None:
    ours, theirs = get(name), models.get_model_weights(name).DEFAULT
    assert theirs.url.endswith(f"/{ours.file}")
    assert ours.parameters == theirs.meta["num_params"]
    assert ours.megabytes == pytest.approx(theirs.meta["_file_size"], abs=0.06)
    assert ours.accuracy == pytest.approx(theirs.meta["_metrics"]["ImageNet-1K"]["acc@1"], abs=0.06)
    transforms = theirs.transforms()
    assert (list(ours.mean), list(ours.std)) == (transforms.mean, transforms.std)
    assert ours.interpolation == transforms.interpolation.value


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_network_turns_pictures_into_class_scores(name: str) -> None:
    architecture = get(name)
    model = zoo.build(architecture, 3).eval()
    with torch.inference_mode():
        features = model.trunk(torch.zeros(2, 3, 96, 96))
        assert features.shape == (2, architecture.features)
        assert model(torch.zeros(2, 3, 96, 96)).shape == (2, 3)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_the_stages_of_every_network_run_one_after_the_other_are_the_network(name: str) -> None:
    model = zoo.build(get(name), 3).eval()
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        values, sides = images, []
        for stage in model.stages().values():
            values = stage(values)
            sides.append(values.shape[-1])
        assert torch.equal(values, model.trunk(images))
    assert sides[:-1] == sorted(sides[:-1], reverse=True)
    every = [id(parameter) for stage in model.stages().values() for parameter in stage.parameters()]
    assert sorted(every) == sorted(id(parameter) for parameter in model.trunk.parameters())
    assert 5 <= len(model.stages()) <= 17


def test_the_bundled_weights_are_in_the_right_places() -> None:
    """Tensors in a wrong order would give features without meaning; see also the accuracy tests."""
    *_, loaded = zoo.load_pretrained(get("efficientnet_lite0"), 2, "", never)
    assert isinstance(loaded, zoo.Pretrained)
    state = loaded.model.trunk.state_dict()
    variances = [value for name, value in state.items() if name.endswith("running_var")]
    assert len(variances) == 49
    assert all(bool((value >= 0).all()) and float(value.max()) > 0 for value in variances)
    noise = torch.randn(4, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = loaded.model.eval().trunk(noise)
    assert torch.isfinite(features).all()
    assert 0 < float(features.mean()) < 3
