"""What mail programs say of themselves, in the words they really use, by language.

Three tables: vacation mail (row A11), delivery reports in prose and the signs of a returned mail (row A2). They are
plain phrases and no regular expressions: nothing to compile in a process that reads one mail, and nothing that a
hostile mail could slow down. `fold` makes text and table comparable.
"""

from __future__ import annotations

import unicodedata
from functools import cache

_PLAIN = {"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‐": "-"}


def fold(text: str) -> str:
    """Text as it is compared: no case, accents or typographic marks, runs of white space as one blank."""
    if not text.isascii():
        for mark, plain in _PLAIN.items():
            text = text.replace(mark, plain)
        text = unicodedata.normalize("NFKD", text.casefold())
        for accent in filter(unicodedata.combining, set(text)):  # a few: quicker than to look at every character
            text = text.replace(accent, "")
    return " ".join(text.casefold().split())


@cache
def table(text: str) -> tuple[str, ...]:
    """The phrases of a table below, folded. One line may hold several, between bars."""
    phrases = map(str.strip, fold(text.replace("\n", "|")).split("|"))  # folded at once: phrase by phrase takes 1 ms
    return tuple(dict.fromkeys(filter(None, phrases)))


# Row A11: what a vacation subject is made of; the whole subject, or in front of a colon, a bracket, a date.
AWAY = """
automatic reply | automatic response | automatic answer | automatic email reply | automatic e-mail reply
automated reply | automated response | automated answer | automated message | auto reply | auto-reply | autoreply
auto replied | auto response | auto-response | autoresponse | autorespons | auto respond | autoresponder
auto-responder | auto responder | auto answer | autoanswer | auto-generated reply | automatically generated reply
automatic acknowledgement | automatic acknowledgment | auto acknowledgement | auto-acknowledgement | out of office
out of the office | out-of-office | out of office autoreply | out of office auto-reply | out of office auto reply
out of office reply | out of office response | out of office notification | out of office notice
out of office message | out of office automatic reply | out of office automatic response | out of office alert
out of the office autoreply | out of the office reply | out of the office notification | out-of-office reply
out-of-office autoreply | out-of-office message | out-of-office response | ooo | ooto | away from office
away from the office | away from my office | away from my desk | away from my mail | away from my email
away from my e-mail | away notification | away message | absence notification | currently away | vacation reply
vacation response | vacation message | vacation notice | vacation notification | vacation autoreply
vacation auto-reply | vacation auto reply | holiday autoreply | holiday notification | on vacation | on holiday
on holidays | on leave | on annual leave | annual leave | on maternity leave | on parental leave | on sick leave
automatische antwort | automatische rückantwort | automatische rückmeldung | automatische e-mail-antwort
automatische email-antwort | automatische antwortmail | automatische nachricht | automatische abwesenheitsnotiz
automatische abwesenheitsmeldung | automatische abwesenheitsnachricht | automatische abwesenheitsbenachrichtigung
automatische eingangsbestätigung | automatische empfangsbestätigung | automatisierte antwort | autom. antwort
automatisch generierte antwort | automatisch erstellte antwort | autoantwort | auto-antwort | abwesenheitsnotiz
abwesenheitsnachricht | abwesenheitsmeldung | abwesenheitsmitteilung | abwesenheitsbenachrichtigung | abwesenheitsinfo
abwesenheitshinweis | abwesenheitsantwort | abwesenheitsagent | abwesenheitsassistent | abwesenheit | abwesend
außer haus | nicht im büro | urlaubsnotiz | urlaubsmeldung | urlaubsnachricht | urlaubsbenachrichtigung | im urlaub
réponse automatique | réponse automatique d'absence | réponse automatisée | accusé de réception automatique
réponse d'absence | message automatique | message d'absence | message automatique d'absence
message d'absence du bureau | absence du bureau | absent du bureau | absente du bureau | absent(e) du bureau
réponse automatique d'absence du bureau | notification d'absence | avis d'absence | gestionnaire d'absence
gestionnaire d'absence du bureau | répondeur automatique | hors du bureau | réponse automatique: absence
auto-réponse | en congé | en congés | en vacances | automatisch antwoord | automatisch antwoordbericht
automatische beantwoording | automatische reactie | automatisch bericht | afwezigheidsbericht | afwezigheidsmelding
afwezigheidsassistent | afwezigheid | afwezig | niet aanwezig | niet op kantoor | buiten kantoor | vakantiebericht
vakantiemelding | op vakantie | met vakantie | risposta automatica | risposta automatica per assenza | autorisposta
risponditore automatico | messaggio automatico | messaggio di assenza | notifica di assenza | avviso di assenza
fuori sede | fuori ufficio | assenza dall'ufficio | assente dall'ufficio | assenza | assente | in ferie
respuesta automática | respuesta automatica por ausencia | contestación automática | autorespuesta | auto-respuesta
autorrespuesta | contestador automático | mensaje automático | mensaje de ausencia | aviso de ausencia
notificación de ausencia | respuesta de vacaciones | fuera de la oficina | fuera de oficina | ausente de la oficina
ausencia | de vacaciones | resposta automàtica | fora de l'oficina | erantzun automatikoa | resposta automática
mensagem automática | mensagem de ausência | resposta de ausência | aviso de ausência | notificação de ausência
ausência temporária | ausente do escritório | fora do escritório | fora da empresa | ausência | de férias | em férias
autosvar | auto-svar | automatsvar | automatiskt svar | automatiskt meddelande | automatisk svar | automatisk besked
automatisk melding | frånvaromeddelande | frånvarobesked | frånvaro | frånvarande | ej på kontoret | inte på kontoret
inte på plats | semestermeddelande | på semester | ikke til stede | ikke på kontoret | ude af kontoret
fraværsmeddelelse | fraværsbesked | fraværsmelding | fraværsassistent | fravær | feriebesked | feriemelding | på ferie
sjálfvirkt svar | automaattinen vastaus | automaattivastaus | automaattinen poissaoloviesti | poissaoloviesti
poissaoloilmoitus | poissa toimistosta | poissa | lomaviesti | lomalla | automaatvastus | automaatne vastus
automātiska atbilde | automātiskā atbilde | automatinis atsakymas | odpowiedź automatyczna | automatyczna odpowiedź
autoodpowiedź | poza biurem | nieobecność | nieobecność w biurze | informacja o nieobecności | jestem na urlopie
automatická odpověď | automatická odpoveď | mimo kancelář | mimo kancelárie | nepřítomnost | neprítomnosť
oznámení o nepřítomnosti | v nepřítomnosti | automatikus válasz | automatikus válaszüzenet | házon kívül
irodán kívül | távolléti üzenet | távollét | szabadságon | automatski odgovor | odsutan | samodejni odgovor
odsotnost | răspuns automat | mesaj automat | în afara biroului | absent din birou | otomatik yanıt | otomatik cevap
otomatik yanit | ofis dışında | ofis dışı | αυτόματη απάντηση | εκτός γραφείου | автоответ | автоответчик
автоматический ответ | автоматическое сообщение | автоматичний відповідь | автоматична відповідь | автовідповідь
автоматичен отговор | аутоматски одговор | нет на месте | вне офиса | отсутствие на рабочем месте
отсутствую на рабочем месте | отсутствие | в отпуске | уведомление об отсутствии | відсутність | у відпустці
自動応答 | 自動返信 | 自動返信メール | 自動応答メール | 自動送信メール | 不在通知 | 不在 | 不在のお知らせ | 不在連絡
休暇中 | 休暇のお知らせ | 外出中 | 自动答复 | 自动回复 | 自动应答 | 自動回覆 | 自動答覆 | 自動回信 | 不在办公室
不在辦公室 | 外出 | 休假 | 休假中 | 자동 회신 | 자동 응답 | 자동회신 | 자동응답 | 자동 답장 | 부재중 | 부재 중
부재 알림 | 부재 중 알림 | رد تلقائي | الرد التلقائي | خارج المكتب | תשובה אוטומטית | מענה אוטומטי | מחוץ למשרד
ตอบกลับอัตโนมัติ | การตอบกลับอัตโนมัติ | trả lời tự động | thư trả lời tự động | balasan otomatis | jawaban otomatis
स्वचालित उत्तर | स्वतः उत्तर | yahoo! auto response | mail auto response | auto-reply message | vacation responder
"""

