"""The command line. Exit status: 0 everything done, 1 something could not be processed, 2 wrong usage."""

import errno
import logging
import os
import sys
import warnings
from collections.abc import Sequence

import typer

from alpr_utils.cli.archive import archive
from alpr_utils.cli.benchmark import benchmark
from alpr_utils.cli.blur import blur
from alpr_utils.cli.clips import evaluate_clips
from alpr_utils.cli.convert import convert
from alpr_utils.cli.detectors import anchors, import_darknet
from alpr_utils.cli.download import download_app
from alpr_utils.cli.evaluate import calibrate, evaluate, evaluate_characters
from alpr_utils.cli.export import export
from alpr_utils.cli.generate import generate_app
from alpr_utils.cli.options import complain
from alpr_utils.cli.read import read
from alpr_utils.cli.serve import serve
from alpr_utils.cli.tfrecord import tfrecord
from alpr_utils.cli.train import train_app
from alpr_utils.cli.vehicle_boxes import vehicle_boxes
from alpr_utils.cli.watch import watch
from alpr_utils.errors import AlprError, on_one_line

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

# Packages that the base installation lacks, and the extra that brings each.
_TRAIN = ("tensorflow", "keras", "imutils", "faster_coco_eval", "matplotlib", "onnx", "tf2onnx")
_SERVE = ("fastapi", "uvicorn", "starlette", "prometheus_client", "python_multipart")
_EXTRAS = {
    **dict.fromkeys(_TRAIN, "train"),
    **dict.fromkeys(_SERVE, "serve"),
    **dict.fromkeys(("av", "scipy"), "video"),
    **dict.fromkeys(("fsspec", "pyarrow"), "scale"),
    "ray": "ray",
}

app = typer.Typer(
    name="alpr",
    help="Find and read licence plates, measure and train the models that do it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(train_app, name="train")
app.add_typer(generate_app, name="generate")
app.add_typer(download_app, name="download")
app.command("read")(read)
app.command("blur")(blur)
app.command("watch")(watch)
app.command("serve")(serve)
app.command("archive")(archive)
app.command("evaluate")(evaluate)
app.command("benchmark")(benchmark)
app.command("evaluate-characters")(evaluate_characters)
app.command("evaluate-clips")(evaluate_clips)
app.command("calibrate")(calibrate)
app.command("tfrecord")(tfrecord)
app.command("convert")(convert)
app.command("vehicle-boxes")(vehicle_boxes)
app.command("anchors")(anchors)
app.command("import-darknet")(import_darknet)
app.command("export")(export)


class _AboveTheBar(logging.Handler):
    """Warnings of the package on stderr, above the progress bar where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(f"{record.levelname.lower()}: {on_one_line(record.getMessage())}", file=sys.stderr)


def _show_warnings() -> None:
    warnings.filterwarnings("ignore", module="PIL")  # of odd EXIF data; what matters is an error
    log = logging.getLogger("alpr_utils")
    if not log.handlers:
        log.addHandler(_AboveTheBar())


def _run(arguments: Sequence[str] | None) -> int:
    """The exit status of a command whose output is written to the end."""
    status: object = 0
    try:
        app(list(arguments) if arguments is not None else None)
    except SystemExit as end:
        status = end.code
    sys.stdout.flush()
    return status if isinstance(status, int) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with ``arguments`` (default: those of the process) and return the exit status."""
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115 - pythonw and "2>&-" have none
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    _show_warnings()
    for stream in (sys.stdout, sys.stderr):
        # Consoles that know no Cyrillic must not stop a batch.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return _run(arguments)
    except AlprError as error:
        complain(error)
        return 1
    except OSError as error:
        if error.filename or error.errno not in _NO_ROOM:
            raise
        complain(f"the standard output cannot be written ({error.strerror}); free some space or send it elsewhere.")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is not tried again at the end
        return 1
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        extra = _EXTRAS[error.name]
        complain(AlprError(f"this needs {error.name}; install it with \"pip install 'alpr-utils[{extra}]'\"."))
        return 1
