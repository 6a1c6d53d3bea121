"""Stages of work in threads: in order, bounded, and ended with whoever takes the results."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from alpr_utils.runtime.ahead import ahead


def test_results_keep_their_order() -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.02 * (item == 0))
        return item * 10

    doubled = ahead(lambda item: item * 2, ahead(slow_first, range(20)))
    assert list(doubled) == [item * 20 for item in range(20)]
    assert list(ahead(slow_first, [])) == []


def test_no_more_than_one_result_is_computed_ahead() -> None:
    begun: list[int] = []
    results = ahead(begun.append, range(100))
    for taken in range(1, 4):
        next(results)
        time.sleep(0.05)
        assert len(begun) == taken + 1
    results.close()


def test_stages_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=5)  # broken unless both stages are in their work at once

    def meet_at(place: int) -> Callable[[int], int]:
        def work(item: int) -> int:
            if item == place:
                meeting.wait()
            return item

        return work

    assert list(ahead(meet_at(0), ahead(meet_at(1), range(3)))) == [0, 1, 2]


def test_an_error_comes_in_its_turn() -> None:
    def fail_at_two(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    results = ahead(lambda item: item, ahead(fail_at_two, range(5)))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_who_stops_early_ends_all_threads() -> None:
    closed: list[bool] = []

    def endless() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            closed.append(True)

    before = threading.active_count()
    results = ahead(lambda item: item, ahead(lambda item: item, endless()))
    assert next(results) == 0
    results.close()
    assert threading.active_count() == before
    assert closed == [True]
