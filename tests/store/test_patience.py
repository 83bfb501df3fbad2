"""How long we wait on a server: for a lock as long as is said, for a statement of the upgrade however long it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from servers import sql
from ticketctl.errors import TryAgain, Unavailable
from ticketctl.store import alone, engine, parsed
from ticketctl.store.trouble import translated
from ticketctl.store.url import unhurried

SERVERS = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
MARIADB = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
SLEEP = {"postgresql": "SELECT pg_sleep(1.5)", "mariadb": "SELECT SLEEP(1.5)"}
Place = Callable[[Path], str]


@SERVERS
def test_who_waits_for_another_is_not_cut_off_by_the_limit_of_one_statement(place: Place, tmp_path: Path) -> None:
    made = engine(parsed(place(tmp_path)).update_query_dict({"read_timeout": "1"}), 30.0)
    entered, said = threading.Event(), list[str]()

    def first() -> None:
        with alone.exclusive(made, 0):
            entered.set()
            time.sleep(2)

    other = threading.Thread(target=first)
    other.start()
    assert entered.wait(10)
    with translated(), pytest.raises(TryAgain, match="at work on the database"), alone.exclusive(made, 0):
        pass
    with translated(), alone.exclusive(made, 20, said.append):
        pass
    assert said == ["another is at work on the database: waiting"]
    other.join()
    made.dispose()


def asleep(made: Engine, database: str) -> None:
    with translated(), made.connect() as connection:
        connection.execute(text(SLEEP[database]))
    made.dispose()


@SERVERS
def test_who_cares_for_the_whole_database_waits_for_a_statement_as_long_as_it_takes(
    place: Place, database: str, tmp_path: Path
) -> None:
    where = parsed(place(tmp_path)).update_query_dict({"read_timeout": "1"})
    with pytest.raises(Unavailable):
        asleep(engine(where, 30.0), database)
    asleep(engine(unhurried(where), 30.0), database)


@MARIADB
def test_a_change_of_a_table_does_not_wait_for_an_open_reader_for_ever(place: Place, tmp_path: Path) -> None:
    url = place(tmp_path)
    with sql(url) as reader:
        reader.execute(text("CREATE TABLE letters (id INTEGER)"))
        reader.execute(text("SELECT * FROM letters"))
        made = engine(parsed(url), 1.2)
        with made.connect() as connection:  # else the rest would take a day
            assert connection.execute(text("SELECT @@lock_wait_timeout")).scalar() == 1
        begun = time.monotonic()
        with pytest.raises(TryAgain, match="busy"), translated(), made.connect() as connection:
            connection.execute(text("ALTER TABLE letters ADD COLUMN word INTEGER"))
        assert time.monotonic() - begun < 10
        made.dispose()
