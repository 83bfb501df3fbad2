"""Raw bytes -> Letter: total, linear in time, bounded in memory (mail-rules sections 2 and 3).

Rooms: `structure` cuts the mail into parts by offsets; `headers`, `addresses`, `parameters`, `dates`, `ids` read
fields; `transfer` and `charsets` decode; `text` and `html` give what is shown, `attachments` the rest; `kind` and
`reports` say who or what wrote; `fingerprint` is the key against doubles.
"""

from ticketctl.letter.fingerprint import fingerprint as fingerprint
from ticketctl.letter.kind import judge as judge
from ticketctl.letter.reading import decoded as decoded
from ticketctl.letter.reading import read as read
from ticketctl.letter.value import Judgement as Judgement
from ticketctl.letter.value import Letter as Letter
from ticketctl.letter.value import Ours as Ours
from ticketctl.letter.value import Part as Part
from ticketctl.letter.value import Report as Report
