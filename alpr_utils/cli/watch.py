"""The command ``watch``: events of a camera."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.cli.options import (
    alpr_of,
    complain,
    with_alpr_options,
    wrong_usage,
)
from alpr_utils.read.load import MIN_TEXT_SCORE

if TYPE_CHECKING:
    from alpr_utils.alpr import ALPR
    from alpr_utils.video.store import EventStore
    from alpr_utils.video.watch import Watch, WatchOptions

WebhookOption = Annotated[list[str] | None, typer.Option(help="Send every event to this address; more than once, too.")]
KnownOption = Annotated[Path | None, typer.Option(help="List of known plates: one a line, a comma, its name.")]
RegionOption = Annotated[str | None, typer.Option(help="Where plates count: corners such as '0,0.5 1,0.5 1,1 0,1'.")]
AgainOption = Annotated[float, typer.Option(min=0, help="Seconds in which one plate makes one event.")]
KeepOption = Annotated[str, typer.Option(help="Pictures to keep: none, crop or frame.")]
RetentionOption = Annotated[str | None, typer.Option(help="Delete events and pictures after 30d, 12h or 45m.")]
LooksOption = Annotated[float, typer.Option(min=0.1, help="Most looks a second.")]
EveryFrameOption = Annotated[bool, typer.Option("--every-frame", help="Drop no frame of a file, do not wait for time.")]
PageOption = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of a page to look at.")]
HostOption = Annotated[str, typer.Option(help="Address of the page; anybody may look at it who reaches it.")]
MinTextOption = Annotated[float, typer.Option(min=0.0, max=1.0, help="A text that scores less makes no event.")]
_OPTIONS = ("detector", "reader", "enhance", "min_score", "min_text_score", "country", "models", "threads")


@with_alpr_options(*_OPTIONS, min_text_score=(MinTextOption, MIN_TEXT_SCORE))
def watch(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Number of a camera, rtsp://, http:// or a file.")],
    database: Annotated[Path, typer.Option(help="SQLite file of the events.")] = Path("alpr_events.sqlite"),
    webhook: WebhookOption = None,
    known: KnownOption = None,
    region: RegionOption = None,
    again: AgainOption = 60.0,
    keep_pictures: KeepOption = "none",
    pictures: Annotated[Path | None, typer.Option(help="Folder of pictures [default: beside the database].")] = None,
    retention: RetentionOption = None,
    looks: LooksOption = 12.5,
    every_frame: EveryFrameOption = False,
    loop: Annotated[bool, typer.Option("--loop", help="Begin a file again at its end.")] = False,
    page: PageOption = None,
    host: HostOption = "127.0.0.1",
) -> None:
    """Watch a camera, a stream or a file as if it were live: one event a vehicle, on stdout and in a database."""
    from alpr_utils.video.sources import LiveSource
    from alpr_utils.video.store import EventStore
    from alpr_utils.video.watch import Watch

    alpr = alpr_of(context.params)
    folder = pictures or database.with_name(f"{database.stem}_pictures")
    options = _options(keep_pictures, folder, retention, known, region, again)
    with wrong_usage():
        _check_urls(webhook or [])
        store = EventStore(database, webhook or [])
    live = LiveSource(source, looks, every_frame, loop, complain)
    with closing(store):
        _run(Watch(alpr, live, store, options), alpr, store, webhook or [], (host, page, options.pictures))


def _run(
    watching: "Watch", alpr: "ALPR", store: "EventStore", urls: list[str], page: tuple[str, int | None, Path]
) -> None:
    """Print events until the source ends or the program is told to end."""
    from alpr_utils.video.webhooks import Webhook

    with ExitStack() as stack:
        stack.enter_context(_ends_with(watching.stop))
        for url in urls:
            stack.callback(Webhook(store, url, complain).stop)
        host, port, pictures = page
        if port:
            from alpr_utils.serve.app import create_app
            from alpr_utils.serve.service import Limits
            from alpr_utils.video.page import page_of, serve_page

            app = create_app(alpr, Limits())
            app.mount("/", page_of(watching, store, pictures, alpr.draw, host))
            stack.callback(serve_page(app, host, port))
            typer.echo(f"http://{host}:{port}/", err=True)
        for event in watching.events():
            typer.echo(event.json())


def _options(
    keep: str, pictures: Path, retention: str | None, known: Path | None, region: str | None, again_s: float
) -> "WatchOptions":
    from alpr_utils.video.known import KnownPlates
    from alpr_utils.video.watch import KEEP_PICTURES, WatchOptions, parse_days, parse_region

    if keep not in KEEP_PICTURES:
        raise typer.BadParameter(f"--keep-pictures is '{keep}'; choose one of {', '.join(KEEP_PICTURES)}.")
    with wrong_usage():
        return WatchOptions(
            again_s=again_s,
            keep_pictures=keep,
            pictures=pictures,
            retention_days=parse_days(retention) if retention else None,
            known=KnownPlates.of(known) if known else None,
            region=parse_region(region) if region else None,
        )


def _check_urls(urls: list[str]) -> None:
    from alpr_utils.video.webhooks import check_url

    for url in urls:
        check_url(url)


@contextmanager
def _ends_with(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM call ``stop``, so that vehicles still there get their events; a second one ends everything."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop()

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
