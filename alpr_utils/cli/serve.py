"""The command ``serve``: plates of pictures by HTTP."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from alpr_utils.cli.options import (
    alpr_of,
    complain,
    with_alpr_options,
    wrong_usage,
)
from alpr_utils.errors import AlprError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

HostOption = Annotated[str, typer.Option(help="Address to serve at; 0.0.0.0 serves the whole network.")]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="Port to serve at; 0 takes a free one.")]
KeyOption = Annotated[Path | None, typer.Option(help="File with a key that requests must send as X-API-Key.")]
MegabytesOption = Annotated[float, typer.Option(min=0.001, help="Largest request, MB.")]
MegapixelsOption = Annotated[float, typer.Option(min=0.001, max=120, help="Largest picture, million pixels.")]
QueueOption = Annotated[int, typer.Option(min=1, help="Requests taken at one time; more are answered with 429.")]
TimeoutOption = Annotated[float, typer.Option(min=0.1, help="Seconds for a request to come, and to be read.")]
LogTextsOption = Annotated[bool, typer.Option("--log-texts", help="Log names of pictures and texts of plates, too.")]
_OPTIONS = (
    "detector", "tiles", "vehicle_first", "vehicle_detector", "reader", "enhance", "min_score", "min_text_score",
    "country", "models", "threads",
)  # fmt: skip


@with_alpr_options(*_OPTIONS)
def serve(
    context: typer.Context,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    api_key_file: KeyOption = None,
    most_megabytes: MegabytesOption = 20.0,
    most_megapixels: MegapixelsOption = 50.0,
    queue: QueueOption = 16,
    timeout: TimeoutOption = 30.0,
    log_texts: LogTextsOption = False,
) -> None:
    """Read pictures that other programs send by HTTP: POST /v1/read; docs/serve.md."""
    from alpr_utils.serve.app import create_app, listen, requests_log, run
    from alpr_utils.serve.service import Limits

    alpr = alpr_of(context.params)
    with wrong_usage():
        key = _key_in(api_key_file) if api_key_file else ""
    if not key and host not in _LOOPBACK:
        complain("anyone who reaches this address may send pictures; --api-key-file restricts it.")
    place = listen(host, port)
    limits = Limits(round(most_megabytes * 1e6), round(most_megapixels * 1e6), queue, timeout)
    app = create_app(alpr, limits, key, log_texts)
    _print(requests_log)
    typer.echo(f"http://{host}:{place.getsockname()[1]}/docs", err=True)
    try:
        run(app, place)
    except KeyboardInterrupt:  # how uvicorn passes Ctrl-C on, when everything is ended
        return


def _print(log: logging.Logger) -> None:
    """Its messages are lines on stdout, as they are."""
    log.addHandler(logging.StreamHandler(sys.stdout))
    log.setLevel(logging.INFO)
    log.propagate = False


def _key_in(path: Path) -> str:
    """The only line of a file.

    Raises:
        AlprError: it cannot be read, or is empty.
    """
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AlprError(f"{path}: cannot be read as a key ({error}); write letters and digits into it.") from None
    if not key:
        raise AlprError(f"{path}: is empty; write a key into it.")
    return key
