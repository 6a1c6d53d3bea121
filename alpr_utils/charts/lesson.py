"""What the lessons of the course show: pictures with words for those who cannot see them, and demos that move."""

import base64
import os
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import Image as NotebookImage
from IPython.display import Markdown, display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from alpr_utils.charts.style import WIDTH_PX

Picture = np.ndarray | Figure
_JPEG_QUALITY = 75
_COLOURS = 128  # of a palette: enough for the lines and the smoothed letters of a chart


def amount(full: int, fast: int) -> int:
    """How many of something a lesson computes: ``full``, or ``fast`` where ALPR_FAST is set, as the tests do."""
    return fast if os.environ.get("ALPR_FAST") else full


def jpeg(picture: Picture) -> bytes:
    """A picture as a widget of ``ipywidgets.Image(format="jpeg")`` takes it."""
    return _jpeg(Image.fromarray(_pixels(picture)))


def show(picture: Picture, alt: str) -> None:
    """Display a picture in a notebook, as the smaller of a JPEG and a PNG of few colours.

    Args:
        picture: uint8 (H, W, 3) RGB or (H, W) grey, or a figure; pictures wider than a notebook are made smaller.
        alt: what there is to see, in one sentence, for people who do not see it.
    """
    data, kind = _smallest(_pixels(picture))
    display(NotebookImage(data, format=kind, alt=alt))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Display a table; what could be HTML or Markdown in a cell is shown as it stands."""
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for row in rows:
        lines.append("| " + " | ".join(map(_literal, row)) + " |")
    display(Markdown("\n".join(lines)))


def show_live(widget: ipywidgets.Widget, still: Picture, alt: str) -> None:
    """Display a widget; where no Jupyter runs, as on GitHub, the picture ``still`` stands in its place."""
    data, kind = _smallest(_pixels(still))
    shown = {**widget._repr_mimebundle_(), "text/plain": alt, f"image/{kind}": base64.b64encode(data).decode()}
    display(shown, raw=True, metadata={f"image/{kind}": {"alt": alt}})


def demo(draw: Callable[..., Picture], alt: str, **controls: Any) -> None:
    """A picture that follows its controls, and a still picture of it for people who only read.

    Args:
        draw: makes the picture of the values of all controls; takes less than 100 ms.
        alt: what there is to see in the picture that the first values give.
        controls: by name, a widget or what ``ipywidgets.interact`` makes one of: ``(low, high)``, a list, a bool.
    """
    moving = ipywidgets.Image(format="jpeg")

    def redraw(**values: Any) -> None:
        moving.value = jpeg(draw(**values))

    panel = ipywidgets.interactive(redraw, **controls)
    for control in panel.kwargs_widgets:
        control.style.description_width = "initial"
    still = draw(**{control._kwarg: control.get_interact_value() for control in panel.kwargs_widgets})
    show_live(ipywidgets.VBox([panel, moving]), still, alt)


def _literal(value: object) -> str:
    return "".join(c if c.isalnum() or c in " .,:%()-+/=?" else f"&#{ord(c)};" for c in str(value))


def _pixels(picture: Picture) -> np.ndarray:
    if isinstance(picture, Figure):
        canvas = FigureCanvasAgg(picture)
        canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    else:
        image = Image.fromarray(picture)
    if image.width > WIDTH_PX:
        image = image.resize((WIDTH_PX, round(image.height * WIDTH_PX / image.width)), Image.Resampling.LANCZOS)
    return np.array(image)


def _smallest(pixels: np.ndarray) -> tuple[bytes, str]:
    image = Image.fromarray(pixels).convert("RGB")
    buffer = BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return min((buffer.getvalue(), "png"), (_jpeg(image), "jpeg"), key=lambda file: len(file[0]))


def _jpeg(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
