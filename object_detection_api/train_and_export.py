"""Train a model of the TensorFlow Object Detection API from a pipeline.config and export it for `load_detector`.

Runs in the environment of requirements-object-detection-api.txt, from the root of the repository:

    .venv-object-detection-api/bin/python object_detection_api/train_and_export.py \\
        object_detection_api/ssd_mobilenet_v2.config --run runs/api_ssd --output exported_model_directory/api_ssd
"""

import argparse
import math
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, help="pipeline.config")
    parser.add_argument("--run", type=Path, required=True, help="folder of the checkpoints; the same folder resumes")
    parser.add_argument("--output", type=Path, required=True, help="model folder to write; replaced if it exists")
    parser.add_argument("--steps", type=int, help="instead of the config's num_steps")
    parser.add_argument("--batch", type=int, help="instead of the config's batch_size")
    return parser.parse_args()


def _steps_done(run: Path) -> int:
    """Steps of the newest checkpoint in ``run``, 0 without one."""
    import tensorflow as tf

    newest = tf.train.latest_checkpoint(str(run))
    return int(tf.train.load_variable(newest, "step/.ATTRIBUTES/VARIABLE_VALUE")) if newest else 0


def _say(figures: dict[str, float], _: str) -> None:
    print(f"loss {figures['last_batch_loss']:.3f}, {figures['steps_per_sec']:.3f} steps / s")


def _mend_decoder() -> None:
    """TensorFlow 2.15 moved two functions that tf_slim 1.1.0, the last one, takes to decode TFRecord files."""
    import tensorflow as tf
    from tf_slim.data import tfexample_decoder

    tfexample_decoder.control_flow_ops = SimpleNamespace(case=tf.case, cond=tf.cond)


def train(config: Path, run: Path, steps: int | None, batch: int | None) -> None:
    """Train by ``config``, going on from the newest checkpoint in ``run``."""
    from object_detection import model_lib_v2
    from object_detection.utils import config_util

    steps = steps or config_util.get_configs_from_pipeline_file(str(config))["train_config"].num_steps
    if _steps_done(run) >= steps:
        return
    _mend_decoder()
    changes = {"batch_size": batch} if batch else {}
    # Both are divisors of the steps, for the API keeps nothing of what comes after the last full interval.
    model_lib_v2.train_loop(
        pipeline_config_path=str(config),
        model_dir=str(run),
        train_steps=steps,
        checkpoint_every_n=math.gcd(steps, 1000) if steps > 1000 else steps,
        num_steps_per_iteration=math.gcd(steps, 100),
        record_summaries=False,
        performance_summary_exporter=_say,
        **changes,
    )


def export(config: Path, run: Path, output: Path) -> None:
    """Write ``output`` with the SavedModel of the newest checkpoint, its label map and its pipeline.config."""
    from object_detection import exporter_lib_v2
    from object_detection.protos import pipeline_pb2
    from object_detection.utils import config_util

    configs = config_util.get_configs_from_pipeline_file(str(config))
    pipeline: pipeline_pb2.TrainEvalPipelineConfig = config_util.create_pipeline_proto_from_configs(configs)
    shutil.rmtree(output, ignore_errors=True)
    exporter_lib_v2.export_inference_graph("image_tensor", pipeline, str(run), str(output))
    shutil.copyfile(configs["train_input_config"].label_map_path, output / "label_map.pbtxt")
    shutil.rmtree(output / "checkpoint")  # the run keeps it


def main() -> int:
    """Train and export by the command line; the exit status."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = _arguments()
    try:
        import object_detection  # noqa: F401
    except ImportError:
        print("error: run this in the environment that `make object-detection-api` sets up.", file=sys.stderr)
        return 2
    train(arguments.config, arguments.run, arguments.steps, arguments.batch)
    export(arguments.config, arguments.run, arguments.output)
    print(f"exported to {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
