"""Desks on servers that fail."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import servers

SERVERS = [name for name in servers.DATABASES if name != "sqlite"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: a unix socket's path has at most 107 bytes."""
    made = tempfile.mkdtemp(prefix="t", dir="/tmp")
    yield Path(made)
    shutil.rmtree(made)
