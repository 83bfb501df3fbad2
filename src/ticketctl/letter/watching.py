"""Row A11: is it the mail of a program that watches something, or that says of itself that a machine wrote it?

Nagios, Zabbix, cron, mdadm and their like send no field that tells (RFC 3834 is young), but their subjects and first
words are made by a format. So two things must agree: the form of the subject, and what signs the mail or how its text
begins. People who write about such mails use the words, not the form, or write behind "Re:" and "Fwd:".
"""

from __future__ import annotations

import re
from functools import cache

from ticketctl.letter import wording
from ticketctl.letter.value import Letter
from ticketctl.letter.wording import fold

_SUBJECT_LIMIT = 300  # characters
_OPENING_LIMIT = 1_500  # characters of text
_SAYS_SO_LIMIT = 160  # folded characters in which it must say that a machine wrote it

# Accounts that programs send from; a person who had one would have a name, too.
_PROGRAMS = frozenset((
    "nagios", "naemon", "icinga", "icinga2", "zabbix", "monit", "munin", "cacti", "alertmanager", "prometheus",
    "grafana", "logcheck", "logwatch", "fail2ban", "smartd", "smartmontools", "mdadm", "apcupsd", "cron", "crond",
    "anacron", "rkhunter", "chkrootkit", "sensu", "checkmk", "check_mk", "check-mk", "prtg", "observium", "librenms",
    "ossec", "ossecm", "wazuh", "pingdom", "uptimerobot", "statuscake", "tripwire", "samhain", "backuppc", "bacula",
    "bareos", "opennms", "centreon", "shinken", "netdata", "kapacitor", "telegraf", "zenoss", "xymon", "opsview",
    "buildbot", "asterisk", "freepbx", "unattended-upgrades", "apticron", "cron-apt", "arpwatch", "suricata",
    "denyhosts", "vzdump", "proxmox", "idrac", "ipmi", "megaraid", "truenas", "freenas", "unraid",
))  # fmt: skip
# The form of a subject (folded): what stands in it, which spares most subjects the regular expression; the form; and
# what must agree with it: an account or a name in From, or words of the text, if the form alone could be a person's.
_ALONE = ""
_FORMS: tuple[tuple[str, str, str], ...] = (
    (" alert: ", r"\*\* \w+ (?:service|host) alert: .{1,200} is [\w ]{2,30} \*\*$", _ALONE),  # Nagios
    (" alert: ", r"(?:down|up) alert: .{1,200} is (?:down|up)$", _ALONE),  # Pingdom
    (" is ", r"\[\w+\] .{1,200} is (?:up|down|ok|warning|critical|unknown|unreachable)!?$",
     "icinga|nagios|notification type:"),
    (" - ", r"(?:problem|recovery|acknowledgement|flapping\w{0,8}|downtime\w{0,8}) - .{1,200} is ",
     "icinga|nagios|notification type:"),
    (": ", r"(?:updated )?(?:problem|resolved|ok|event|discovery)\b.{0,40}: ",
     "problem name:|original problem id:|trigger status:"),  # Zabbix
    ("cron <", r"cron <[^<>\s]{1,80}@[^<>\s]{1,80}> ", "cron daemon|root@|cron@|crond"),
    ("anacron job '", r"anacron job '", "anacron"),
    ("[fail2ban] ", r"\[fail2ban\] [^:]{1,60}: (?:banned|started|stopped|unbanned)\b", _ALONE),
    ("smart error (", r"smart error \([^)]{1,60}\) detected on host: ", _ALONE),
    (" event on /dev/md", r"(?:degradedarray|fail\w{0,5}|spare\w{1,7}|device\w{1,12}|newarray|movespare|rebuild\w*) ",
     _ALONE),  # mdadm
    ("logwatch for ", r"logwatch for .{1,100}\(", _ALONE),
    (":", r"\S{1,200} \d{4}-\d\d-\d\d \d\d:\d\d (?:system events|security events|attack alerts)$", _ALONE),  # logcheck
    (" package update(s) for ", r"\d{1,5} \w+ package update", _ALONE),  # apticron
    ("upgrades result for ", r"unattended[- ]upgrades result", _ALONE),
    ("aide report for ", r"(?:daily )?aide report", "automated report|aide "),
    ("security information for ", r"\*\*\* security information for .{1,100} \*\*\*$", _ALONE),  # sudo
    ("monit alert -- ", r"monit alert", _ALONE),
    ("[firing:", r"\[firing:\d", _ALONE),  # Prometheus, Grafana of today
    ("[resolved:", r"\[resolved:\d", _ALONE),
    ("] ", r"\[(?:alerting|ok|no data|nodata|pending)\] ", "grafana"),
    ("monitor is ", r"(?:your )?monitor is (?:down|up|back up): ", "the monitor |uptime"),
    ("ups ", r"(?:\S{1,100} )?ups \S{1,100} (?:power failure|on battery|on line|power is back|battery|communication)",
     "apcupsd|ups |nut"),
    ("output from your job ", r"output from your job \d{1,9}$", _ALONE),  # at(1)
    ("check_mk: ", r"check_mk: \S{1,200} .{1,100} -> ", _ALONE),
    ("vzdump backup status ", r"vzdump", _ALONE),
    ("jenkins", r"build failed in jenkins|jenkins build is ", _ALONE),
    ("[rkhunter] ", r"\[rkhunter\] ", _ALONE),
    (" notification - ", r"(?:ossec|wazuh) notification - ", _ALONE),
    ("zfs device fault ", r"zfs device fault for pool ", _ALONE),
    ("apt-listchanges: ", r"apt-listchanges: (?:news|changelogs) for ", _ALONE),
    ("] [", r"\[[^]]{1,100}\] \[\W{0,4}(?:down|up)\] ", _ALONE),  # Uptime Kuma
    ("lfd on ", r"lfd on \S{1,200}: ", _ALONE),  # ConfigServer
)  # fmt: skip
_REPLY = ("re:", "aw:", "fw:", "fwd:", "wg:", "sv:", "vs:", "antw:", "tr:", "rv:", "i:", "r:", "odp:", "rif:")

