"""Rules through the real programs: what the filter returns, where mail goes, and what `policy check` tells of it."""

from __future__ import annotations

from pathlib import Path

from system.home import Home, mail

RULES = r"""
[[rules]]
name = "clowns"
when.envelope.sender = "*@circus.test"
set.refuse = true
[[rules]]
name = "spam"
when.header.X-Spam-Flag = "YES"
set = { queue = "Sales", priority = "very-low", answer = false }
stop = true
[[rules]]
name = "slow"
when.body = '/((x+x+)+y|(a|aa)+z)$/'
set.drop = true
[[rules]]
name = "nagios"
when.subject = '/: (?P<host>[^ /]+)/(?P<service>.+) is /'
set = { ticket = "external:nagios {host} {service}", title = "{service} on {host}", state = "open" }
[[rules]]
name = "recovery"
when.subject = "*RECOVERY*"
set.state = "closed successful"
[[rules]]
name = "payroll"
when.to = "*payroll*"
set.hold = true
"""


def test_mail_fares_as_the_rules_say(tmp_path: Path, program) -> None:
    home = Home(tmp_path, program, queue=RULES)
    assert home.deliver(mail(1), "--sender", "bozo@circus.test", status=77)["verdict"] == "refused"
    both = ("--recipient", "support@example.org", "--recipient", "sales@example.org")
    running = home.start("ticketctl-postmaster", *both)
    assert running.communicate(mail(2, X_Spam_Flag="YES"), timeout=60) == (b"", b"")
    alarms = ("PROBLEM: web1/HTTP is CRITICAL", "PROBLEM: web1/HTTP is CRITICAL", "RECOVERY: web1/HTTP is OK",
              "PROBLEM: web2/HTTP is CRITICAL")  # fmt: skip
    verdicts = [home.deliver(mail(f"n{n}", subject=each))["verdict"] for n, each in enumerate(alarms)]
    assert verdicts == ["new", "follow-up", "follow-up", "new"]
    assert home.deliver(mail(4, To="payroll@example.org"))["verdict"] == "held"
    assert home.deliver(mail(5) + b"x" * 500_000 + b"a" * 500_000 + b"\n")["verdict"] == "new"
    found = home.json("list", "--all")
    assert [(each["title"], each["queue"], each["state"], each["priority"], each["articles"]) for each in found] == [
        ("Printer 2", "Sales", "new", "very-low", 1),
        ("HTTP on web1", "Support", "closed successful", "normal", 3),
        ("HTTP on web2", "Support", "open", "normal", 1),
        ("Printer 5", "Support", "new", "normal", 1),
    ]  # fmt: skip
    assert [each["verdict"] for each in home.json("mail", "list")] == ["held"]
    home.run("fsck")

    other = tmp_path / "other.toml"
    now = home.run("policy", "show")
    other.write_text(now.replace('name = "spam"', 'name = "junk"').replace("set.hold", "set.drop"))
    tried = home.json("policy", "check", str(other), "--mail", str(spam(tmp_path)))
    assert [each["name"] for each in tried[0]["rules"] if each["fires"]] == ["junk"]
    (again,) = home.json("policy", "check", str(other), "--replay", "1d")
    assert (again["was"], again["would"]) == (
        {"verdict": "held", "held": "rule payroll"}, {"verdict": "dropped", "held": None},
    )  # fmt: skip


def spam(folder: Path) -> Path:
    file = folder / "spam.eml"
    file.write_bytes(mail(9, X_Spam_Flag="YES"))
    return file