# Of these the words that tell where somebody is, and name no answer: a question behind them is a person's.
AWAY_STATE = """
on vacation | on holiday | on holidays | on leave | on annual leave | annual leave | on maternity leave
on parental leave | on sick leave | currently away | ooo | ooto | abwesenheit | abwesend | außer haus | nicht im büro
im urlaub | hors du bureau | en congé | en congés | en vacances | afwezigheid | afwezig | niet aanwezig
niet op kantoor | buiten kantoor | op vakantie | met vakantie | fuori sede | fuori ufficio | assenza | assente
in ferie | fuera de la oficina | fuera de oficina | ausencia | de vacaciones | ausência | de férias | em férias
fora do escritório | fora da empresa | frånvaro | frånvarande | på semester | ikke til stede | ikke på kontoret
fravær | på ferie | poissa | lomalla | poza biurem | nieobecność | nepřítomnost | neprítomnosť | távollét
szabadságon | házon kívül | odsutan | odsotnost | ofis dışında | нет на месте | вне офиса | отсутствие | в отпуске
відсутність | у відпустці | 不在 | 休暇中 | 外出中 | 外出 | 休假 | 休假中 | 부재중 | 부재 중
"""

# Row A11: a subject that begins like this is one, whatever follows.
AWAY_SENTENCE = """
i am out of the office | i'm out of the office | i am out of office | i'm out of office | i am currently out of
i'm currently out of | i will be out of the office | i'll be out of the office | i am away from | i'm away from
i am on vacation | i'm on vacation | i am on holiday | i'm on holiday | i am on leave | i'm on leave
i am on annual leave | i'm on annual leave | currently out of the office | currently out of office
out of office autoreply | ich bin im urlaub | ich bin nicht im büro | ich bin abwesend | ich bin zur zeit nicht
ich bin derzeit nicht im | ich bin außer haus | bin im urlaub | bin nicht im büro | je suis absent | je suis en congé
je suis en vacances | je suis actuellement absent | je suis actuellement en congé | ik ben afwezig
ik ben met vakantie | ik ben op vakantie | ik ben niet aanwezig | ik ben niet op kantoor | sono in ferie
sono fuori ufficio | sono assente | sono fuori sede | estoy fuera de la oficina | estoy de vacaciones | estoy ausente
estou de férias | estou fora do escritório | estou ausente | jag är på semester | jag är inte på kontoret
jeg er på ferie | jeg er ikke på kontoret | jeg har ferie | olen lomalla | olen poissa | jsem na dovolené
nejsem v kanceláři | jestem na urlopie | jestem poza biurem | szabadságon vagyok | я в отпуске | я нахожусь в отпуске
"""

