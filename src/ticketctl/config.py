"""ticketctl.toml, the environment and flags -> Config: what differs between hosts, from one table of settings.

The table checks, documents (ticketctl.toml(5) is held to it by a test) and completes, as vdirsyncer's does.
A flag wins over the environment, that over the files; of the files the agent's own over the host's, key by key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from ticketctl.errors import Misconfigured, Usage

_URL = r"[A-Za-z][A-Za-z0-9+]*://"
_PASSWORD = r"(?P<head>://[^:/@]*:)(?P<secret>[^@]*)(?=@)|(?P<key>[?&]password=)(?P<value>[^&]*)"
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
    "mysql": "mariadb+pymysql",
}
_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class _Wrong(ValueError):
    """A value that its setting cannot have."""


class _Base(NamedTuple):
    """What a path is relative to: the directory of its file (None: where we are), and the home for `~/`."""

    directory: str | None
    home: str | None

    def absolute(self, path: str) -> str:
        if path.startswith("~/") and self.home:
            return os.path.join(self.home, path[2:])
        if os.path.isabs(path):
            return path
        try:
            return os.path.join(self.directory or os.getcwd(), path)
        except FileNotFoundError:
            raise _Wrong("a relative path, and the directory that we are in is gone") from None


def _text(value: object, _: _Base) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise _Wrong("wants a text")
    return value


def _truth(value: object, _: _Base) -> bool:
    found = _TRUTH.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise _Wrong("wants true or false")
    return found


def _port(value: object, _: _Base) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise _Wrong("wants a port, 1 to 65535")
    return value


def _path(value: object, base: _Base) -> str:
    return base.absolute(_text(value, base))


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) and "\0" not in word for word in value):
        raise _Wrong('wants a list of texts, as ["/usr/sbin/sendmail", "-i"]')
    return tuple(value)


def _sendmail(value: object, base: _Base) -> tuple[str, ...]:
    """A list is the command as it is, an empty one none at all; a path gets `-i` (a lone dot ends no mail)."""
    return (_text(value, base), "-i") if isinstance(value, str) else _strings(value)


def _command(value: object, base: _Base) -> tuple[str, ...]:
    """A list is the command; a text is for the shell."""
    return ("/bin/sh", "-c", _text(value, base)) if isinstance(value, str) else _strings(value)


def _database(value: object, base: _Base) -> str:
    """An SQLAlchemy URL with our drivers; a bare path is SQLite's, and a relative one is made absolute."""
    url = _text(value, base)
    if not re.match(_URL, url):
        return "sqlite:///" + base.absolute(url)
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest[1:2] not in ("/", ":", "?", "") and rest[1:5] != "file":
        return "sqlite:///" + base.absolute(rest[1:])
    return f"{_DRIVERS.get(scheme.lower(), scheme)}://{rest}"


class Setting(NamedTuple):
    """One key: its name (`smtp.host`), what it takes, its default, a line for the manual, and how it is read.

    `environment` wins over the files, `fallback` (other programs' variables) only stands in for the default.
    """

    name: str
    takes: str
    doc: str
    read: Callable[[object, _Base], Any]
    environment: str | None = None
    fallback: tuple[str, ...] = ()
    default: Any = None
    words: tuple[str, ...] = ()  # for completion


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(name="database", takes="URL", environment="TICKETCTL_DATABASE", read=_database,
                doc="the database: a path, sqlite:///, postgresql:// or mariadb://"),
        Setting(name="send", takes="true|false", environment="TICKETCTL_SEND", read=_truth, default=True,
                doc="false: render, queue and log mail, but never send any", words=("true", "false")),
        Setting(name="sendmail", takes="LIST", environment="TICKETCTL_SENDMAIL", read=_sendmail,
                default=("/usr/sbin/sendmail", "-i"), doc="the command that takes outgoing mail; [] for none"),
        Setting(name="smtp.host", takes="TEXT", read=_text,
                doc="the server that takes outgoing mail where sendmail is not set, or is []"),
        Setting(name="smtp.port", takes="PORT", read=_port, default=587, doc="its port"),
        Setting(name="smtp.starttls", takes="true|false", read=_truth, default=True,
                doc="encrypt, and refuse to go on where the server cannot", words=("true", "false")),
        Setting(name="smtp.user", takes="TEXT", read=_text, doc="the name to log in with; none: no login"),
        Setting(name="smtp.password-file", takes="PATH", read=_path,
                doc="a file with the password, of mode 0600; relative to ticketctl.toml"),
        Setting(name="smtp.password-command", takes="TEXT|LIST", read=_command,
                doc="a command that prints the password; a text is for the shell"),
        Setting(name="ticketd.lmtp", takes="TEXT", read=_text, doc="where ticketd takes mail: a path or HOST:PORT"),
        Setting(name="ticketd.control", takes="PATH", read=_path, doc="ticketd's socket for agents"),
        Setting(name="ticketd.pid-file", takes="PATH", read=_path, doc="where ticketd writes its process number"),
        Setting(name="ticketd.user", takes="TEXT", read=_text, doc="whom ticketd runs as"),
        Setting(name="editor", takes="TEXT", environment="TICKETCTL_EDITOR", read=_text, default="vi",
                fallback=("VISUAL", "EDITOR"), doc="the editor, for the shell; else $VISUAL, $EDITOR, vi"),
        Setting(name="pager", takes="TEXT", environment="TICKETCTL_PAGER", read=_text, default="less -FRX",
                fallback=("PAGER",), doc="the pager, for the shell; else $PAGER, less -FRX; cat for none"),
    )
}  # fmt: skip
ALIAS = Setting(name="alias.NAME", takes="TEXT", read=_text, doc="what the verb NAME stands for, as in git")
_TABLES = {name.partition(".")[0] for name in SETTINGS if "." in name} | {"alias"}


