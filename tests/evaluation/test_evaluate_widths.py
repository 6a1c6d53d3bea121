"""Plates found, by their width."""

from alpr_utils.evaluation.widths import found_by_width


def test_bands_count_their_plates() -> None:
    bands = found_by_width([(29.9, False), (30.0, True), (39.5, False), (500, True)])
    assert [(band.title, band.found, band.plates) for band in bands] == [
        ("0-29 px", 0, 1),
        ("30-39 px", 1, 2),
        ("140 px or more", 1, 1),
    ]
    assert found_by_width([]) == ()
