"""docs/reliability.md names the rows of the fault matrix, and each row's guard is in the code."""

import pytest

from tests.faults.matrix import ROOT, Fault, WrongGuardError, rows
from tests.faults.plugin import failed_at
from tests.faults.results import PAGE, on_page, rendered

ROWS = rows()


def test_the_page_names_exactly_the_rows_that_there_are() -> None:
    page = PAGE.read_text()
    assert page == rendered(page, ROWS, on_page(page)), "run python -m tests.faults"


def test_no_two_rows_have_one_name() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_code_of_a_rows_guard_is_where_it_says(row: Fault) -> None:
    for guard in row.guards:
        assert guard.taken_out((ROOT / guard.file).read_text())


def test_a_guard_that_is_not_in_its_file_once_is_refused() -> None:
    guard = ROWS[0].guards[0]
    for text in ("", guard.old * 2):
        with pytest.raises(WrongGuardError, match="instead of once"):
            guard.taken_out(text)


def test_what_failed_is_said_in_the_rows_own_words() -> None:
    def helper(found: int) -> None:
        assert found == 2

    def row() -> None:
        helper(
            found=1 | 0,
        )

    with pytest.raises(AssertionError) as raised:
        row()
    assert failed_at(raised.value, "row") == r"helper( found=1 \| 0, )"
