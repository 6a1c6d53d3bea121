"""What `alpr benchmark` measures and how it says it."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from alpr_utils.charts.benchmark import draw_accuracy, draw_benchmark
from alpr_utils.cli.app import main
from alpr_utils.evaluation import benchmark as module
from alpr_utils.evaluation.benchmark import BenchmarkSettings, Case, Ratio, Timing, sized_pictures
from alpr_utils.evaluation.benchmark_report import markdown
from alpr_utils.evaluation.machine import machine, sgemm_gflops
from alpr_utils.evaluation.network_speed import network_speeds
from alpr_utils.models.paths import default_models_dir

PICTURES = Path(__file__).resolve().parents[2] / "mongol_alpr_images"
FAST, SLOW = (Case("detector", name, "", "onnx", 0, 640) for name in ("fast", "slow"))


def test_cases_take_turns_and_are_compared() -> None:
    done: list[str] = []

    def work(name: str, seconds: float) -> module._Work:
        def run() -> int:
            done.append(name)
            time.sleep(seconds)
            return 1

        return run

    cases = {FAST: [work("a", 0.002)] * 2, SLOW: [work("b", 0.02)] * 2}
    seconds = module._in_turns(cases, 2)
    assert "".join(done) == "ab" + "abab" + "baba"
    (ratio,) = module._ratios(seconds)
    assert (ratio.first, ratio.second) == (FAST, SLOW)
    assert 2 < ratio.low <= ratio.median <= ratio.high
    timing = module._timing(SLOW, seconds[SLOW])
    assert timing.count == 4
    assert 20 <= timing.p50_ms <= timing.p95_ms
    assert timing.per_second <= 50


def test_only_one_thing_differs_between_models_that_are_compared() -> None:
    def case(detector: str, reader: str, size: int = 640) -> Case:
        return Case("pixels to text", detector, reader, "onnx", 0, size)

    cases = [case("a", "r"), case("b", "r"), case("b", "s"), case("a", "r", 320)]
    ratios = list(module._ratios({each: [[1.0]] for each in cases}))
    assert [(ratio.first, ratio.second) for ratio in ratios] == [(cases[0], cases[1]), (cases[1], cases[2])]


def test_pictures_are_given_or_generated_in_every_size() -> None:
    given = BenchmarkSettings(("d",), ("r",), pictures=(PICTURES / "1.jpg", PICTURES / "2.jpg"), count=1)
    assert [image.shape for image in sized_pictures(given, 320)] == [(180, 320, 3)]
    generated = sized_pictures(BenchmarkSettings(("d",), ("r",), count=2), 160)
    assert [max(image.shape) for image in generated] == [160, 160]
    assert (generated[0] != generated[1]).any()


def test_the_machine_and_its_limit_are_told() -> None:
    told = machine()
    assert told["processor"] and told["physical_cores"] >= 1
    assert {"alpr-utils", "python", "numpy", "onnxruntime"} <= set(told["versions"])
    assert sgemm_gflops(side=64, rounds=2) > 0.01


def test_detectors_are_counted_at_the_size_of_a_photo(tmp_path: Path) -> None:
    for name in ("plate_detector_yolov3", "plate_corners"):
        (tmp_path / name).symlink_to(default_models_dir() / name)
    corners, full, low = network_speeds(tmp_path, sgemm_gflops=50.0, rounds=1)
    assert (corners.model, corners.shape) == ("plate_corners", (1, 64, 160, 1))
    assert (full.shape, low.shape) == ((1, 416, 736, 3), (1, 128, 224, 3))
    assert full.gflop / low.gflop == pytest.approx(416 * 736 / (128 * 224), rel=0.01)
    assert full.share == pytest.approx(full.gflop / full.p50_ms * 1000 / 50)


def test_tables_say_what_was_measured() -> None:
    report = {
        "machine": {
            "processor": "Test CPU", "physical_cores": 2, "instructions": ["avx2"], "memory_gb": 8.0,
            "system": "Linux", "sgemm_gflops": 100.4, "versions": {"numpy": "2.0"},
        },
        "pictures": 3,
        "rounds": 4,
        "timings": [asdict(Timing(case, 10.0, 12.34, 99.0, 3)) for case in (FAST, SLOW)],
        "ratios": [asdict(Ratio(FAST, SLOW, 2.0, 1.5, 2.5))],
        "start_up": [{"detector": "fast", "reader": "r", "seconds": 1.0, "longest_s": 1.25, "peak_mb": 250.4}],
        "networks": [],
    }  # fmt: skip
    text = markdown(report)
    assert "Test CPU, 2 cores (avx2), 8.0 GB, Linux; 100 GFLOP/s" in text
    assert "| detector | `slow` | onnx | all cores | 640 px | 10.0 | 12.3 | 99.0 |" in text
    assert "| detector | `fast` | `slow` | onnx | all cores | 640 px | 2.00 x (1.50 to 2.50) |" in text
    assert "| `fast` + `r` | 1.00 | 1.25 | 250 |" in text
    assert "GFLOP |" not in text
    assert len(draw_benchmark(report).axes) == 1
    accuracies = [{"detector": name, "data": "photos", "ap": ap} for name, ap in (("slow", 0.8), ("other", 0.7))]
    (axes,) = draw_accuracy(report, accuracies).axes
    assert [text.get_text() for text in axes.texts] == ["slow"], "of the other one there is no time"


@pytest.mark.slow
def test_the_command_measures_and_shows_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, plot = tmp_path / "figures.json", tmp_path / "chart.png"
    models = ["--detector", "plate_detector_yolov3", "--reader", "crnn_small", "--against", "char_detector"]
    how = ["--count", "1", "--rounds", "1", "--size", "320", "--threads", "1"]
    assert main(["benchmark", str(PICTURES / "1.jpg"), *models, *how, "--json", str(file), "--plot", str(plot)]) == 0
    printed = capsys.readouterr().out
    report = json.loads(file.read_text("utf-8"))
    stages = [timing["case"]["stage"] for timing in report["timings"]]
    assert sorted(set(stages)) == ["detector", "files to table", "pixels to text", "reader"]
    assert len(stages) == 7, "the detector is the same twice"
    assert [ratio["first"]["reader"] for ratio in report["ratios"]] == ["crnn_small"] * 3
    assert all(50 < start["peak_mb"] < 350 for start in report["start_up"])
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert main(["benchmark", "--show", str(file)]) == 0
    assert capsys.readouterr().out == printed


def test_wrong_names_are_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "--engine", "nonsense"]) == 2
    assert "choose of auto, onnx, tensorflow" in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert main(["benchmark", "--show", str(tmp_path / "missing.json")]) == 2
    assert main(["benchmark", str(PICTURES / "1.jpg"), "--count", "1", "--detector", "nonsense"]) == 2
