"""Contact sheets, step figures and drawn labels."""

import numpy as np

from alpr_utils.charts.draw import PLATE_COLOUR, contact_sheet, draw_labels, side_by_side, step_figure
from alpr_utils.synth.plate.labels import ScenePlate


def test_contact_sheet_shows_every_picture() -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    images = [np.full((20 + 10 * i, 30, 3), colour, np.uint8) for i, colour in enumerate(colours)]
    sheet = contact_sheet(images, ["one", "хоёр", "셋"], columns=2, cell_width=60)
    for colour in colours:
        assert (sheet == colour).all(axis=-1).sum() > 1000


def test_side_by_side_takes_grey_and_colour() -> None:
    grey, colour = np.full((40, 50), 7, np.uint8), np.full((40, 50, 3), 9, np.uint8)
    both = side_by_side(grey, colour, ("before", "after"))
    assert (both == 7).all(axis=-1).sum() == (both == 9).all(axis=-1).sum() == 40 * 50


def test_step_figure_takes_masks() -> None:
    mask = np.zeros((30, 40), bool)
    mask[10:20] = True
    figure = step_figure([("grey", np.full((30, 40), 99, np.uint8)), ("mask", mask)], cell_width=40)
    assert (figure == 99).all(axis=-1).sum() == 30 * 40
    assert (figure == 0).all(axis=-1).sum() >= 20 * 40


def _generated() -> ScenePlate:
    corners = np.array([(20, 30), (80, 30), (80, 50), (20, 50)], np.float32)
    char_boxes = np.array([(34, 25, 46, 33), (34, 40, 46, 48)], np.float32)
    return ScenePlate("УЖ", 1, "mn", "any", np.array([30, 20, 50, 80], np.float32), corners, char_boxes)


def test_labels_lie_where_they_belong() -> None:
    image = np.zeros((60, 100, 3), np.uint8)
    drawn = draw_labels(image, [_generated()], [np.array([5, 5, 58, 95], np.float32)], scale=2)
    assert drawn.shape == (120, 200, 3) and not image.any()
    assert (drawn[100, 50] == PLATE_COLOUR).all(), "lower side of the plate"
    assert drawn[68, 60].any() and drawn[68, 90].any(), "upper sides of both characters"
    assert drawn[60, 10].any(), "left side of the vehicle"
    assert not drawn[80, 70].any(), "nothing between the characters"


def test_text_replaces_the_character_boxes() -> None:
    image = np.zeros((120, 100, 3), np.uint8)
    drawn = draw_labels(image, [_generated()], texts=True)
    assert not drawn[33:47, 24:50].any()
    assert drawn[52:, :, 1].max() > 150, "green letters below the plate"
