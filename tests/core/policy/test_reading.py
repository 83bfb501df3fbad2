"""The policy as it is read: what is right gives the whole value, what is wrong a line of its own."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ticketctl import policy as p
from ticketctl.errors import BadData

HERE = Path(__file__).parent
SAMPLE = (HERE / "sample.toml").read_text()
NO_DEFAULT = 'desk.default-queue: is not given, and there is no queue "Raw"; add [queues.Raw] or name another queue'
DESK = '[desk]\nname = "D"\ndomain = "d.example"\n[queues.Raw]\n'  # the next line is 5


def problems(text: str, **arguments: object) -> list[str]:
    with pytest.raises(BadData) as caught:
        p.read(text, **arguments)  # type: ignore[arg-type]  # keyword arguments of the tests' own
    assert caught.value.status == 65
    return caught.value.message.split("\n")


def test_the_smallest_policy_has_the_defaults() -> None:
    assert p.read(DESK, revision=4) == p.Policy(
        revision=4, desk=p.Desk(name="D", domain="d.example"), queues={"Raw": p.Queue(name="Raw")}
    )


def test_a_policy_with_every_key_reads_whole() -> None:
    both = {"en": "Number {{ ticket.number }}", "fr": "Numéro {{ ticket.number }}"}
    weekday = ((450, 720), (750, 960))
    assert p.read(SAMPLE) == p.Policy(
        desk=p.Desk(
            name="Water Works",
            domain="water.example",
            hook="Case#",
            system_id="42",
            number="increment",
            timezone="America/New_York",
            language="fr",
            default_queue="In Tray",
            unknown_recipient="reject",
            recipient_delimiter="+",
            follow_up_sender="domain",
            authserv_ids=("mx.water.example",),
            auto_limits=p.AutoLimits(
                per_ticket_day=2, per_address_hour=4, per_address_day=11, per_domain_hour=31, total_hour=201
            ),
        ),
        queues={
            "In Tray": p.Queue(name="In Tray", addresses=("in@water.example",)),
            "Leaks": p.Queue(
                name="Leaks",
                addresses=("leaks@water.example", "Burst@water.example"),
                from_name="Leaks & Bursts",
                unlock_after=p.Duration(30, "m"),
                first_response=p.Duration(4, "h"),
                update=p.Duration(1, "d"),
                solution=p.Duration(2, "w"),
                notify_before=75,
                calendar="depot",
                closed_follow_up="new-ticket",
                answer_blind_copies=True,
                auto=dict.fromkeys(p.AUTO_ANSWERS, "got it"),
                salutation="dear",
                signature="yours",
                templates=("stopcock",),
            ),
            "Leaks::Nord-Süd": p.Queue(name="Leaks::Nord-Süd"),
            "Alone::Child": p.Queue(name="Alone::Child"),
        },
        agents={
            "berta": p.Agent(
                name="berta",
                full_name="Berta Brook",
                email="berta@water.example",
                logins=("berta", "bb"),
                admin=True,
                roles=("plumber",),
                queues={"In Tray": ("ro", "move_into")},
                my_queues=("Leaks", "Leaks::Nord-Süd"),
                timezone="Europe/Berlin",
                language="de",
                confirm=False,
                away=True,
            ),
            "carl": p.Agent(name="carl", full_name="carl"),
        },
        roles={"plumber": p.Role(name="plumber", queues={"Leaks": ("rw",), "Leaks::Nord-Süd": (), "*": ("ro",)})},
        calendars={
            "depot": p.Calendar(
                name="depot",
                timezone="America/New_York",
                hours={0: weekday, 1: weekday, 2: weekday, 5: ((0, 1440),)},
                holidays="US-NY",
                closed=(
                    (date(2026, 12, 24), date(2026, 12, 24)),
                    (date(2026, 12, 27), date(2026, 12, 31)),
                    (date(2027, 1, 1), date(2027, 1, 1)),
                ),
            )
        },
        templates={
            "dear": p.Template(name="dear", kind="salutation", body={"": "Dear {{ customer.name }},"}),
            "yours": p.Template(name="yours", kind="signature", body={"": "-- \n{{ agent.name }}\n"}),
            "got it": p.Template(name="got it", kind="auto", subject={"en": "Got it", "fr": "Bien reçu"}, body=both),
            "stopcock": p.Template(name="stopcock", kind="answer", body={"": "Close the stopcock."}),
        },
        rules=(
            p.Rule(
                name="alarms",
                when={
                    "any": [{"from": "*@scada.example"}, {"header": {"X-Alarm": r"/^(?P<pump>\w+)$/"}}],
                    "not": {"size": "1M.."},
                },
                set={"queue": "Leaks", "priority": "very-high", "tags": ["pump"], "answer": False},
                stop=True,
            ),
            p.Rule(name="lists", when={"kind": "list", "subject": ["*news*", "*digest*"]}, set={"drop": True}),
        ),
    )


def test_a_duration_keeps_its_unit_because_a_working_day_is_not_24_hours() -> None:
    queue = p.read(DESK + 'first-response = "24h"\nupdate = "1d"').queues["Raw"]
    assert queue.first_response == queue.update  # as spans of the clock
    assert [str(queue.first_response), str(queue.update)] == ["24h", "1d"]


def table(name: str) -> list[tuple[str, str]]:
    """The rows of a file: some lines of a policy, then `=> ` and the message."""
    rows = (HERE / name).read_text().split("\n\n")[1:]
    return [(text, message.rstrip("\n")) for text, _, message in (row.partition("\n=> ") for row in rows)]


@pytest.mark.parametrize(("text", "message"), table("wrong.txt"))
def test_each_fault_is_named_with_its_line_its_path_and_the_way_out(text: str, message: str) -> None:
    assert problems(DESK + text, source="policy.toml") == [f"policy.toml:{message}"]


@pytest.mark.parametrize(("text", "message"), table("wrong-desk.txt"))
def test_each_fault_of_the_desk_is_named(text: str, message: str) -> None:
    document = f'[desk]\nname = "D"\ndomain = "d.example"\n{text}\n[queues.Raw]\n'
    assert problems(document) == [f"policy:4: desk.{message}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a =", "policy:1: not TOML: Invalid value, and the document ends"),
        ("[desk]\nname = x\n", "policy:2:8: not TOML: Invalid value"),
        ("[a]\n[a]\n", "policy:2:3: not TOML: Cannot declare a twice"),
        ("a = 1\na = 2\n", "policy:2:6: not TOML: this key or table stands here twice"),
        ("\ufeff[desk]", "policy:1:1: begins with a byte order mark; save it as UTF-8 without one"),
        ('x = "\ud800"', "policy:1: not UTF-8 text; save it as UTF-8"),
        ("a = " + "[" * 5000, "policy: tables and lists are nested too deep"),
    ],
)
def test_what_is_not_toml_is_told_with_line_and_column(text: str, message: str) -> None:
    assert problems(text) == [message]


def test_all_problems_are_listed_in_the_order_of_the_lines() -> None:
    assert problems('[queues.A]\nx = 1\nupdate = "y"\n[desk]\nname = "D"\ntimezone = 3\n') == [
        "policy:2: queues.A.x: unknown key",
        'policy:3: queues.A.update: expected a duration like "30m", "4h", "2d" or "1w", not "y"',
        "policy:4: desk.domain: is missing: right-hand side of our Message-IDs",
        f"policy:4: {NO_DEFAULT}",
        'policy:6: desk.timezone: expected a time zone like "Europe/Paris", not the number 3',
    ]


def test_an_empty_document_says_what_a_policy_needs() -> None:
    assert problems("") == [
        "policy: desk.name: is missing: what the desk is called; desk.name in templates",
        "policy: desk.domain: is missing: right-hand side of our Message-IDs",
        f"policy: {NO_DEFAULT}",
    ]


def test_no_message_carries_a_byte_that_acts_on_a_terminal() -> None:
    [message] = problems(DESK + '"\\u001b[31m" = "\\u009b"\n')
    assert message == 'policy:5: queues.Raw."\\u001b[31m": unknown key'
    [message] = problems(DESK + 'calendar = "\\u202ex"\n')
    assert (
        message
        == 'policy:5: queues.Raw.calendar: there is no calendar "\\u202ex"; add [calendars."\\u202ex"] or take it out'
    )


def test_a_body_file_is_read_by_the_function_that_is_given() -> None:
    text = DESK + '[templates.t]\nkind = "answer"\nbody-file = { en = "a.txt", fr = "b.txt" }'
    read = p.read(text, bodies={"a.txt": "A\r\n", "b.txt": "B"}.__getitem__)
    assert read.templates["t"].body == {"en": "A\n", "fr": "B"}


def test_a_body_file_that_cannot_be_read_is_a_problem() -> None:
    def absent(name: str) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    def latin(name: str) -> str:
        return b"\xe9".decode()

    text = DESK + '[templates.t]\nkind = "answer"\nbody-file = "a.txt"'
    assert problems(text, bodies=absent) == [
        'policy:7: templates.t.body-file: cannot read "a.txt": No such file or directory'
    ]
    assert problems(text, bodies=latin) == ['policy:7: templates.t.body-file: "a.txt" is not UTF-8 text']
    both = text + '\nbody = "x"'
    assert problems(both, bodies=str) == ["policy:7: templates.t.body-file: stands beside body; keep one of them"]


def test_queues_that_vanish_and_admins_who_are_left() -> None:
    old = p.read(DESK + '[queues.B]\n[agents.x]\nadmin = true\nlogins = ["x"]\n[agents.y]\nadmin = true')
    new = p.read(DESK)
    assert (p.gone(old, new), p.gone(new, old)) == (["B"], [])
    assert (p.admins(old), p.admins(new)) == (["x"], [])  # y has no login: nobody can be y


def test_what_is_kept_but_does_nothing_yet_is_remarked() -> None:
    assert p.remarks(p.read(DESK + 'update = "1d"\n[[rules]]\nname = "r"\nwhen = { from = "x" }')) == [
        "queues.Raw.update: kept, but not in force in this version",
    ]
    assert p.remarks(p.read(DESK)) == []


def outcome(text: str) -> p.Policy | BadData:
    try:
        return p.read(text)
    except BadData as refusal:
        return refusal


VALUES = st.recursive(
    st.one_of(
        st.sampled_from(
            [
                '"x"',
                "1",
                "-1",
                "true",
                "1.5",
                "nan",
                "2026-01-01",
                "2026-01-01 07:00:00Z",
                "07:00:00",
                "0xffffffffffffffffffffff",
                '"Raw"',
                '"a@b.c"',
                '"1d"',
                '"mon"',
                '"/(/"',
                "'''\nx'''",
                '""',
                '"\\u0000"',
                '"Europe"',
            ]
        )  # fmt: skip
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.dictionaries(
            st.sampled_from(["a", "from", "any", "en", "mon", "queue", '"*"', '"x y"']), inner, max_size=3
        ).map(lambda items: "{ " + ", ".join(f"{key} = {value}" for key, value in items.items()) + " }"),
    ),
    max_leaves=6,
)
HEADS = [
    "[desk]", "[desk.auto-limits]", "[queues.Raw]", "[agents.a]", "[agents.b.queues]", "[roles.r.queues]",
    "[calendars.c]", "[calendars.d.hours]", "[templates.t]", "[templates.u.body]", "[[rules]]", "[rules.when]", "#",
]  # fmt: skip
KEYS = sorted({key.name for section in p.sections() for key in section.keys} | {"xyz", '"*"', "Raw"})
LINES = st.one_of(
    st.sampled_from(HEADS),
    st.tuples(st.sampled_from(KEYS), VALUES).map(" = ".join),
    st.text(max_size=12),
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=12).map("\n".join) | st.text())
@example("desk = 1\nqueues = 2\nagents = []\nroles = true\ncalendars = 1.5\ntemplates = 'x'\nrules = [1]")
@example("[queues]\nRaw = 1\n[agents]\na = []\n[templates]\nt = 1\n[desk]\nauto-limits = []")
@example('[calendars.c]\nhours = "x"\nclosed = [[], {}]\n[roles.r]\nqueues = []\n')
@example("x = 1" + "0" * 5000)
def test_whatever_is_read_is_a_policy_or_bad_data(text: str) -> None:
    read = outcome(text)
    if isinstance(read, p.Policy):
        assert tomllib.loads(text)["desk"]["name"] == read.desk.name
        assert p.load(p.compiled(read)) == read
    else:
        assert all(line.startswith("policy:") for line in read.message.split("\n"))


@settings(deadline=None)
@given(st.data())
def test_the_sample_with_one_value_exchanged_is_a_policy_or_bad_data(data: st.DataObject) -> None:
    lines = SAMPLE.split("\n")
    n = data.draw(st.sampled_from([n for n, line in enumerate(lines) if " = " in line]))
    lines[n] = lines[n].split(" = ")[0] + " = " + data.draw(VALUES)
    read = outcome("\n".join(lines))
    assert isinstance(read, BadData) or p.load(p.compiled(read)) == read