# Row A11: Lotus Notes writes "Anna Smith/DE/Acme is out of the office." and may add "(returning 02.05.2024)".
AWAY_PREDICATE = """
is out of the office | is out of office | is currently out of the office | is away from the office | is on vacation
will be out of the office | is on annual leave | is on holiday | ist außer haus | ist nicht im büro | ist im urlaub
ist abwesend | ist nicht im hause | est absent | est absente | est absent(e) | est absent du bureau
est absent(e) du bureau | est en congé | est en congés | est en vacances | no está en la oficina
está fuera de la oficina | está de vacaciones | está ausente | è fuori ufficio | è fuori sede | è assente | è in ferie
está ausente do escritório | não está no escritório | está de férias | is niet op kantoor | is afwezig
is niet aanwezig | är inte på kontoret | är på semester | är ej på kontoret | er ikke på kontoret | er på ferie
on poissa toimistosta | on lomalla | ei ole toimistossa | jest poza biurem | není v kanceláři | nincs az irodában
は不在です | さんは不在です
"""

# Text of a vacation mail or of a challenge: with a null sender it is `auto`, even where it gives our mail back.
AWAY_TEXT = """
out of the office | out of office | on vacation | on annual leave | on holiday | on leave | away from my mail
limited access to e | no access to my e | will return on | will be back on | back in the office | nicht im büro
im urlaub | außer haus | bin abwesend | nicht erreichbar | absent du bureau | en congé | actuellement absent
serai absent | suis absent | fuera de la oficina | de vacaciones | in ferie | fuori ufficio | sono assente
op vakantie | niet op kantoor | ben afwezig | på semester | inte på kontoret | på ferie | ikke på kontoret | de férias
fora do escritório | lomalla | na urlopie | poza biurem | на отпуск | в отпуске | 不在 | 休暇 | 休假 | 外出
please confirm your message | confirm your e-mail | verify that you are | verify your email address
verify that a human | prove that you are human | challenge | to release your message | waiting to be delivered until
your message is being held | has been held | click the link below to have your message delivered
to complete this verification | spam arrest | boxbe | sender verification | confirmation process
your message requires confirmation | reply to this message to confirm | we have received your
thank you for contacting | thank you for your message | thank you for your email | thank you for your e-mail
vielen dank für ihre | nous avons bien reçu votre | hemos recibido su
"""