_ORNAMENTS = " *#=_->[]()\u203b\u25a0\u2605\u3010\u3011"
_SENTENCE = r"[.!,;:] |\*\*|--|==|[\u3002\uff01\uff0c\u3001\uff1a,]"

# Without one of these nothing below can stand in a text; in most texts the first few alone could.
_STEMS = ("autom", "auto-gen", "autogen", "system gen", "system-gen", "was generated by", "otomatik")
_FAR_STEMS = """
автомат | αυτόμα | 自动 | 自動 | システム | 자동 | 발신전용
"""

# The text says so of itself, at once.
SAYS_SO = """
this is an automatically generated | this is an automatically sent | this is an auto-generated
this is an autogenerated | this is an automatic message | this is an automatic reply | this is an automatic response
this is an automatic mail | this is an automatic email | this is an automatic e-mail | this is an automatic notif
this is an automatic confirmation | this is an automated message | this is an automated reply
this is an automated response | this is an automated mail | this is an automated email | this is an automated e-mail
this is an automated notif | this is an automated confirmation | this is an automated report
this is an automated alert
this is an automated acknowledg | this is an automated system | this is a system generated
this is a system-generated
this message was generated by the | this message was automatically | this message was generated automatically
this message has been automatically | this message is automatically | this message is generated automatically
this email was automatically | this email was generated automatically | this email has been automatically
this e-mail was automatically | this e-mail was generated automatically | this e-mail has been automatically
this email is automatically | this e-mail is automatically | this mail was automatically | this mail was generated by
this notification was automatically | automated message, please do not reply | automatically generated message
dies ist eine automatisch | diese e-mail wurde automatisch | diese email wurde automatisch
diese nachricht wurde automatisch | diese mail wurde automatisch | diese meldung wurde automatisch
ceci est un message automatique | ceci est un courriel automatique | ceci est un e-mail automatique
ce message a été généré automatiquement | ce message est généré automatiquement | ce message automatique
cet e-mail a été généré automatiquement | cet email a été généré automatiquement
este es un mensaje automático | este es un correo automático | este es un mensaje generado automáticamente
este mensaje ha sido generado automáticamente | este correo ha sido generado automáticamente
questo è un messaggio automatico | questa è una mail automatica | questa è un'email automatica
questo messaggio è stato generato automaticamente | messaggio generato automaticamente
esta é uma mensagem automática | este é um e-mail automático | esta mensagem foi gerada automaticamente
dit is een automatisch | dit bericht is automatisch | deze e-mail is automatisch | deze mail is automatisch
detta är ett automatiskt | detta meddelande har skapats automatiskt | det här är ett automatiskt
dette er en automatisk | denne mail er automatisk | denne e-mail er automatisk | denne e-posten er automatisk
tämä on automaattinen | tämä viesti on luotu automaattisesti | tämä on automaattisesti
ta wiadomość została wygenerowana automatycznie | to jest wiadomość automatyczna | to jest automatyczna
wiadomość wygenerowana automatycznie | ta wiadomość jest generowana automatycznie | toto je automaticky
tato zpráva byla vygenerována automaticky | tento e-mail byl vygenerován automaticky
táto správa bola vygenerovaná automaticky | ez egy automatikus | acesta este un mesaj automat
acest mesaj a fost generat automat | bu otomatik | bu e-posta otomatik | bu mesaj otomatik
это автоматическое | это письмо создано автоматически | это письмо сформировано автоматически
данное письмо сформировано автоматически | это сообщение создано автоматически
это сообщение сформировано автоматически | данное сообщение сформировано автоматически | це автоматичне
цей лист створено автоматично | αυτό είναι ένα αυτόματο | このメールは自動 | 本メールは自動 | このメールはシステム
このメッセージは自動 | 本メールはシステム | 此邮件由系统自动 | 本邮件由系统自动 | 此邮件为系统自动 | 系统自动发送
这是一封自动 | 本郵件由系統自動 | 此郵件由系統自動 | 這是一封自動 | 이 메일은 자동 | 본 메일은 자동
본 메일은 발신전용
이 메시지는 자동
"""


