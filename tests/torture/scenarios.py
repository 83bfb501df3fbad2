"""The table of all scenarios: name, what plays it, what it needs of the machine, on which databases it makes sense."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from msgspec import Struct

from torture import answers, broken, burst, calls, clock, hosts, kills, limits, reading, sendmails
from torture.place import Place
from torture.tally import Tally

ALL = ("sqlite", "postgresql", "mariadb")
SERVERS = ("postgresql", "mariadb")
FILE = ("sqlite",)  # what a process meets on its own host is the same whatever its database


class Scenario(Struct, frozen=True, kw_only=True):
    """One of them. `needs`: programs or powers, as tests/conftest.py knows them."""

    name: str
    play: Callable[[Place, Tally], None]
    needs: tuple[str, ...] = ()
    databases: tuple[str, ...] = FILE
    only_long: tuple[str, ...] = ()  # databases of the long form alone


SCENARIOS = (
    Scenario(name="filter killed at random", play=kills.of_the_filter, databases=ALL),
    Scenario(name="verbs killed at random", play=kills.of_verbs, databases=ALL),
    Scenario(name="system calls of mail and verbs", play=calls.of_mail_and_verbs, needs=("strace",)),
    Scenario(name="system calls of init and copies", play=calls.of_files, needs=("strace",)),
    Scenario(name="limits of the process", play=limits.of_the_process, needs=("prlimit",)),
    Scenario(name="streams, home, language, directory", play=limits.of_the_surroundings),
    Scenario(name="umask 000", play=limits.open_to_all),
    Scenario(name="a disk that fills", play=limits.of_the_disk, needs=("tmpfs",)),
    Scenario(name="a file that another holds", play=broken.locked),
    Scenario(name="a file that is damaged", play=broken.damaged),
    Scenario(name="a file that is forbidden", play=broken.forbidden, needs=("root", "setpriv")),
    Scenario(name="a file system turned read-only", play=broken.read_only, needs=("tmpfs",)),
    Scenario(name="clocks a day back, ten years on", play=clock.steps, needs=("libfaketime",), databases=ALL),
    Scenario(name="claims of a clock that stood ahead", play=clock.stuck, needs=("libfaketime",), databases=ALL),
    Scenario(name="two hosts with one mail", play=hosts.same_mail, databases=ALL),
    Scenario(name="a burst beside agents at work", play=burst.mails, databases=ALL),
    Scenario(name="a sendmail of bad manners", play=sendmails.manners),
    Scenario(name="real mail, broken", play=reading.of_broken_mail),
    Scenario(name="two flushes at once", play=sendmails.two_flushes, databases=ALL),
    Scenario(name="answers killed between two steps", play=answers.between, databases=ALL, only_long=SERVERS),
    Scenario(name="two flushes, one killed", play=answers.beside, databases=ALL, only_long=SERVERS),
    Scenario(name="a template broken by a new policy", play=answers.broken_template, databases=ALL, only_long=SERVERS),
    Scenario(name="a breaker killed between two steps", play=answers.breaker, databases=ALL, only_long=SERVERS),
)


def played(scenario: Scenario, place: Place) -> Tally:
    """One scenario, to its end; an exception of its own is wrong, too."""
    tally = Tally(scenario.name)
    try:
        scenario.play(place, tally)
    except Exception:
        tally.hold(False, traceback.format_exc())
    return tally