# Row A2: how the subject of a delivery report begins.
FAILED_SUBJECT = """
undeliver | undelivered mail returned to sender | undeliverable | non deliver | non-deliver | nondeliver
not delivered | delivery status notification | delivery notification | delivery status | delivery fail
delivery has failed | delivery report | delivery error | delivery delay | delivery problem | delivery incomplete
delivery attempt | delayed mail | delayed delivery | delayed: | delayed message | failure notice | failure delivery
failed delivery | failed mail | failed to deliver | failed: | mail delivery | mail deliver | mail failure
mail failed | mail error | mail status | mail system error | mail could not be delivered | mail not delivered
mail returned | mail undeliverable | mail rejected | mailer error | returned mail | returned message | returned e-mail
returned email | return mail | returned to sender | returned: | returned due to | message delivery | message deliver
message not delivered | message not sent | message undeliverable | message status | message could not be delivered
message returned | message rejected | message delayed | message you sent | **message you sent blocked
message blocked | e-mail delivery | email delivery | email bounce | bounce | bounced | automatic bounce
automatically rejected mail | warning: message | warning: could not send | warning: mail | warning: delayed
warning - delayed | warning message delayed | could not deliver | couldn't deliver | unable to deliver
unable to send | cannot deliver | can't deliver | cannot send message | could not send message
your message could not | your message was not | your email could not | your mail could not
your message has been delayed | your message to | sorry, your message | rejected: | rejected mail
message from the mail system | notice: mail delivery | notification of failed | user unknown | unknown user
nonexistent user | invalid recipient | mailbox full | postmaster notify | postfix smtp server: errors | smtp error
smtp delivery | system error | ndn: | ndr: | dsn: | mta-blocked | virus found | banned file | unzustellbar
unzustellbare | nicht zustellbar | nicht zugestellt | zustellung | zustellungs | zustellfehler | zustell
fehlgeschlagene | fehler bei der zustellung | fehler beim versand | mail konnte nicht | e-mail konnte nicht
nachricht konnte nicht | ihre nachricht konnte nicht | übermittlung fehl | rückläufer | versand fehlgeschlagen
sendefehler | verzögerte | non remis | non distribu | non délivr | non livr | message non | courrier non | mail non
échec de | échec d' | erreur de livraison | erreur de remise | avis de non | rapport de non | retour de courrier
retour à l'expéditeur | notification d'état de remise | notification de non | votre message n'a pas
impossible de remettre | impossible de distribuer | courriel non | no se puede entregar | no se pudo entregar
no se ha podido entregar | no entregado | no entregable | mensaje no | correo no | correo devuelto | mensaje devuelto
devuelto | devolución de | error en la entrega | error de entrega | error al entregar | fallo en la entrega
fallo de entrega | notificación de estado de entrega | notificación de entrega | su mensaje no | non recapitabile
non recapitato | mancato recapito | mancata consegna | messaggio non | posta non | mail non recapitata
errore di consegna | errore nella consegna | consegna non riuscita | recapito non riuscito | avviso di mancata
avviso di mancato | notifica dello stato | notifica stato | não entregue | não é possível entregar
não foi possível entregar | não foi entregue | falha na entrega | falha no envio | erro na entrega | erro de entrega
mensagem não | mensagem devolvida | email não entregue | notificação de status de entrega | notificação de estado
não é possível | no ha estat | no es pot lliurar | onbestelbaar | onbezorgbaar | niet te bezorgen | niet bezorgd
niet afgeleverd | mislukte | bezorging | bezorg | aflevering mislukt | melding van mislukte | uw bericht kon niet
retour afzender | det går inte att leverera | kan inte leverera | går inte att leverera | ej levererat
ej levererbart | oleverer | oleverbar | olevererbart | leverans | meddelandet kunde inte | returnerad
kan ikke leveres | kan ikke levere | ikke leveret | ikke levert | uleverbar | uleveret | ulevert | leverings
levering | kunne ikke lever | meldingen kunne ikke | returneret | returnert | ei voi toimittaa | ei toimitettu
ei voitu toimittaa | toimitus | toimittaminen | perille toimit | viestiä ei | óafhendanlegt | nie można dostarczyć
niedostarcz | nie dostarczono | nie doręczono | zwrot | błąd dostar | błąd doręcz | raport o stanie
powiadomienie o stanie | wiadomość nie | wiadomość zwrócona | nelze doručit | nedoručit | nedoručen | vrácen
zpráva nebyla | doručení | nedorucen | nedoručiteľn | kézbesíthetetlen | nem kézbesíthető | sikertelen kézbesítés
kézbesítési | kézbesítés | nelivrabil | nelivrat | nu poate fi livrat | mesaj nelivrat | nije isporučeno | neisporuč
nedostavlj | ni bilo mogoče dostaviti | teslim edilemedi | teslim edilemeyen | iletilemedi | teslimat | gönderilemedi
δεν παραδόθηκε | δεν είναι δυνατή η παράδοση | μη παραδοτέο | αδύνατη η παράδοση | αποτυχία | недоставлен
не доставлен | не удается доставить | не удаётся доставить | не удалось доставить | невозможно доставить | недоставк
ваше сообщение не | сообщение не | письмо не | ошибка доставки | возврат | уведомление о недоставке
уведомление о состоянии доставки | не вдалося доставити | не доставлено | помилка доставки | недоставима | 不達
配信不能 | 配信不可 | 配信エラー | 配信できません | 配信に失敗 | 配信失敗 | 配信状況 | 配信状態 | 配送不能
配送エラー | 送信エラー | 送信できません | 送信失敗 | 送信不能 | 未配達 | 未配信 | メールエラー | エラーメール
エラー通知 | メール送信エラー | メール配信 | 宛先不明 | 送信者に返送 | 返送 | 退信 | 系统退信 | 邮件退回 | 邮件退信
邮件投递失败 | 邮件发送失败 | 无法投递 | 无法送达 | 未送达 | 未传递 | 投递失败 | 投递状态 | 传递状态通知 | 邮件传递
退件 | 系統退信 | 無法傳遞 | 無法投遞 | 未傳遞 | 傳遞狀態 | 郵件退回 | 郵件傳遞 | 寄件失敗 | 배달되지 않음 | 배달 실패
배달 상태 알림 | 배달할 수 없음 | 반송 | 메일 반송 | 전송 실패 | 발송 실패 | 전달되지 | 발신 실패 | غير قابل للتسليم
تعذر التسليم | تعذر تسليم | لم يتم التسليم | إشعار حالة التسليم | לא ניתן למסירה | לא ניתן למסור | לא נמסר
ไม่สามารถส่ง | ส่งไม่ได้ | không gửi được | không thể gửi | không thể chuyển | tidak terkirim | gagal terkirim
pemberitahuan status pengiriman
niedostarczalne | toimitus ei | nekézbesíth | kézbesítetlen | banned contents | banned ( | bad header | virus in
virus (
virus detected | virus alert | warning: e-mail virus | content violation | spam from you | considered unsolicited
relayed: | delivered: | expanded: | zugestellt: | weitergeleitet: | remis: | relayé: | entregado: | retransmitido:
recapitato: | inoltrato: | entregue: | afgeleverd: | levererat: | leveret: | email rejected | e-mail rejected
permanent error | permanent delivery | повідомлення не | mesajınız iletilemedi | ההודעה לא | retur:
din mail kunne ikke
avviso di non | accettazione non | anomalia messaggio | fehlermeldung zu ihrer | sendebericht | unzugestellt
mail-fehler | your e-mail to | your email to | e-mail not delivered | email not delivered | fax transmission failed
"""