def watches(letter: Letter) -> bool:
    """Is it a monitoring program's, a scheduler's, or a mail whose first words say that a machine wrote it? Linear."""
    subject = " ".join(letter.subject[:_SUBJECT_LIMIT].lower().split())
    if subject.startswith(_REPLY):
        return False
    return _by_form(letter, subject) or _by_account(letter) or _says_so(letter)


def _by_form(letter: Letter, subject: str) -> bool:
    for within, form, signs in _FORMS:
        if within in subject and re.match(form, subject):
            return not signs or any(sign in _signed(letter) for sign in signs.split("|"))
    return False


def _by_account(letter: Letter) -> bool:
    """A program's account, with no other name beside the address than its own."""
    address = (letter.author.address or "")[:320].lower()
    account = address.partition("@")[0]
    if account not in _PROGRAMS:
        return account == "listserv" and "list server at" in fold(letter.claimed[:320])
    name = fold((letter.author.name or "")[:100])
    return not name or any(word in _PROGRAMS for word in re.findall(r"[\w-]{2,40}", name)) or name == account


def _says_so(letter: Letter) -> bool:
    """Does one of its first sentences say so, and none of them ask?"""
    begin = fold(letter.text[: 2 * _SAYS_SO_LIMIT])[:_SAYS_SO_LIMIT]
    stems = _STEMS if begin.isascii() else (*_STEMS, *wording.table(_FAR_STEMS))
    if "?" in begin or "\uff1f" in begin or not any(stem in begin for stem in stems):
        return False
    said = _said()
    return any(sentence.lstrip(_ORNAMENTS).startswith(said) for sentence in re.split(_SENTENCE, begin)[:4])


@cache
def _said() -> tuple[str, ...]:
    return wording.table(SAYS_SO)


def _signed(letter: Letter) -> str:
    """Who signs it, and the first words of its text."""
    return f"{letter.claimed[:320]} {letter.text[:_OPENING_LIMIT]}".casefold()
