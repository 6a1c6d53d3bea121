"""The live demos of the lessons as an app in the browser, one page a lesson: `make app`.

A page is made of its lesson: each cell that shows something live, under its heading, and before it, without their
output, the cells that it needs. So the app and the course are one code.
"""

import argparse
import re
import symtable
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import nbformat
from traitlets.config import Config
from voila.app import Voila

FOLDER = Path(__file__).parent
# Of each lesson that needs no training: what its page is called.
PAGES = {
    "index": "A photo of yours",
    "test_exported_model": "From a photo to a text",
    "light_and_ink": "Light and ink",
    "boxes": "Boxes",
    "ctc_and_recurrence": "CTC and memory",
    "generator": "The generator",
    "synthetic_to_real": "Few plates",
    "street": "Far away",
}
MOST_BYTES = 64 * 2**20  # of a photo
# Voila would ask the net for icons that it has itself.
NOTHING_FROM_THE_NET = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'"
LIVE = re.compile(r"^(demo|show_live)\(", re.MULTILINE)


def names(source: str) -> tuple[set[str], set[str]]:
    """The global names that a cell makes, and those that it takes from cells before it."""
    module = symtable.symtable(source, "cell", "exec")
    made = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_referenced()}
    inner = list(module.get_children())
    while inner:
        table = inner.pop()
        inner += table.get_children()
        used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return made, used - made


def needed(sources: list[str], live: set[int]) -> set[int]:
    """The numbers of the cells that the live ones need, directly or not."""
    kept = set[int]()
    for cell in live:
        wanted = names(sources[cell])[1]
        for number in range(cell - 1, -1, -1):
            made, used = names(sources[number])
            if made & wanted:
                wanted = (wanted - made) | used
                kept.add(number)
    return kept - live


def page_cells(lesson: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    """The page of a lesson: its live cells under their headings, what they need without output, both in their order."""
    sources = [cell.source if cell.cell_type == "code" else "" for cell in lesson.cells]
    live = {number for number, source in enumerate(sources) if LIVE.search(source)}
    hidden, heading = needed(sources, live), ""
    for number, cell in enumerate(lesson.cells):
        if cell.cell_type == "markdown":
            heading = (re.findall(r"^##+ .*", cell.source, re.MULTILINE) or [heading])[-1]
        elif number in hidden:
            yield nbformat.v4.new_code_cell("%%capture\n" + cell.source)
        elif number in live:
            yield nbformat.v4.new_markdown_cell(heading)
            yield nbformat.v4.new_code_cell(cell.source)


def write_pages(folder: Path) -> None:
    """The notebooks that Voila shows, into ``folder``; each begins with links to all."""
    for name, title in PAGES.items():
        lesson = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
        links = " · ".join(other if page == name else f"[{other}]({page}.ipynb)" for page, other in PAGES.items())
        top = [nbformat.v4.new_markdown_cell(text) for text in (links, f"# {title}")]
        page = nbformat.v4.new_notebook(cells=[*top, *page_cells(lesson)], metadata=lesson.metadata)
        nbformat.write(page, folder / f"{name}.ipynb")


class App(Voila):
    """Voila that begins with the first page instead of a list of files."""

    @property
    def display_url(self) -> str:
        """Where the app begins."""
        return f"{super().display_url}voila/render/index.ipynb"

    def launch_browser(self) -> None:
        """Open it."""
        webbrowser.open(self.display_url)


def settings(port: int, open_browser: bool) -> Config:
    """Of Voila: for the browser of this computer only."""
    config = Config()
    config.Voila.ip, config.Voila.port, config.Voila.open_browser = "127.0.0.1", port, open_browser
    config.Voila.tornado_settings = {
        "allow_remote_access": False,  # a page of somebody else that leads its name here gets no answer
        "headers": {"Content-Security-Policy": NOTHING_FROM_THE_NET},
        "disable_check_xsrf": True,  # Voila's own pages do without it when they end their kernel
        "websocket_max_message_size": MOST_BYTES,
    }
    config.VoilaConfiguration.extension_denylist = ["@jupyter-notebook/lab-extension"]  # of another JupyterLab
    config.MappingKernelManager.cull_idle_timeout = 60  # seconds without a page
    config.MappingKernelManager.cull_interval = 20
    return config


def main() -> None:
    """Serve the pages on the loopback until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8866)
    parser.add_argument("--no-browser", action="store_true", help="say the address only")
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_pages(Path(folder))
        App.launch_instance([folder], config=settings(choice.port, not choice.no_browser))


if __name__ == "__main__":
    main()