# Subjects that servers write and nobody else: from a server's account nothing more is needed.
WHOLE_SUBJECT = """
undelivered mail returned to sender | mail delivery failed: returning message to sender | returned mail: see transcript
delivery status notification (failure) | delivery status notification (delay) | failure notice | mail delivery failure
mail system error - returned mail | delivery notification: delivery has | warning: could not send message for past
"""

# The same words, which in these scripts stand anywhere in a subject: "来自QQ邮箱的退信".
FAILED_WITHIN = """
退信 | 退回通知 | お届けできません | 送信できません | 送信エラー | 配信できません | 届けられません | 配信エラー
宛先不明 | 반송 | 전송 실패
"""

# Row A2: how the text of a report begins, whoever signs it ("&": and goes on with, soon). People who write on a bounce
# begin with words of their own.
FORMS = """
your message & was not delivered to: | your message & did not reach the following recipient
your document: & because:
your message & could not be delivered because of | your message did not reach some or all of the intended recipients
your message & cannot be delivered to the following recipients: | delivery has failed to these recipients or groups
delivery to the following recipient & failed | this is an automatically generated delivery status notification
this message was created automatically by mail delivery software | this message was created automatically by & deliver
this is the mail system at host | hi. this is the qmail-send program | this report relates to a message you sent
this report relates to your message & was not delivered | the original message was received at & ---
this is a delivery status notification from | a message that you sent could not be delivered to one or more
i'm afraid i wasn't able to deliver your message to the following addresses
ihre nachricht hat einige oder alle empfänger nicht erreicht | ihre nachricht & folgende empfänger nicht erreicht
fehler bei der nachrichtenzustellung an folgende empfänger | votre message n'est pas parvenu à certains ou à tous les
échec de la remise pour | votre message & n'a pas été remis à: | su mensaje no ha llegado a algunos o a todos los
no se pudo entregar a los siguientes destinatarios o grupos | il messaggio non è stato recapitato ad alcuni o a tutti
recapito non riuscito per i seguenti destinatari o gruppi | falha na entrega para estes destinatários ou grupos
uw bericht heeft enkele of alle geadresseerden niet bereikt
"""

