"""ticketctl.toml, the environment and flags: what holds, and why."""

import os
from pathlib import Path

import pytest

from ticketctl.config import SETTINGS, Config, Smtp, read, redacted
from ticketctl.errors import Misconfigured, Usage

NOBODY = 4_000_000_000  # a user whom no passwd knows


class Host:
    """A host with a file for all, one of the agent's own, and a home."""

    def __init__(self, root: Path) -> None:
        self.etc = root / "etc/ticketctl/ticketctl.toml"
        self.home = root / "home"
        self.own = self.home / ".config/ticketctl/ticketctl.toml"
        for file in (self.etc, self.own):
            file.parent.mkdir(parents=True)

    def read(self, *, flags: dict[str, str] | None = None, euid: int = 1000, **environ: str) -> Config:
        return read(environ={"HOME": str(self.home), **environ}, flags=flags or {}, euid=euid, etc=str(self.etc))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_without_files_the_defaults_hold(host: Host) -> None:
    config = host.read()
    assert config.database == f"sqlite:///{host.home}/.local/share/ticketctl/ticketctl.db"
    assert config.send is True
    assert config.sendmail == ("/usr/sbin/sendmail", "-i")
    assert config.smtp is None
    assert (config.editor, config.pager) == ("vi", "less -FRX")
    assert config.alias == {}
    assert config.files == ()
    assert set(config.origin.values()) == {"default"}


@pytest.mark.parametrize(
    ("euid", "environ", "database"),
    [
        (0, {"HOME": "/root"}, "sqlite:////var/lib/ticketctl/ticketctl.db"),
        (0, {}, "sqlite:////var/lib/ticketctl/ticketctl.db"),
        (1000, {"HOME": "/h", "XDG_DATA_HOME": "/data"}, "sqlite:////data/ticketctl/ticketctl.db"),
        (NOBODY, {"XDG_DATA_HOME": "/data"}, "sqlite:////data/ticketctl/ticketctl.db"),
    ],
)
def test_the_default_database_is_the_hosts_for_root_else_the_users(
    euid: int, environ: dict[str, str], database: str, tmp_path: Path
) -> None:
    assert read(environ=environ, flags={}, euid=euid, etc=str(tmp_path / "none")).database == database


def test_without_a_home_there_is_a_config_but_no_default_database(tmp_path: Path) -> None:
    config = read(environ={}, flags={}, euid=NOBODY, etc=str(tmp_path / "none"))
    with pytest.raises(Misconfigured, match="no database: set `database`"):
        _ = config.database


def test_the_agents_own_file_wins_key_by_key_and_origin_says_so(host: Host) -> None:
    host.etc.write_text(
        'database = "/srv/desk.db"\nsend = false\n[smtp]\nhost = "mx"\nport = 25\n[alias]\nl = "list"\n'
    )
    host.own.write_text('[smtp]\nport = 26\n[alias]\nmine = "list owner:me"\n')
    config = host.read()
    assert config.database == "sqlite:////srv/desk.db"
    assert config.sendmail is None
    assert config.smtp == Smtp(host="mx", port=26, starttls=True, user=None, password_file=None, password_command=None)
    assert config.alias == {"l": "list", "mine": "list owner:me"}
    assert config.files == (str(host.etc), str(host.own))
    assert config.origin["send"] == config.origin["smtp.host"] == config.origin["alias.l"] == str(host.etc)
    assert config.origin["smtp.port"] == config.origin["alias.mine"] == str(host.own)
    assert config.origin["smtp.user"] == "default"


def test_a_flag_wins_over_the_environment_and_that_over_the_files(host: Host) -> None:
    host.etc.write_text('database = "/etc.db"\nsend = true\n')
    assert host.read().origin["database"] == str(host.etc)
    config = host.read(TICKETCTL_DATABASE="/env.db", TICKETCTL_SEND="0")
    assert (config.database, config.origin["database"]) == ("sqlite:////env.db", "$TICKETCTL_DATABASE")
    assert (config.send, config.origin["send"]) == (False, "$TICKETCTL_SEND")
    config = host.read(flags={"database": "/flag.db"}, TICKETCTL_DATABASE="/env.db")
    assert (config.database, config.origin["database"]) == ("sqlite:////flag.db", "--database")