class Smtp(NamedTuple):
    host: str
    port: int
    starttls: bool
    user: str | None
    password_file: str | None
    password_command: tuple[str, ...] | None


class Config(Struct, frozen=True, kw_only=True):
    """What holds on this host, and why: `origin` is "default", a file's path, "$TICKETCTL_SEND" or "--database"."""

    values: Mapping[str, Any]
    origin: Mapping[str, str]
    files: tuple[str, ...] = ()  # those that were read

    @property
    def database(self) -> str:
        """The SQLAlchemy URL; Misconfigured (78) where there is none and no home to have one in."""
        if self.values["database"] is None:
            raise Misconfigured("no database: set `database` in ticketctl.toml, or TICKETCTL_DATABASE")
        return str(self.values["database"])

    @property
    def send(self) -> bool:
        return bool(self.values["send"])

    @property
    def sendmail(self) -> tuple[str, ...] | None:
        """The command for outgoing mail; None where it is [] or where only smtp.host is set."""
        if self.values["smtp.host"] and self.origin["sendmail"] == "default":
            return None
        return tuple(self.values["sendmail"]) or None

    @property
    def smtp(self) -> Smtp | None:
        """The server for outgoing mail; None where sendmail is used, or where no host is named."""
        if self.sendmail or not self.values["smtp.host"]:
            return None
        return Smtp(**{name[5:].replace("-", "_"): self.values[name] for name in SETTINGS if name.startswith("smtp.")})

    @property
    def editor(self) -> str:
        return str(self.values["editor"])

    @property
    def pager(self) -> str:
        return str(self.values["pager"])

    @property
    def alias(self) -> dict[str, str]:
        return {name[6:]: value for name, value in self.values.items() if name.startswith("alias.")}

    def redacted(self, key: str) -> Any:
        """A setting's value with the password in its URL hidden, for people to see."""
        value = self.values[key]
        return redacted(value) if isinstance(value, str) else value


def redacted(url: str) -> str:
    """A database's URL without its password."""
    return re.sub(_PASSWORD, lambda found: (found["head"] or found["key"]) + "***", url)


def read(
    *, environ: Mapping[str, str], flags: Mapping[str, str], euid: int, etc: str = "/etc/ticketctl/ticketctl.toml"
) -> Config:
    """Files, environment and flags as one Config. `flags` by setting (`database`) or `config`, the file to read.

    Misconfigured (78) names the file, the line and the key; Usage (2) for a password on the command line.
    """
    home = _home(environ, euid)
    values: dict[str, Any] = {name: setting.default for name, setting in SETTINGS.items()}
    values["database"] = _default_database(environ, home, euid)
    origin = dict.fromkeys(SETTINGS, "default")
    for name, setting in SETTINGS.items():
        for variable in setting.fallback:
            if environ.get(variable) and origin[name] == "default":
                values[name], origin[name] = environ[variable], f"${variable}"
    files = []
    for path, needed in _files(environ, flags, home, etc):
        text = _contents(path, needed=needed)
        if text is None:
            continue
        files.append(path)
        for name, value in _settings_of(path, text, home).items():
            values[name], origin[name] = value, path
    here = _Base(None, home)
    for name, setting in SETTINGS.items():
        if setting.environment and environ.get(setting.environment):
            where = f"${setting.environment}"
            values[name], origin[name] = _given(setting, environ[setting.environment], where, here), where
        if name in flags:
            if name == "database":
                _no_password("--database", flags[name], "write it in ticketctl.toml, or in TICKETCTL_DATABASE")
            values[name], origin[name] = _given(setting, flags[name], f"--{name}", here), f"--{name}"
    return Config(values=values, origin=origin, files=tuple(files))


def named(word: str, *, environ: Mapping[str, str], euid: int) -> str:
    """The URL of a database by a word of the command line: a URL, a path, or `@FILE`: `database` of that file.

    Usage (2) for a password on the command line, Misconfigured (78) for a file that names no database.
    """
    home = _home(environ, euid)
    if not word.startswith("@"):
        _no_password(redacted(word), word, "write the URL into a file like ticketctl.toml, and name that as @FILE")
        return str(_given(SETTINGS["database"], word, word, _Base(None, home)))
    path = _Base(None, home).absolute(word[1:])
    found = _settings_of(path, _contents(path, needed=True) or "", home)
    if "database" not in found:
        raise Misconfigured(f"{path} names no `database`")
    return str(found["database"])


