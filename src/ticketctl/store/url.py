"""The URL of a desk's database."""

from __future__ import annotations

import re

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ticketctl.errors import Misconfigured

_DRIVERS = {  # as in config, which is a stranger here: a test holds that both say the same
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
    "mysql": "mariadb+pymysql",
}
EXTRAS = {"postgresql": "postgresql", "mariadb": "mariadb", "mysql": "mariadb"}  # by backend: what pip installs
_HOSTS = re.compile(
    r"(?P<scheme>postgres(?:ql)?(?:\+\w+)?)://(?P<user>[^/?#]*@)?(?P<hosts>[^/?#@]*)(?P<name>/[^?#]*)?(?:\?(?P<query>.*))?"
)
_HOST = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>\d*))?")


def parsed(url: str) -> URL:
    """The URL with our drivers where it names none; Misconfigured (78) where it is none, or names no SQLite file."""
    try:
        where = _url(url)
    except (ArgumentError, ValueError):
        raise Misconfigured("`database` is no SQLAlchemy URL: write it as sqlite:////var/lib/ticketctl/ticketctl.db") \
            from None  # fmt: skip
    if where.drivername in _DRIVERS:
        where = where.set(drivername=_DRIVERS[where.drivername])
    backend = where.get_backend_name()
    if backend not in ("sqlite", *EXTRAS):
        raise Misconfigured(f"no database of kind {backend!r} is supported: use sqlite, postgresql or mariadb")
    if backend == "sqlite" and where.database in (None, "", ":memory:"):
        raise Misconfigured("`database` names no file: write it as sqlite:////var/lib/ticketctl/ticketctl.db")
    return where


def _url(url: str) -> URL:
    """The URL; that of PostgreSQL in libpq's form of several hosts (`h1:5432,h2:5433`), too."""
    found = _HOSTS.fullmatch(url)
    if found is None or not ("," in found["hosts"] or "%2f" in found["hosts"].lower()):
        return make_url(url)
    from urllib.parse import unquote

    pairs = [_HOST.fullmatch(each) for each in found["hosts"].split(",")]
    if None in pairs:
        return make_url(url)
    hosts = [unquote(each["host"].strip("[]")) for each in pairs if each]
    ports = [each["port"] or "" for each in pairs if each]
    query = f"?{found['query']}" if found["query"] else ""
    where = make_url(f"{found['scheme']}://{found['user'] or ''}{found['name'] or '/'}{query}")
    where = where.update_query_dict({"host": ",".join(hosts)})
    return where.update_query_dict({"port": ",".join(ports)}) if any(ports) else where


def seconds(url: URL, name: str) -> float | None:
    """What a URL says after `?name=`; Misconfigured (78) where that is no number of seconds."""
    said = url.query.get(name)
    if said is None:
        return None
    try:
        found = float(said if isinstance(said, str) else said[-1])
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e6:
        raise Misconfigured(f"`?{name}=` in `database` wants seconds, as in ?{name}=30")
    return found


def unhurried(url: URL) -> URL:
    """The same for who cares for the whole database: one statement may take as long as it likes (an index over all)."""
    return url if url.get_backend_name() == "sqlite" else url.update_query_dict({"read_timeout": "0"})
