"""A page to look at a watched camera: the live picture with boxes, the last events, search, and a table to take away.

Whoever reaches the page sees everything on it, so it is bound to the loopback unless told otherwise, and it answers
only requests that name the address it was bound to or the loopback: a page of somebody else cannot read it through
the browser of the one who watches.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from alpr_utils.errors import OutputError
from alpr_utils.results import EXCEL_MARK, csv_text
from alpr_utils.video.store import EVENT_COLUMNS, EventStore, event_row
from alpr_utils.video.vehicles import Scene
from alpr_utils.video.watch import Watch

_HTML = Path(__file__).with_name("page.html")
_LIVE_WIDTH_PX = 960
_LIVE_PAUSE_S = 0.08
_MOST_ROWS = 100_000
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {"Cache-Control": "no-store"}


def page_of(watching: Watch, store: EventStore, pictures: Path, draw: Callable[..., np.ndarray], host: str) -> FastAPI:
    """The application.

    Args:
        watching: gives the live picture.
        store: holds the events.
        pictures: folder of the pictures that are kept.
        draw: such as `ALPR.draw`.
        host: the address to which it is bound; ``0.0.0.0`` answers to every name.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    if host not in ("0.0.0.0", "::"):
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[host, *_LOOPBACK])

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(_HTML.read_text(encoding="utf-8"), headers=_HEADERS)

    @app.get("/live")
    def live() -> StreamingResponse:
        return StreamingResponse(
            _live_pictures(watching, draw), media_type="multipart/x-mixed-replace; boundary=picture", headers=_HEADERS
        )

    @app.get("/events")
    def events(text: str = "", count: int = Query(50, ge=1, le=1000)) -> list[dict[str, Any]]:
        return [asdict(event) for event in store.events(text, count)]

    @app.get("/events.csv")
    def table(text: str = "") -> Response:
        found = store.events(text, _MOST_ROWS)
        content = EXCEL_MARK + csv_text([EVENT_COLUMNS, *map(event_row, found)], for_excel=True)
        headers = {**_HEADERS, "Content-Disposition": 'attachment; filename="events.csv"'}
        return Response(content.encode(), media_type="text/csv; charset=utf-8", headers=headers)

    @app.get("/pictures/{name}")
    def picture(name: str) -> FileResponse:
        place = pictures / name
        if place.parent != pictures or place.suffix != ".jpg" or not place.is_file():
            raise HTTPException(404)
        return FileResponse(place, headers=_HEADERS)

    return app


async def _live_pictures(watching: Watch, draw: Callable[..., np.ndarray]) -> AsyncIterator[bytes]:
    """JPEG after JPEG, each when there is a new scene."""
    shown = -1
    while not watching.stopped:
        scene = watching.latest
        if scene is None or scene.frame.number == shown:
            await asyncio.sleep(_LIVE_PAUSE_S)
            continue
        shown = scene.frame.number
        content = await asyncio.to_thread(_drawn, scene, draw)
        yield b"--picture\r\nContent-Type: image/jpeg\r\n\r\n" + content + b"\r\n"
        await asyncio.sleep(_LIVE_PAUSE_S)


def _drawn(scene: Scene, draw: Callable[..., np.ndarray]) -> bytes:
    """The scene with its boxes as JPEG."""
    image = draw(scene.frame.image, scene.numbered)
    if image.shape[1] > _LIVE_WIDTH_PX:
        size = (_LIVE_WIDTH_PX, round(image.shape[0] * _LIVE_WIDTH_PX / image.shape[1]))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def serve_page(app: FastAPI, host: str, port: int) -> Callable[[], None]:
    """Serve in a thread of its own; what is handed out ends it.

    Raises:
        OutputError: the port is taken, or may not be used.
    """
    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_level="critical", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=_quietly, args=(server.run,), daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise OutputError(f"{host}:{port}: cannot be used for the page; choose another --page or --host.")
        time.sleep(0.02)

    def stop() -> None:
        server.should_exit = True
        thread.join(5)

    return stop


def _quietly(run: Callable[[], None]) -> None:
    """uvicorn ends the thread with SystemExit when the port is taken."""
    try:
        run()
    except SystemExit:
        return
