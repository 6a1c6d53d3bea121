"""Confidence intervals of shares."""

import pytest

from alpr_utils.evaluation.intervals import wilson, with_interval


def test_wilson_by_hand() -> None:
    # Agresti and Coull 1998, and 0 and n successes, where the normal approximation has no width.
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1), abs=1e-4)
    assert wilson(0, 0) == (0, 1)


def test_shares_are_written_with_their_interval() -> None:
    assert with_interval(36, 38) == "94.7% (83-99)"
    assert with_interval(0, 0) == "-"
