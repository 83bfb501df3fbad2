"""What mail clients write above what they quote, by language: words to look up, in lower case."""

from __future__ import annotations

REPLY = frozenset((
    "re", "aw", "antw", "antwort", "sv", "vs", "odp", "r", "rif", "res", "ynt", "ref", "回复", "回覆", "答复",
))  # fmt: skip
FORWARD = frozenset(("fw", "fwd", "wg", "tr", "rv", "enc", "i", "doorst", "pd", "vb", "vl", "転送", "转发"))

# "---------- Forwarded message ---------", without its lines; other words may follow.
FORWARDED = (
    "forwarded message", "begin forwarded message", "forwarded by", "weitergeleitete nachricht",
    "weitergeleitete mail", "weitergeleitete e-mail", "anfang der weitergeleiteten", "message transféré",
    "début du message réexpédié", "début du message transféré", "mensaje reenviado", "inicio del mensaje reenviado",
    "messaggio inoltrato", "inizio messaggio inoltrato", "doorgestuurd bericht", "begin doorgestuurd bericht",
    "mensagem encaminhada", "início da mensagem", "vidarebefordrat meddelande", "videresendt", "wiadomość przekazana",
    "przekazana wiadomość", "пересылаемое сообщение", "пересланное сообщение", "转发的邮件", "転送されたメッセージ",
)  # fmt: skip

# "-----Original Message-----", without its lines.
ORIGINAL = frozenset((
    "original message", "original mail", "original e-mail", "original appointment", "ursprüngliche nachricht",
    "ursprüngliche mail", "originalnachricht", "message d'origine", "message d’origine", "message original",
    "mensaje original", "messaggio originale", "oorspronkelijk bericht", "mensagem original", "originalmeddelande",
    "ursprungligt meddelande", "oprindelig meddelelse", "oprindelig besked", "opprinnelig melding",
    "alkuperäinen viesti", "oryginalna wiadomość", "wiadomość oryginalna", "původní zpráva", "původní e-mail",
    "eredeti üzenet", "mesaj original", "исходное сообщение", "оригінальне повідомлення", "orijinal ileti",
    "原始邮件", "原始郵件", "元のメッセージ", "원본 메시지", "αρχικό μήνυμα",
))  # fmt: skip

# The fields of a header, as clients copy it above the mail that they answer.
_FIELDS = {
    "from": "from|von|de|da|van|från|fra|lähettäjä|od|feladó|от|від|de la|gönderen|kimden|发件人|寄件者|差出人"
    "|보낸 사람|από",
    "date": "sent|date|gesendet|datum|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviada|enviada em|enviado em"
    "|fecha|data|inviato|data invio|verzonden|skickat|datum för sändning|sendt|dato|lähetetty|päivämäärä|wysłano"
    "|odesláno|odoslané|elküldve|dátum|отправлено|дата|надіслано|trimis|gönderildi|tarih|gönderme tarihi|发送时间"
    "|日期|寄件日期|送信日時|日付|보낸 날짜|날짜|στάλθηκε|ημερομηνία",
    "to": "to|an|à|a|para|aan|till|til|vastaanottaja|do|komu|címzett|кому|către|kime|alıcı|收件人|宛先|받는 사람|προς",
    "subject": "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|tárgy"
    "|тема|subiect|konu|主题|主旨|件名|제목|θέμα",
    "cc": "cc|kopie|copie|copia|kopia|kopi|kopio|копия|копія|抄送|副本|참조|bilgi",
}
ROLES = {word: role for role, words in _FIELDS.items() for word in words.split("|")}

