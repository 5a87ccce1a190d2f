"""The files of figures, as the supervisor has them."""

from __future__ import annotations

import os

from snake.metrics.figures import MOST_SEGMENTS, SEGMENT, Figures
from snake.metrics.ledger import Ledger, Sheets
from snake.metrics.logs import count_lost
from snake.metrics.report import Log
from snake.metrics.series import logs_of

KEY = ("a",)


def worker(sheets: Sheets, index: int) -> tuple[Figures, int]:
    """Return the figures of a worker, and which file it has."""
    own = sheets.take(index, 1)
    files, before = ([os.dup(each) for each in some] for some in (sheets.files, sheets.before))
    return Figures(files, own, before), own


def test_what_was_counted_survives_configurations() -> None:
    """Sums only grow, whoever reads them: the supervisor, workers of now and of before."""
    ledger = Ledger()
    first = ledger.open(2)
    one, own = worker(first, 0)
    one.series(KEY, 2, gauges=1)[0] = 1
    one.series(KEY, 2, gauges=1)[1] = 10
    second = ledger.open(1)
    two, _ = worker(second, 0)
    two.series(KEY, 2, gauges=1)[1] += 5
    assert two.total() == ledger.total() == {KEY: [1, 15]}

    first.give_back(own, 1)
    first.close()
    third = ledger.open(1)
    three, _ = worker(third, 0)
    three.series(KEY, 2, gauges=1)[1] += 100

    assert three.total() == ledger.total() == two.total() == {KEY: [0, 115]}
    assert set(third.files) <= {*range(1000)} - set(second.files)
    ledger.close()


def test_lines_that_logs_lose_are_counted() -> None:
    """Those of the supervisor too, which is no process that counts; the last moment is kept."""
    ledger = Ledger()
    own = ledger.own()
    figures, _ = worker(ledger.open(1), 0)
    count_lost(figures, "stderr", 2, 50.0)
    count_lost(own, "stderr", 1, 40.0)
    count_lost(own, "a.log", 1, 30.0)

    assert ledger.processes() == figures.processes() == [os.getpid()]
    for totals in (ledger.total(), figures.total()):
        assert list(logs_of(totals)) == [Log("a.log", 1, 30.0), Log("stderr", 3, 50.0)]
    ledger.close()


def test_one_put_beside_has_a_file_of_its_own() -> None:
    """Two processes in one place do not count in one file; both see what the other counts."""
    ledger = Ledger()
    sheets = ledger.open(2)
    old, first = worker(sheets, 1)
    new, second = worker(sheets, 1)
    for figures in (old, new):
        figures.series(KEY, 1, gauges=1)[0] += 1

    assert first != second
    assert new.total() == {KEY: [2]}
    assert new.processes() == [os.getpid()]

    sheets.give_back(first, 1)
    assert ledger.total() == {KEY: [1]}
    _, third = worker(sheets, 1)
    assert third == first
    ledger.close()


def test_others_are_those_of_the_same_configuration() -> None:
    """What workers decide by together says nothing of another configuration's upstreams."""
    ledger = Ledger()
    first = ledger.open(1)
    worker(first, 0)
    second, _ = worker(ledger.open(1), 0)

    assert len(second.others()) == 1
    ledger.close()


def test_a_file_that_is_worn_is_not_taken_again() -> None:
    """Names that come and go with configurations do not fill the files for ever."""
    ledger = Ledger()
    sheets = ledger.open(1)
    figures, own = worker(sheets, 0)
    for number in range(MOST_SEGMENTS // 2 + 1):
        figures.series(("large", str(number)), SEGMENT // 8 - 100)
    sheets.give_back(own, 1)
    sheets.close()
    ledger.open(1)

    assert ledger.total() == {}
    ledger.close()