def test_a_named_file_replaces_both(host: Host, tmp_path: Path) -> None:
    host.etc.write_text('database = "/etc.db"\n')
    named = tmp_path / "named.toml"
    named.write_text("send = false\n")
    for config in (host.read(flags={"config": str(named)}), host.read(TICKETCTL_CONFIG=str(named))):
        assert config.origin["database"] == "default"
        assert config.files == (str(named),)
        assert config.send is False


@pytest.mark.parametrize(
    ("flags", "environ"), [({"config": "/no/gone.toml"}, {}), ({}, {"TICKETCTL_CONFIG": "/no/gone.toml"})]
)
def test_a_named_file_that_is_missing_is_misconfigured(
    host: Host, flags: dict[str, str], environ: dict[str, str]
) -> None:
    with pytest.raises(Misconfigured, match="no configuration file '/no/gone.toml'"):
        host.read(flags=flags, **environ)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("send = true\ndatabse = 'x'\n", ":2: unknown key 'databse'; did you mean 'database'?"),
        ("[smtp]\nhost = 'mx'\nprot = 25\n", ":3: unknown key 'smtp.prot'; did you mean 'smtp.port'?"),
        ("[smtp]\npassword_file = 'x'\n", ":2: unknown key 'smtp.password_file'; did you mean 'smtp.password-file'?"),
        ("smtp.prot = 25\n", ":1: unknown key 'smtp.prot'; did you mean 'smtp.port'?"),
        ("\nport = 25\n", ":2: unknown key 'port'; did you mean 'smtp.port'?"),
        ("[zebra]\nx = 1\n", ":1: unknown key 'zebra': ticketctl.toml(5) lists those there are"),
        ("smtp = 'mx'\n", ":1: smtp is a table: write [smtp] and its keys below"),
        ("send = 'maybe'\n", ":1: send: wants true or false"),
        ("database = 7\n", ":1: database: wants a text"),
        ("[smtp]\nport = 0\n", ":2: smtp.port: wants a port, 1 to 65535"),
        ("sendmail = 1\n", ':1: sendmail: wants a list of texts, as ["/usr/sbin/sendmail", "-i"]'),
        ("[alias]\nl = 1\n", ":2: alias.l: wants a text"),
        ("send = true\nsend = \n", ":2: not TOML: Invalid value"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_key(host: Host, text: str, message: str) -> None:
    host.own.write_text(text)
    with pytest.raises(Misconfigured) as refused:
        host.read()
    assert refused.value.message == f"{host.own}{message}"


def test_a_file_that_is_not_utf8_or_is_a_directory_is_misconfigured(host: Host) -> None:
    host.own.write_bytes(b"editor = '\xff'")
    with pytest.raises(Misconfigured, match="not UTF-8 at byte 10"):
        host.read()
    host.own.unlink()
    host.own.mkdir()
    with pytest.raises(Misconfigured, match="cannot be read: Is a directory"):
        host.read()


def test_an_unreadable_file_is_misconfigured_but_an_unsearchable_home_is_not(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # the tests may run as root, whom no mode stops
    assert host.read().files == ()
    host.own.touch()
    with pytest.raises(Misconfigured, match=r"ticketctl.toml: cannot be read: Permission denied"):
        host.read()


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("/srv/desk.db", "sqlite:////srv/desk.db"),
        ("~/desk.db", "sqlite:///{home}/desk.db"),
        ("desk.db", "sqlite:///{etc}/desk.db"),
        ("sqlite:///desk.db", "sqlite:///{etc}/desk.db"),
        ("sqlite:////srv/desk.db", "sqlite:////srv/desk.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("mariadb://h/d", "mariadb+pymysql://h/d"),
        ("mysql://h/d", "mariadb+pymysql://h/d"),
        ("mariadb+mysqldb://h/d", "mariadb+mysqldb://h/d"),
    ],
)
def test_plain_urls_get_our_drivers_and_paths_are_sqlites(host: Host, given: str, url: str) -> None:
    host.etc.write_text(f'database = "{given}"\n')
    assert host.read().database == url.format(home=host.home, etc=host.etc.parent)


def test_a_relative_path_in_the_environment_is_relative_to_where_we_are(host: Host) -> None:
    assert host.read(TICKETCTL_DATABASE="desk.db").database == f"sqlite:///{os.getcwd()}/desk.db"


@pytest.mark.parametrize("url", ["postgresql://anna:s3cret@h/d", "mariadb://h/d?password=s3cret&x=1"])
def test_a_password_on_the_command_line_is_refused_and_else_hidden(host: Host, url: str) -> None:
    with pytest.raises(Usage, match="a password on the command line is seen by everybody") as refused:
        host.read(flags={"database": url})
    assert "s3cret" not in refused.value.message
    config = host.read(TICKETCTL_DATABASE=url)
    assert "s3cret" in config.database
    assert "s3cret" not in config.redacted("database")
    assert redacted("postgresql://anna:s3/c:ret@h/d") == "postgresql://anna:***@h/d"


@pytest.mark.parametrize(
    ("word", "truth"), [("0", False), ("1", True), ("true", True), ("False", False), ("yes", True), ("no", False)]
)
def test_send_in_the_environment_is_a_word(host: Host, word: str, truth: bool) -> None:
    assert host.read(TICKETCTL_SEND=word).send is truth


def test_another_word_for_send_is_misconfigured(host: Host) -> None:
    with pytest.raises(Misconfigured, match=r"\$TICKETCTL_SEND: wants true or false"):
        host.read(TICKETCTL_SEND="maybe")


def test_sendmail_is_a_list_in_the_file_and_a_path_in_the_environment(host: Host) -> None:
    host.etc.write_text('sendmail = ["/opt/sendmail", "-oi", "-v"]\n[smtp]\nhost = "mx"\n')
    assert host.read().sendmail == ("/opt/sendmail", "-oi", "-v")
    assert host.read().smtp is None
    assert host.read(TICKETCTL_SENDMAIL="/opt/my sendmail").sendmail == ("/opt/my sendmail", "-i")
    host.etc.write_text('sendmail = []\n[smtp]\nhost = "mx"\n')
    assert host.read().sendmail is None
    assert host.read().smtp is not None


def test_smtp_paths_are_relative_to_their_file_and_a_text_is_for_the_shell(host: Host) -> None:
    host.etc.write_text('[smtp]\nhost = "mx"\npassword-file = "secret"\npassword-command = "pass show mx"\n')
    smtp = host.read().smtp
    assert smtp is not None
    assert smtp.password_file == str(host.etc.parent / "secret")
    assert smtp.password_command == ("/bin/sh", "-c", "pass show mx")


def test_the_editor_is_ours_then_visual_then_editor(host: Host) -> None:
    assert host.read(EDITOR="ed").origin["editor"] == "$EDITOR"
    assert host.read(EDITOR="ed", VISUAL="emacs").editor == "emacs"
    host.own.write_text('editor = "vim"\n')
    assert host.read(EDITOR="ed", VISUAL="emacs").editor == "vim"
    assert host.read(TICKETCTL_EDITOR="nano").editor == "nano"
    assert host.read(PAGER="most", EDITOR="").pager == "most"


def test_the_table_names_every_setting_once_and_documents_it() -> None:
    assert list(SETTINGS) == [setting.name for setting in SETTINGS.values()]
    assert all(setting.doc and setting.takes for setting in SETTINGS.values())
    environment = [setting.environment for setting in SETTINGS.values() if setting.environment]
    assert len(environment) == len(set(environment))