# Row A2: a complaint in prose (RFC 5965 section 3.1 gives the first words, and most feedback loops copy them).
COMPLAINT = """
this is an email abuse report for an email | this is a spam report for an email | this is an e-mail abuse report for
this is an abuse report for an email message | this is an automated abuse report | this is an authentication failure
[ spamcop v
"""

# Row A2: what its text says.
FAILED_TEXT = """
not be delivered | couldn't be delivered | can't be delivered | not delivered | wasn't delivered | unable to deliver
undeliver | non-deliver | delivery has failed | delivery failed | delivery to the following | delivery failure
failed to deliver | failed delivery | delivery status | returned to sender | has been returned | is being returned
returned message | not reach the following | did not reach | not able to deliver | wasn't able to deliver
was unable to send | while attempting to deliver | while trying to deliver | trying to deliver | tried to deliver
error delivering | permanent fatal error | permanent delivery error | permanent error | permanent failure
temporary failure | temporary error | transcript of session | user unknown | unknown user | no such user
unknown recipient | unknown address | unknown local | no such recipient | recipient rejected | recipient unknown
recipient not found | recipients not found | mailbox not found | mailbox unavailable | mailbox does not exist
mailbox full | mailbox is full | mailbox exceeds | quota exceeded | over quota | exceeded storage | invalid user
invalid recipient | invalid address | invalid mailbox | address not found | wasn't found at | couldn't be found
does not exist | doesn't exist | address rejected | message could not be sent | message was not sent | could not send
still being retried | will continue to try | will keep trying | will be retried | delivery delay | is delayed
been delayed | not yet been delivered | not yet delivered | message was rejected | was rejected by | been rejected
has been blocked | was blocked | hop count exceeded | too many hops | mailer-daemon | mail delivery system
mail delivery agent | mail delivery software | this is the postfix program | delivery report | bounce | host unknown
unknown host | unroutable | unrouteable | not listed in domino | remote host said | remote server | smtp error
rejected your message | relaying denied | relay access denied | access denied | unsent message | spam message rejected
failed recipient | failed address | following recipient | following address | final-recipient | nicht zugestellt
unzustellbar | nicht zustellbar | zustellung fehl | nicht zustellen | nicht übermittelt | konnte nicht an
empfänger unbekannt | postfach voll | postfach ist voll | nicht ausgeliefert | n'a pas pu être | n'ont pas pu être
n'a pu être | non remis | non distribu | pas été remis | pas été distribu | échec de la remise
impossible de remettre | impossible de distribuer | utilisateur inconnu | destinataire inconnu | adresse inconnue
boîte pleine | no se pudo entregar | no se ha podido entregar | no pudo ser entregado | no ha podido ser entregado
no ha sido entregado | no fue entregado | no entregado | error en la entrega | usuario desconocido | buzón lleno
destinatario desconocido | impossibile recapitare | non è stato recapitato | stato possibile recapitare
stato possibile consegnare | mancato recapito | non recapitabile | consegna non riuscita | utente sconosciuto
casella piena | não pôde ser entregue | não pode ser entregue | não foi entregue | falha na entrega
foi possível entregar | usuário desconhecido | caixa cheia | niet worden afgeleverd | niet worden bezorgd
niet bezorgd | niet afgeleverd | onbestelbaar | kon niet aan | onbekende gebruiker | inte levereras | inte leverera
inte leverats | ikke leveres | ikke levere | ikke leveret | ikke levert | ei voitu toimittaa | ei voi toimittaa
toimitus epäonnistui | ei pystytty toimittamaan | nie można dostarczyć | nie została dostarczona
nie mogła zostać dostarczona | niedostarcz | nie udało się dostarczyć | nebyla doručena | nelze doručit | nedoruč
podařilo doručit | nebolo možné doručiť | nem kézbesíthető | sikerült kézbesíteni | nem sikerült elküldeni
nu a putut fi livrat | teslim edilemedi | iletilemedi | δεν παραδόθηκε | δεν ήταν δυνατή η παράδοση
δεν μπόρεσε να παραδοθεί | не доставлен | может быть доставлен | удалось доставить | недоставлен
невозможно доставить | не было доставлено | вдалося доставити | пользователь не найден | 配信できません
配信されません | 配信することができません | 送信できません | 届けられません | お届けできません | 配信不能
配送できません | 配達できません | 送信に失敗 | 配信に失敗 | 宛先が見つかりません | エラーメール | 宛先不明
送信されませんでした | 无法投递 | 无法送达 | 无法传递 | 无法发送 | 未能送达 | 未送达 | 发送失败 | 投递失败 | 退信
邮箱不存在 | 用户不存在 | 無法傳遞 | 無法投遞 | 無法送達 | 寄送失敗 | 배달되지 | 배달할 수 없 | 전송 실패
존재하지 않는 | 전송하지 못 | 반송 | 전달할 수 없 | 전달되지 | 보낼 수 없 | تعذر تسليم | لم يتم تسليم | تعذر إرسال
לא נמסרה
לא ניתן למסור | לא נמסר | ไม่สามารถส่ง | không thể gửi | không gửi được | tidak dapat dikirim | gagal dikirim
recipients or groups is complete | been delivered to the following | not been delivered | iletilemedi
delivery of the email was stopped | delivery of the message was stopped | was not delivered
did not receive your message | rejected for delivery | non consegnato | errore di consegna | is mislukt | mislykkedes
nie powiodło się | nie powiodla sie | se nezdařilo | sa nepodarilo | nem sikerült a kézbesítés | kézbesítés sikertelen
не удалось доставить | сбой доставки | доставка не выполнена | 传递邮件失败 | 傳遞失敗 | 被退回 | 退回 | 投递不成功
η παράδοση απέτυχε | απέτυχε η παράδοση | epäonnistui | misslyckades | mislyktes | falha na entrega
recapito non riuscito
fehler bei der nachrichtenzustellung | konnte nicht zugestellt | échec de la remise | livrarea nu a reușit | a eșuat
"""