# How "On Monday, 1 January, Anna wrote:" begins, and what it says.
START = (
    "on ", "am ", "le ", "el ", "il ", "op ", "em ", "den ", "d. ", "på ", "pe ", "w dniu ", "dnia ", "dne ", "dňa ",
    "a ", "in data ", "il giorno ", "at ", "vào ", "ngày ", "в ", "*on ", "quoting ", "zitat von ",
    *map(str, range(10)),
)  # fmt: skip
WROTE = (
    "wrote", "writes", "said", "schrieb", "schreibt", "geschrieben", "écrit", "escribió", "escribio", "ha scritto",
    "scrisse", "schreef", "geschreven", "skrev", "escreveu", "kirjoitti", "napisał", "napsal", "napísal", "pisze",
    "írta", "a scris", "писал", "пишет", "пише", "написа", "yazdı", "έγραψε", "đã viết", "写道", "寫道",
    "のメッセージ", "は書きました", "님이 작성", "quoting", "zitat von",
)  # fmt: skip

# "My answers are in your text": then nothing below it is only history.
INLINE = (
    "inline", "in-line", "in line below", "interspersed", "in red", "in blue", "in green", "see below", "answers below",
    "answer below", "comments below", "replies below", "are below", "below in", "in the text", "siehe unten", "s.u.",
    "s. u.", "im text", "unten im", "in rot", "in blau", "in grün", "weiter unten", "dans le texte", "ci-dessous",
    "ci-après", "en rouge", "en bleu", "en vert", "más abajo", "en rojo", "en azul", "en el texto", "nel testo",
    "in caps", "capitals", "highlighted", "marked", "in bold", "your text", "your mail", "your email", "your e-mail",
    "your message", "between", "in ihrem text", "in deinem text", "ihrer mail", "deiner mail", "ihrer e-mail",
    "ihrer nachricht", "zwischen", "gekennzeichnet", "markiert", "großbuchstaben", "fett", "dans votre texte",
    "dans votre mail", "dans votre message", "en majuscules", "en gras", "surligné", "en mayúsculas", "en su mensaje",
    "in rosso", "qui sotto", "di seguito", "hieronder", "in het rood", "in de tekst", "abaixo", "em vermelho", "nedan",
    "nedenfor", "w treści", "poniżej", "níže", "ниже", "нижче", "aşağıda",
)  # fmt: skip

# A greeting, where no comma ends it; and how what stands below a text begins.
GREETING = (
    "hi", "hello", "hey", "dear ", "good morning", "good afternoon", "hallo", "guten ", "sehr geehrte", "liebe", "moin",
    "servus", "grüezi", "bonjour", "bonsoir", "salut", "madame", "monsieur", "hola", "buenos ", "buenas ", "estimad",
    "buongiorno", "ciao", "salve", "gentile", "olá", "bom dia", "boa tarde", "prezad", "beste ", "geachte", "hej",
    "dzień dobry", "witam", "dobrý den", "ahoj", "здравствуйте", "добрый день", "привет", "您好", "你好",
)  # fmt: skip
CLOSING = (
    "--", "best regards", "kind regards", "warm regards", "regards", "best wishes", "cheers", "sincerely",
    "yours sincerely", "yours faithfully", "best,", "mit freundlich", "freundliche grüße", "viele grüße", "beste grüße",
    "liebe grüße", "schöne grüße", "gruß", "grüße", "mfg", "vg", "lg", "cordialement", "bien cordialement",
    "bien à vous", "sincères salutations", "saludos", "un saludo", "atentamente", "cordiali saluti", "distinti saluti",
    "saluti", "atenciosamente", "cumprimentos", "met vriendelijke", "vriendelijke groet", "groeten", "groet", "mvh",
    "med vänlig", "vänliga", "med venlig", "venlig hilsen", "hilsen", "ystävällisin", "pozdrawiam", "z poważaniem",
    "s pozdravem", "üdvözlettel", "с уважением", "sent from", "sent via", "get outlook for", "von meinem",
    "gesendet von", "gesendet mit", "envoyé de mon", "envoyé depuis", "enviado desde", "inviato da", "enviado do",
    "verstuurd vanaf", "verzonden vanaf", "skickat från", "sendt fra", "wysłane z", "отправлено с",
)  # fmt: skip