def _no_password(where: str, url: str, instead: str) -> None:
    """Raises Usage (2) for a URL of the command line that has one."""
    if re.search(_PASSWORD, url):
        raise Usage(f"{where}: a password on the command line is seen by everybody (ps): {instead}")


def _home(environ: Mapping[str, str], euid: int) -> str | None:
    """The home directory; the filter runs without HOME, and perhaps as somebody whom no passwd knows."""
    if environ.get("HOME", "").startswith("/"):
        return environ["HOME"]
    import pwd  # late: hardly ever needed

    try:
        return pwd.getpwuid(euid).pw_dir or None
    except KeyError:
        return None


def _default_database(environ: Mapping[str, str], home: str | None, euid: int) -> str | None:
    if euid == 0:
        return "sqlite:////var/lib/ticketctl/ticketctl.db"
    data = environ.get("XDG_DATA_HOME") or (os.path.join(home, ".local/share") if home else None)
    return f"sqlite:///{data}/ticketctl/ticketctl.db" if data else None


def _files(environ: Mapping[str, str], flags: Mapping[str, str], home: str | None, etc: str) -> list[tuple[str, bool]]:
    """The files to read, in the order of merging, and whether each must be there."""
    named = flags["config"] if "config" in flags else environ.get("TICKETCTL_CONFIG")
    if named is not None and (named or "config" in flags):
        return [(os.path.abspath(named) if named else named, True)]
    own = environ.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else None)
    return [(etc, False), *([(os.path.join(own, "ticketctl/ticketctl.toml"), False)] if own else [])]


def _contents(path: str, *, needed: bool) -> str | None:
    """A file's text; None where it need not be there and is not.

    A directory that we may not even search holds no file of ours: a filter run as nobody with root's HOME goes on.
    """
    try:
        with open(path, "rb") as file:
            return file.read().decode()
    except (FileNotFoundError, NotADirectoryError):
        if needed:
            raise Misconfigured(f"no configuration file {path!r}: --config and TICKETCTL_CONFIG name one") from None
        return None
    except PermissionError as why:
        if not needed and not os.path.lexists(path):
            return None
        raise Misconfigured(f"{path}: cannot be read: {why.strerror}") from None
    except UnicodeDecodeError as why:
        raise Misconfigured(f"{path}: not UTF-8 at byte {why.start}") from None
    except (OSError, ValueError) as why:
        raise Misconfigured(f"{path}: cannot be read: {getattr(why, 'strerror', None) or why}") from None


def _settings_of(path: str, text: str, home: str | None) -> dict[str, Any]:
    """The settings that a file has, by name; Misconfigured names file, line and key."""
    import tomllib  # late: most runs of a filter have one small file, some none

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        line = re.search(r" ?\(at line (\d+), column (\d+)\)", str(why))
        place = f"{path}:{line[1]}" if line else path
        raise Misconfigured(f"{place}: not TOML: {str(why).replace(line[0], '') if line else why}") from None
    found: dict[str, Any] = {}
    for name, value in _flat(path, text, document):
        setting = ALIAS if name.startswith("alias.") else SETTINGS.get(name)
        if setting is None:
            raise Misconfigured(f"{_place(path, text, name)}: unknown key {name!r}{_near(name)}")
        found[name] = _given(setting, value, f"{_place(path, text, name)}: {name}", _Base(os.path.dirname(path), home))
    return found


def _flat(path: str, text: str, document: dict[str, Any]) -> list[tuple[str, Any]]:
    """The document as dotted names and values, one table deep."""
    pairs: list[tuple[str, Any]] = []
    for key, value in document.items():
        if key not in _TABLES:
            pairs.append((key, value))
        elif not isinstance(value, dict):
            raise Misconfigured(f"{_place(path, text, key)}: {key} is a table: write [{key}] and its keys below")
        else:
            pairs += [(f"{key}.{inner}", content) for inner, content in value.items()]
    return pairs


def _given(setting: Setting, value: object, where: str, base: _Base) -> Any:
    try:
        return setting.read(value, base)
    except _Wrong as wrong:
        raise Misconfigured(f"{where}: {wrong}") from None


def _near(name: str) -> str:
    import difflib  # late: only for those who mistyped

    found = difflib.get_close_matches(name.replace("_", "-"), [*SETTINGS, *_TABLES], n=1)
    last = [known for known in SETTINGS if known.rpartition(".")[2] == name.replace("_", "-")]
    hints = found or last
    return f"; did you mean {hints[0]!r}?" if hints else ": ticketctl.toml(5) lists those there are"


def _place(path: str, text: str, name: str) -> str:
    """`path:line` of a key, found by reading the lines; the path alone where it is written in some rarer way."""
    table, _, key = name.rpartition(".")
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            section = re.sub(r"[\"'\s]", "", header[1])
            if section == name:
                return f"{path}:{number}"
        elif given := re.match(r"\s*([\"']?[\w.\"' -]+?[\"']?)\s*=", line):
            written = re.sub(r"[\"'\s]", "", given[1])
            if (section, written) in ((table, key), ("", name)):
                return f"{path}:{number}"
    return path
