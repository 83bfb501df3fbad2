"""Column types of our own: what goes in comes out, on SQLite, PostgreSQL and MariaDB alike.

Times are aware UTC (SQLite and MariaDB drop an offset without converting); text is without NUL, which PostgreSQL
refuses, and without lone surrogates, which no encoding takes; what may be long is long on MariaDB too.
"""

# ruff: noqa: ARG002  SQLAlchemy hands every one of these methods a dialect

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from ticketctl.ticket import utc

_MARIADB = ("mysql", "mariadb")
_EMPTY: dict[str, Callable[[], Any]] = {"[]": list, "{}": dict}  # most of them
_UNFIT = re.compile("[\0\ud800-\udfff]")


def cleaned(text: str) -> str:
    """The text without NUL and lone surrogates: U+FFFD in their places."""
    return _UNFIT.sub("\ufffd", text)


def plain(value: Any) -> Any:
    """A JSON value, every text in it cleaned."""
    match value:
        case str():
            return cleaned(value)
        case dict():
            return {cleaned(str(key)): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _:
            return value


def to_json(value: Any) -> str:
    """The value as compact JSON, its texts cleaned."""
    try:
        text = msgspec.json.encode(value).decode()  # a fifth of json's time
    except UnicodeEncodeError:  # a lone surrogate
        return msgspec.json.encode(plain(value)).decode()
    return msgspec.json.encode(plain(value)).decode() if "\\u0000" in text else text


def _collation(dialect: Dialect) -> str | None:
    """PostgreSQL's own would sort by a language's rules; MariaDB's is said of the whole table."""
    return "C" if dialect.name == "postgresql" else None


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC, to the microsecond."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in _MARIADB:
            from sqlalchemy.dialects.mysql import DATETIME

            return dialect.type_descriptor(DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        moment = utc(value)
        return None if moment is None else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Line(TypeDecorator[str]):
    """A text of at most so many characters, short enough for an index (MariaDB: 3,072 bytes a key); longer is cut."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(self.length, collation=_collation(dialect)))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else cleaned(value)[: self.length]


class LongText(TypeDecorator[str]):
    """A text of any length."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in _MARIADB:
            from sqlalchemy.dialects.mysql import LONGTEXT

            return dialect.type_descriptor(LONGTEXT())
        return dialect.type_descriptor(Text(collation=_collation(dialect)))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else cleaned(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return LongText().load_dialect_impl(dialect)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else _EMPTY[value]() if value in _EMPTY else json.loads(value)


class LongBytes(TypeDecorator[bytes]):
    """Bytes of any length; we give it pieces of at most 1 MiB."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in _MARIADB:
            from sqlalchemy.dialects.mysql import LONGBLOB

            return dialect.type_descriptor(LONGBLOB())
        return dialect.type_descriptor(LargeBinary())