# A report that is not (yet) a failure: RFC 3464 section 2.3.3, "delayed".
DELAYED = """
delayed | delay) | has not yet been | still being retried | will continue to try | will keep trying | will be retried
warning: could not send message for | not yet been delivered | temporary failure report | do not need to resend
do not need to re-send | no action is required | will be attempted | will continue for | verzögert | noch nicht
retardé | retrasad | in ritardo | vertraagd | försenad | forsinket | 遅延 | 延迟 | 延遲
"""

# Which line says that a mail comes back below it: all of it, between dashes, colons and the like ("--- ... ---").
RETURNED = """
this is a copy of the message | this is a copy of your message | this is a copy of the headers | this is a copy of
below this line is a copy of | enclosed is a copy of the message | included is a copy of the message
here is a copy of | a copy of the message | below is a copy of the original message | original message follows
original message headers | original message header | original message | original mail | original mail info
message headers follow | message header follows | returned message follows | returned message | returned headers
returned mail follows | unsent message follows | unsent message below | unsent message | undelivered message follows
message text follows | message follows | the header of the original message | header of the original message
headers of the original message | the headers of the original message | headers of the message follow
text of the message | the original message follows | your original message | your message follows
the message was as follows | the following is a copy of | original mail as follows | bounced e-mail | bounced email
bounced mail | bounced message | rejected message | failed message | start of returned message
begin returned message | mail header follows | original headers | kopie der nachricht | ursprüngliche nachricht
ursprünglicher nachrichtentext | originalnachricht | es folgt eine kopie | nachfolgend die ursprüngliche
message original | message d'origine | en-têtes du message | copie du message | mensaje original
encabezados de mensajes originales | messaggio originale | mensagem original | oorspronkelijk bericht
originalmeddelande | oprindelig meddelelse | opprinnelig melding | alkuperäinen viesti | oryginalna wiadomość
původní zpráva | eredeti üzenet | исходное сообщение | оригинал сообщения | オリジナルメッセージ | 元のメッセージ
原始邮件 | 原始郵件 | 원본 메시지 | 원래 메시지
"""

