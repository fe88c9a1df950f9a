"""Stages and blocks of a network, from the names of its layers."""

from __future__ import annotations

import pytest

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.layer_events import Layer
from deskclassify.core.network_parts import (
    Network,
    group,
    parameter_text,
    percent,
    shape_text,
    short_shape,
    sight_text,
    size_of,
    title_of,
    training_text,
)

# Blocks of each stage, as the papers have them (He 2016, Simonyan 2015, Howard 2019, Tan 2019, Liu 2022).
PAPERS = {
    "efficientnet_lite0": (1, 2, 2, 3, 3, 4, 1),
    "efficientnet_b0": (1, 2, 2, 3, 3, 4, 1),
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "vgg16_bn": (2, 2, 3, 3, 3),
    "mobilenet_v3_large": (1, 2, 3, 6, 3),
    "convnext_tiny": (3, 3, 9, 3),
}


def layer(name, kind="Convolution", shape=(8, 4, 4), parameters=1, **others):
    return Layer(name, kind, shape, parameters, **others)


def blocks(stage):
    return [block.title for block in stage.blocks]


def test_every_network_of_the_zoo_has_a_row_in_the_table():
    assert set(PAPERS) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", PAPERS)
def test_stages_and_blocks_are_those_of_the_paper(name):
    from deskclassify.ml import zoo
    from deskclassify.ml.inspection.layers import describe
    from deskclassify.ml.inspection.sums import show_sums

    model = zoo.build(get(name), 3)
    show_sums(model)
    layers = describe(model, 64)
    network = Network(layers)
    assert [one for stage in network.stages for one in stage.layers] == list(layers)
    numbered = [stage for stage in network.stages if stage.title.startswith("Stage")]
    assert [stage.title for stage in numbered] == [f"Stage {at}" for at in range(1, len(numbered) + 1)]
    assert tuple(sum(title.startswith("Block") for title in blocks(stage)) for stage in numbered) == PAPERS[name]
    sums = [one for one in layers if one.name.endswith(".add")]
    assert all(network.place(one.name).block.title.startswith("Block") for one in sums)
    assert network.stages[-1].title == "Head" and network.stages[-1].layers[-1].name == "head.linear"
    assert (network.stages[0].title == "Stem") == (name != "vgg16_bn")  # VGG has none
    heights = [stage.size[0] for stage in network.stages]
    assert heights == sorted(heights, reverse=True) and heights[-1] == 1
    assert sum(stage.parameters for stage in network.stages) == network.parameters
    assert all(network.place(one.name).number == at for at, one in enumerate(layers))


def test_a_place_is_said_from_the_stage_to_the_layer():
    network = Network(
        [
            layer("conv_stem", detail="3 → 32, 3×3, stride 2"),
            layer("blocks.0.0.conv_dw", "Depthwise convolution", detail="32 → 32, 5×5"),
            layer("blocks.0.0.bn1", "BatchNorm + ReLU6"),
            layer("blocks.0.1.conv_pw"),
            layer("blocks.1.0.conv_pw"),
            layer("conv_head"),
            layer("global_pool", "Average pooling", (8,)),
            layer("head.linear", "Linear", (3,)),
        ]
    )
    assert [(stage.title, blocks(stage)) for stage in network.stages] == [
        ("Stem", [""]),
        ("Stage 1", ["Block 1", "Block 2"]),
        ("Stage 2", ["Block 1"]),
        ("Top", [""]),
        ("Head", [""]),
    ]
    assert network.place("blocks.0.0.conv_dw").title == "Stage 1 › Block 1 › Depthwise convolution 5×5"
    assert network.place("conv_stem").title == "Stem › Convolution 3×3"
    assert network.place("head.linear").title == "Head › Linear"
    assert network.place("nothing") is None
    assert network.share(2) == 0.25


def test_what_shrinks_the_picture_belongs_to_the_stage_that_comes():
    stages = group(
        [
            layer("features.0.0"),
            layer("features.1.0.block.0"),
            layer("features.2.0", "LayerNorm"),
            layer("features.2.1"),
            layer("features.3.0.block.0"),
            layer("features.3.1.block.0"),
        ]
    )
    assert [(stage.title, blocks(stage)) for stage in stages] == [
        ("Stem", [""]),
        ("Stage 1", ["Block 1"]),
        ("Stage 2", ["Downsampling", "Block 1", "Block 2"]),
    ]


def test_gates_do_not_end_a_stage():
    stages = group(
        [
            layer("features.1.block.0.0", shape=(8, 16, 16)),
            layer("features.2.block.0.0", shape=(8, 16, 16)),
            layer("features.2.block.2.fc1", shape=(8, 1, 1)),
            layer("features.3.block.0.0", shape=(8, 16, 16)),
            layer("features.3.block.1.0", shape=(8, 8, 8)),
            layer("features.3.block.2.fc2", shape=(8, 1, 1)),
        ]
    )
    assert [blocks(stage) for stage in stages] == [["Block 1", "Block 2"], ["Block 1"]]
    assert stages[1].size == (8, 8, 8)


def test_an_unknown_network_is_grouped_by_what_its_layers_say():
    stages = group([layer("a.x", stage="Entry"), layer("a.y", stage="Entry"), layer("odd.z")])
    assert [(stage.title, len(stage.layers)) for stage in stages] == [("Entry", 2), ("Odd", 1)]
    assert group([]) == ()


def test_shapes_are_read_as_height_width_channels():
    assert size_of((32, 112, 100)) == (112, 100, 32)
    assert size_of(()) == (1, 1, 0)
    assert size_of((1280,)) == size_of((1280, 1, 1)) == (1, 1, 1280)
    assert shape_text((768, 7, 7)) == "7 × 7 × 768"
    assert shape_text((1280,)) == "1,280"
    assert short_shape((32, 112, 112)) == "112×112×32"
    assert short_shape((1280,)) == "1,280 values" and short_shape((1,)) == "1 value"


def test_words():
    assert title_of(layer("layer2.0.downsample.0", detail="64 → 128, 1×1")) == "Convolution 1×1, shortcut"
    assert title_of(layer("features.4.block.2.fc1", detail="72 → 24, 1×1")) == "Convolution 1×1, gate"
    assert title_of(layer("features.4.block.2.0", "ReLU")) == title_of(layer("x", "ReLU")) == "ReLU"
    assert title_of(layer("x", detail="kernel 3 × 3")) == "Convolution 3×3"
    assert parameter_text(0) == "no parameters" and parameter_text(1) == "1 parameter"
    assert parameter_text(1200) == "1,200 parameters"
    assert [percent(share) for share in (0, 0.001, 0.02, 0.984, 1)] == ["0 %", "under 1 %", "2 %", "98 %", "100 %"]
    assert sight_text(layer("x", receptive_field=11)) == "sees 11 × 11 pixels"
    assert sight_text(layer("x")) == "sees the whole picture"
    assert [training_text(layer("x", trained=state)) for state in (True, False, None)] == ["trained", "frozen", ""]
