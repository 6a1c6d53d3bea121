"""Settings from JSON: keys, types and ranges, each mistake named in one sentence."""

from dataclasses import asdict, dataclass, field

import pytest

from alpr_utils.config import Count, Positive, Settings, parse_settings
from alpr_utils.detect.architecture import architecture_type, parse_architecture
from alpr_utils.errors import AlprError
from alpr_utils.networks.configs import SSDConfig


class Source(Settings):
    folder: str
    sampling_weight: Positive = 1.0


class Plan(Settings):
    batch: Count = 16
    sizes: tuple[tuple[Count, Count], ...] = ()
    sources: tuple[Source, ...] = ()
    validation: Source | None = None


@dataclass(frozen=True)
class Anchors:
    scales: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class Network:
    stem: int = 16
    anchors: Anchors = field(default_factory=Anchors)


def test_lists_become_tuples_and_whole_numbers_floats() -> None:
    assert parse_settings(Network, {"anchors": {"scales": [2, 3.5]}}, "f") == Network(anchors=Anchors((2.0, 3.5)))
    plan = parse_settings(Plan, {"sizes": [[64, 96]], "sources": [{"folder": "a", "sampling_weight": 2}]}, "f")
    assert plan == Plan(sizes=((64, 96),), sources=(Source(folder="a", sampling_weight=2.0),))
    assert plan.changed(batch=2).sources == plan.sources


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        (Network, {"depth": 3}, "f.json: has the unknown key 'depth'; known are stem, anchors."),
        (Network, {"anchors": {"scale": 1}}, "f.json: anchors: has the unknown key 'scale'; known are scales."),
        (Network, {"stem": "16"}, 'f.json: stem must be a whole number, not "16"; correct it.'),
        (Network, {"anchors": {"scales": 8}}, "f.json: anchors: scales must be a list, not 8; correct it."),
        (Network, [], "f.json must be an object, not []; correct it."),
        (Plan, {"batch": 0}, "f.json: batch must be at least 1, not 0; correct it."),
        (Plan, {"batch": True}, "f.json: batch must be a whole number, not true; correct it."),
        (Plan, {"sizes": [[64]]}, "f.json: sizes[0]: lacks an item; add it."),
        (Plan, {"sizes": [[1, 2, 3]]}, "f.json: sizes[0] must have at most 2 items, not [1, 2, 3]; correct it."),
        (Plan, {"sources": [{}]}, "f.json: sources[0]: lacks the key 'folder'; add it."),
        (
            Plan,
            {"validation": {"folder": "a", "share": 1}},
            "f.json: validation: has the unknown key 'share'; known are folder, sampling_weight.",
        ),
        (
            Plan,
            {"sources": [{"folder": "a", "sampling_weight": -1}]},
            "f.json: sources[0]: sampling_weight must be greater than 0, not -1; correct it.",
        ),
        (
            Plan,
            {"sources": [{"folder": "a", "sampling_weight": float("inf")}]},
            "f.json: sources[0]: sampling_weight must be a finite number, not Infinity; correct it.",
        ),
    ],
)
def test_mistakes_are_named(kind: type, content: object, message: str) -> None:
    with pytest.raises(AlprError) as caught:
        parse_settings(kind, content, "f.json")
    assert str(caught.value) == message


def test_changes_are_checked() -> None:
    with pytest.raises(AlprError, match="the settings: batch must be at least 1, not 0"):
        Plan().changed(batch=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"stem": 0}, "stem must be at least 1, not 0"),
        ({"stem": 10**9}, "stem must be at most 8192"),
        ({"widths": []}, "widths must have at least 1 item"),
        ({"widths": [32, 64]}, "must have as many blocks (4) as widths (2)"),
        ({"blocks": [1, -1, 2, 2]}, "blocks[1] must be at least 0, not -1"),
        ({"anchors": {"strides": [8]}}, "must have scales for each of its 1 strides"),
        ({"anchors": {"strides": [0, 8, 16]}}, "strides[0] must be at least 1, not 0"),
        ({"anchors": {"aspect_ratios": [float("nan")]}}, "aspect_ratios[0] must be a finite number"),
        ({"anchors": {"scales": [[1], [2], [-3]]}}, "scales[2][0] must be greater than 0"),
        ({"classes": 0}, "classes must be at least 1"),
    ],
)
def test_numbers_of_a_network_are_checked_before_it_is_built(content: dict[str, object], message: str) -> None:
    with pytest.raises(AlprError) as error:
        parse_settings(SSDConfig, content, "f.json: network")
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["ssd", "faster_rcnn", "yolov3"])
def test_default_settings_are_good(name: str) -> None:
    architecture = architecture_type(name)()
    assert parse_architecture(name, asdict(architecture.config), "f.json") == architecture
