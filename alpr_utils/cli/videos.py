"""What the command ``read`` does with videos: a row and the best picture of each vehicle, and the video with boxes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.cli.outputs import Outputs, check_table, say
from alpr_utils.errors import AlprError, ModelError, OutputError, PictureError, at_picture
from alpr_utils.images import CROP, DRAWING, write_image
from alpr_utils.results import CsvTable, file_stems, read_table, table_names

if TYPE_CHECKING:
    from alpr_utils.alpr import ALPR
    from alpr_utils.video.frames import FrameReader
    from alpr_utils.video.vehicles import Scene, VehicleReading

EveryOption = Annotated[
    int | None, typer.Option(min=1, help="Look at every so many frames of a video [default: about 12 looks a second].")
]
LOOKS_PER_S = 12.5  # how often a second the detector looks, if nothing else is wanted
FRAME_COLUMNS = (
    "video", "frame", "time_s", "vehicle", "xmin", "ymin", "xmax", "ymax", "detection_score", "text", "text_score",
)  # fmt: skip


def vehicles_table(output: Path | None, csv: Path | None, pictures: bool) -> Path | None:
    """Where the vehicles go: into ``csv`` when there is nothing else to write there, else into ``vehicles.csv``."""
    if csv and not pictures:
        return csv
    folder = output or (csv.parent if csv else None)
    return folder / "vehicles.csv" if folder else None


class VideoOutputs:
    """The files of the videos of one run; with `open` they are there, with `read` they grow.

    Args:
        outputs: those of the pictures, which also say where drawings, crops and JSON go.
        videos: the inputs.
        table: of the vehicles.
        frames: also write ``frames.csv`` beside ``table``.
    """

    def __init__(self, outputs: Outputs, videos: Sequence[Path], table: Path | None, frames: bool):
        self.videos, self._outputs, self._places = list(videos), outputs, outputs.places
        self._table_file, self._frames_file = table, table.with_name("frames.csv") if table and frames else None
        self._table: CsvTable | None = None
        self._frames: CsvTable | None = None
        self._done: set[str] = set()
        self._count = 0

    def check(self, resume: bool) -> None:
        """Make sure that nothing is lost by writing.

        Raises:
            OutputError: an output would replace an input or a table of another kind.
        """
        if self.videos and self._table_file:
            from alpr_utils.video.vehicles import VEHICLE_COLUMNS

            check_table(self._outputs.not_an_input(self._table_file), VEHICLE_COLUMNS, resume)
        if self.videos and self._frames_file:
            check_table(self._outputs.not_an_input(self._frames_file), FRAME_COLUMNS, resume)
        for stem in file_stems(self.videos) if self._places.drawings else ():
            assert self._places.drawings
            self._drawing(self._places.drawings, stem)

    def _drawing(self, folder: Path, stem: str) -> Path:
        """The place for a video with boxes, which may replace one of these and nothing else."""
        from alpr_utils.video.frames import is_drawn

        place = self._outputs.not_an_input(folder / f"{stem}_annotated.mp4")
        if place.exists() and not is_drawn(place):
            raise OutputError(f"{place}: is there and was not made by 'read'; choose another place or move it away.")
        return place

    def frame_count(self) -> int:
        """Frames of all videos as their headers count them."""
        count = 0
        for path in self.videos:
            try:
                with _opened(path) as reader:
                    count += reader.frame_count
            except PictureError:
                continue  # named when its turn comes
        return count

    def open(self, stack: ExitStack, resume: bool) -> None:
        """Open the tables, which ``stack`` closes.

        To resume, videos of an earlier run are left out but for the last one of its table, which may be incomplete.
        """
        if not self.videos or not self._table_file:
            return
        from alpr_utils.video.vehicles import VEHICLE_COLUMNS

        excel = self._outputs.for_excel
        rows = read_table(self._table_file)[1] if resume else []
        self._done = {row[0] for row in rows} - {row[0] for row in rows[-1:]}
        kept = [row for row in rows if row[0] in self._done]
        self._table = stack.enter_context(CsvTable(self._table_file, VEHICLE_COLUMNS, kept, excel))
        if self._frames_file:
            rows = read_table(self._frames_file)[1] if resume else []
            kept = [row for row in rows if row[0] in self._done]
            self._frames = stack.enter_context(CsvTable(self._frames_file, FRAME_COLUMNS, kept, excel))

    def read(self, alpr: "ALPR", every: int | None, progress: Callable[[int], object]) -> Iterator[AlprError]:
        """Read the videos; what could not be read is handed out, and the rest goes on.

        ``progress`` is called with how many frames were passed since the last call.
        """
        for (path, name), stem in zip(table_names(self.videos).items(), file_stems(self.videos), strict=True):
            try:
                with _opened(path) as reader:
                    if name in self._done:
                        progress(reader.frame_count)
                        continue
                    self._read_one(alpr, reader, name, stem, every, progress)
                    if reader.damaged_s:
                        yield PictureError(reader.damage())
            except (PictureError, ModelError) as error:
                yield at_picture(path, error)

    def _read_one(
        self, alpr: "ALPR", reader: "FrameReader", name: str, stem: str, every: int | None,
        progress: Callable[[int], object],
    ) -> None:  # fmt: skip
        from alpr_utils.video.frames import VideoWriter
        from alpr_utils.video.vehicles import follow

        every = every or max(1, round(reader.fps / LOOKS_PER_S))
        drawings, passed = self._places.drawings, 0
        with ExitStack() as stack:
            writer = None
            if drawings:
                writer = stack.enter_context(VideoWriter(self._drawing(drawings, stem), reader.fps, DRAWING))
            # Without a drawing nobody needs the frames between the looks.
            scenes = follow(alpr, reader.frames(1 if writer else every), every)
            for scene in stack.enter_context(closing(scenes)):
                if writer:
                    image = scene.frame.image
                    writer.add(alpr.draw(image, scene.numbered) if scene.plates else image, scene.frame.time_s)
                self._add(scene, name, stem)
                progress(scene.frame.number + 1 - passed)
                passed = scene.frame.number + 1

    def _add(self, scene: "Scene", name: str, stem: str) -> None:
        height, width = scene.frame.image.shape[:2]
        if self._frames and scene.looked:
            self._frames.add(
                [
                    (name, scene.frame.number, f"{scene.frame.time_s:.3f}", number, *plate.box_pixels(height, width),
                     f"{plate.detection_score:.4f}", plate.text, f"{plate.text_score:.4f}")
                    for number, plate in sorted(scene.plates.items())
                ]
            )  # fmt: skip
        for vehicle in scene.ended:
            self._add_vehicle(vehicle, name, stem)

    def _add_vehicle(self, vehicle: "VehicleReading", name: str, stem: str) -> None:
        if self._table:
            self._table.add([vehicle.row(name)])
        for folder in {self._places.drawings, self._places.crops} - {None}:
            assert folder
            place = self._outputs.safe(folder / f"{stem}_vehicle{vehicle.vehicle}.jpg", CROP)
            write_image(place, vehicle.crop, CROP)
        self._outputs.add_record(vehicle.record(name))
        say(name, vehicle.plate)
        self._count += 1

    def stopped(self) -> str:
        """The sentence for a user who stopped the run while videos were read."""
        seen = f"stopped after {self._count} vehicle{'' if self._count == 1 else 's'}"
        if not self._table_file:
            return f"{seen}; nothing was kept, give --output or --csv."
        return f"{seen}; they are kept in {self._table_file}. Give the same command with --resume to go on."


def _opened(path: Path) -> "FrameReader":
    from alpr_utils.video.frames import FrameReader

    return FrameReader(path)