# A return receipt in prose: both its subject and its text say so (RFC 8098 describes the real ones).
READ_SUBJECT = """
read: | not read: | read receipt | read-receipt | return receipt | disposition notification | message disposition
gelesen:
ungelesen | lesebestätigung | empfangsbestätigung | lu: | non lu: | accusé de lecture | confirmation de lecture
leído: | no leído: | confirmación de lectura | acuse de lectura | letto: | non letto: | ricevuta di lettura
conferma di lettura | lida: | lido: | confirmação de leitura | gelezen: | leesbevestiging | läst: | läskvitto | læst:
læsebekræftelse | lest: | lesebekreftelse | luettu: | lukukuittaus | przeczytano: | potwierdzenie odczytu | přečteno:
potvrzení o přečtení | olvasás visszaigazolása | прочитано: | уведомление о прочтении | 開封済み: | 開封確認 | 已读:
已讀: | 읽음: | message status - opened | message status - read | message status - deleted | gelöscht:
ungelesen gelöscht
deleted: | supprimé: | non letto: | eliminado: | nie przeczytano: | nepřečteno: | elolvasva: | okundu: | διαβάστηκε:
citit: | прочетено: | 既読: | 未開封で削除 | 未读: | 未讀: | 읽지 않음: | pročitano: | prebrano: | skaityta: | loetud:
"""
READ_TEXT = """
was read on | was read at | has been read | was displayed | was opened | return receipt for | receipt for the mail
was deleted without being read | been displayed | been opened | no guarantee that the message | wurde gelesen
gelesen am | wurde geöffnet
angezeigt | a été lu | a été affiché | fue leído | ha sido leído | se leyó | è stato letto | è stata letta | foi lida
is gelezen | lästes | blev læst | ble lest | luettiin | został przeczytany | byla přečtena | прочитан | 開封 | 已读
已讀 | 읽었 | ungelesen gelöscht | ohne gelesen | non è stato letto | została przeczytana | została odczytana
byla čtena
elolvasták | okundu | διαβάστηκε | a fost citit | was deleted unread | a été supprimé sans | se ha eliminado sin leer
"""

# What a mail is called: the receipt speaks of one, and not of a contract that was read.
MESSAGE = """
message | mail | nachricht | bericht | messaggio | mensaje | correo | mensagem | meddelande | meddelelse | besked
melding | viesti | wiadomo | zprava | zprávu | správa | üzenet | ileti | mesaj | сообщени | письмо | съобщение
повідомлення | メッセージ | メール | 邮件 | 郵件 | 메시지 | 메일 | μηνυμα | poruka | sporočilo | sõnum | žinut
"""
