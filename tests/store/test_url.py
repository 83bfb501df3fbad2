"""The URL of a database: libpq's form of several hosts beside SQLAlchemy's, and what a driver makes of either."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ticketctl import config
from ticketctl.errors import Misconfigured
from ticketctl.store.url import parsed


def told(url: str) -> dict[str, object]:
    """What the driver is given."""
    where = config.read(environ={}, flags={"database": url}, euid=1, etc="/nowhere").database
    return dict(PGDialect_psycopg().create_connect_args(parsed(where))[1])


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("postgresql://h1:5432,h2:5433/d?target_session_attrs=read-write",
         {"host": "h1,h2", "port": "5432,5433", "dbname": "d", "target_session_attrs": "read-write"}),
        ("postgres://u@h1,h2:5433/d", {"user": "u", "host": "h1,h2", "port": ",5433", "dbname": "d"}),
        ("postgresql+psycopg://u@[::1]:5432,[fe80::1]:5433/d",
         {"user": "u", "host": "::1,fe80::1", "port": "5432,5433", "dbname": "d"}),
        ("postgresql://u@%2Frun%2Fa,%2Frun%2Fb/d", {"user": "u", "host": "/run/a,/run/b", "dbname": "d"}),
        ("postgresql://u@%2Frun%2Fa:5433/d", {"user": "u", "host": "/run/a", "port": "5433", "dbname": "d"}),
        ("postgresql://u@/d?host=h1:5432&host=h2:5433&target_session_attrs=read-write",
         {"user": "u", "host": "h1,h2", "port": "5432,5433", "dbname": "d", "target_session_attrs": "read-write"}),
        ("postgresql://u@/d?host=/run/a&host=/run/b", {"user": "u", "host": "/run/a,/run/b", "dbname": "d"}),
        ("postgresql://u@h1/d?sslmode=verify-full&passfile=/etc/p",
         {"user": "u", "host": "h1", "dbname": "d", "sslmode": "verify-full", "passfile": "/etc/p"}),
    ],
)  # fmt: skip
def test_every_form_reaches_the_driver(url, given):
    found = told(url)
    if found.get("port") == ",":
        del found["port"]
    assert found == given


def test_a_password_before_several_hosts_is_one():
    where = parsed("postgresql://u:p%40ss,word@h1:1,h2:2/d")
    assert (where.password, where.query["host"]) == ("p@ss,word", "h1,h2")
    assert "ss,word" not in where.render_as_string(hide_password=True)


@pytest.mark.parametrize("url", ["postgresql://h1:x,h2/d", "postgresql://h1:1:2,h2/d", "postgresql://h1:99h/d"])
def test_what_is_no_host_is_78(url):
    with pytest.raises(Misconfigured, match="no SQLAlchemy URL"):
        parsed(url)
