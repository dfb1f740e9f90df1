"""Every way in which something can end, as one table that logs, SMTP replies, DSNs, retry and docs all read.

Columns: the code a person can search for, what to do next (disposition), the SMTP reply code when it is said in the
dialogue, the enhanced status of RFC 3463, one plain sentence, and what to do about it.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Disposition(StrEnum):
    """What an outcome means for the job."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One row of the table."""

    code: str
    disposition: Disposition
    smtp_code: int
    status: str
    sentence: str
    advice: str


_D, _R, _F, _U = Disposition.DELIVERED, Disposition.RETRY, Disposition.FAILED, Disposition.UNCERTAIN


class Outcome(Enum):
    """The table. Members compare by identity; `Outcome.of(code)` finds one by its code."""

    # fmt: off
    # -- the call was made and ended well
    DELIVERED = OutcomeRow("delivered", _D, 250, "2.1.5", "Every page was confirmed by the far machine.", "Nothing to do.")
    DELIVERED_INSIDE = OutcomeRow("delivered-inside", _D, 250, "2.1.5", "The number is one of this gateway's own, so the fax was put into its mailbox without a call.", "Nothing to do.")
    RECEIVED = OutcomeRow("received", _D, 250, "2.1.5", "Every page was received and confirmed.", "Nothing to do.")
    # -- the far end was not reached
    BUSY = OutcomeRow("busy", _R, 450, "4.4.5", "The number was busy.", "It is called again by itself.")
    NO_ANSWER = OutcomeRow("no-answer", _R, 450, "4.4.1", "Nobody answered.", "It is called again by itself; check that the far machine is switched on.")
    NO_DIALTONE = OutcomeRow("no-dialtone", _R, 450, "4.4.2", "The line had no dial tone.", "Check the cable and the telephone line of this modem.")
    NO_FAX = OutcomeRow("no-fax", _R, 450, "4.4.1", "The call was answered, but not by a fax machine.", "Check the number; a person or an answering machine may be there.")
    # -- the far end was reached, the fax was not (all) taken
    REMOTE_CANNOT_RECEIVE = OutcomeRow("remote-cannot-receive", _F, 550, "5.6.3", "The far machine cannot receive a fax now or in any form we can send.", "Ask its owner; it may be out of paper or set to send only.")
    NO_SUBADDRESS = OutcomeRow("no-subaddress", _F, 550, "5.3.3", "The far machine takes no subaddress, so the fax could not be sent to the one that was asked for.", "Send it to the number alone if anybody there may have it.")
    NOTHING_TO_POLL = OutcomeRow("nothing-to-poll", _F, 550, "5.3.3", "The far machine has no document that could be fetched.", "Ask its owner whether the document is there, and whether it needs a selector.")
    POLL_REFUSED = OutcomeRow("poll-refused", _F, 550, "5.7.1", "The document was not given for this selector and password.", "Check both.")
    TRAINING_FAILED = OutcomeRow("training-failed", _R, 450, "4.4.2", "The two modems could not agree on any speed.", "It is called again by itself; if it stays so, the line is too bad.")
    PAGE_REFUSED = OutcomeRow("page-refused", _R, 450, "4.4.2", "The far machine refused a page as badly received.", "It is called again by itself from that page on.")
    CALL_DROPPED = OutcomeRow("call-dropped", _R, 450, "4.4.2", "The far end hung up, or the line was cut, before the last page was confirmed.", "It is called again by itself from the first page that was not confirmed.")
    NO_RESPONSE = OutcomeRow("no-response", _R, 450, "4.4.2", "The far machine stopped answering.", "It is called again by itself from the first page that was not confirmed.")
    PROTOCOL_ERROR = OutcomeRow("protocol-error", _R, 450, "4.4.2", "The far machine answered something that T.30 does not allow there.", "It is called again by itself; the call's transcript shows what was heard.")
    CALL_TOO_LONG = OutcomeRow("call-too-long", _R, 450, "4.4.2", "The call reached its time limit and was ended.", "Send fewer pages at once, or raise the limit.")
    UNCERTAIN = OutcomeRow("uncertain", _U, 450, "4.4.2", "The last page was sent, but its confirmation was not heard: it may or may not have arrived.", "Ask the receiver before you send it again.")
    PASSED_OVER = OutcomeRow("passed-over", _U, 450, "4.4.2", "The far machine refused a page as badly received each time, and by this server's policy the fax went on without it.", "Ask the receiver whether the page can be read; machines differ in what a refusal means.")
    NOT_REACHED = OutcomeRow("not-reached", _R, 450, "4.4.5", "A call for several faxes ended before this one was begun.", "It is sent in a further call by itself.")
    CALL_REJECTED = OutcomeRow("call-rejected", _F, 550, "5.7.1", "The call was not answered: its caller is on a list of those who are not.", "Take the caller off the lists of [receive] if he is wanted.")
    NOT_A_FAX = OutcomeRow("not-a-fax", _F, 550, "5.6.3", "The caller was no fax machine, and the call was ended.", "Nothing to do; see the log for what the modem heard.")
    RESTORED = OutcomeRow("restored", _U, 450, "4.3.0", "This server was restored from a backup; the fax still waited when that was made, and may have been sent since.", "Ask the receiver before you send it again.")
    # -- our side of the call
    DIAL_REFUSED = OutcomeRow("dial-refused", _R, 450, "4.4.2", "Our modem dials this number no more for a while, since calls to it failed too often.", "It is called again by itself. Check the number; the limit is the modem's own, by the law of some countries.")
    LINE_FAULT = OutcomeRow("line-fault", _R, 450, "4.3.0", "Our modem or line failed.", "Another line or a later call is tried by itself; see the log for the line.")
    STORE_FAULT = OutcomeRow("store-fault", _R, 452, "4.3.1", "A page could not be stored on this machine.", "Free disk space on the fax server.")
    INTERRUPTED = OutcomeRow("interrupted", _R, 450, "4.3.2", "The fax server was stopped during the call.", "It is called again by itself from the first page that was not confirmed.")
    # -- never dialled
    EXPIRED = OutcomeRow("expired", _F, 550, "5.4.7", "The fax could not be sent within the time this server keeps trying.", "Send it again; if that happens twice, ask the administrator whether the telephone line is down.")
    OPTED_OUT = OutcomeRow("opted-out", _F, 550, "5.7.1", "The receiver wants no faxes of this list.", "Nothing to do; who asked for it by mistake is taken off by mailfax list optout --remove.")
    CANCELLED = OutcomeRow("cancelled", _F, 550, "5.7.0", "The job was cancelled.", "Send it again if it is wanted after all.")
    NOT_RELEASED = OutcomeRow("not-released", _F, 550, "5.4.7", "The fax was held, and nobody released it in time.", "Send it again if it is wanted after all.")
    BAD_NUMBER = OutcomeRow("bad-number", _F, 550, "5.1.3", "The address is not a fax number.", "Write the number before the @, digits only, for example 5551234@fax.lan.")
    NO_SUCH_NUMBER = OutcomeRow("no-such-number", _F, 550, "5.1.1", "The number does not fit the number plan of this domain.", "Check how many digits the number has.")
    UNKNOWN_NAME = OutcomeRow("unknown-name", _F, 550, "5.1.1", "The name is in no address book of this server.", "Write the number before the @, digits only, or ask the administrator to add the name.")
    NOT_OUR_DOMAIN = OutcomeRow("not-our-domain", _F, 550, "5.7.1", "This server does not send faxes for that domain.", "Use one of the fax domains of this server.")
    NOT_PERMITTED = OutcomeRow("not-permitted", _F, 550, "5.7.1", "You may not send faxes through this server.", "Ask its administrator to allow your network or your account.")
    DESTINATION_DENIED = OutcomeRow("destination-denied", _F, 550, "5.7.1", "You may not send faxes to that class of destination.", "Ask the administrator of this server for a rule that allows it.")
    NOT_YOUR_ADDRESS = OutcomeRow("not-your-address", _F, 553, "5.7.1", "The sender's address is not one of the user who logged in.", "Write with an address of your own, or ask the administrator to add this one to your account.")
    OVER_QUOTA = OutcomeRow("over-quota", _R, 452, "4.7.1", "What may be sent in this time has been sent.", "It can be sent when the time is over; ask the administrator if it cannot wait.")
    QUOTA_EXCEEDED = OutcomeRow("quota-exceeded", _F, 550, "5.7.1", "The fax is longer than the sender's quota allows.", "Send it in smaller parts, or ask the administrator of this server.")
    NOT_PROVED = OutcomeRow("not-proved", _F, 550, "5.7.1", "The message does not prove who sends it.", "Log in, or ask the administrator of this server how your mails can be known.")
    PROOF_WAITS = OutcomeRow("proof-waits", _R, 451, "4.7.1", "Whether the message proves who sends it cannot be found out just now.", "Try again later.")
    AUTOMATIC_MAIL = OutcomeRow("automatic-mail", _F, 550, "5.7.1", "Bounces and automatic replies are never faxed.", "Nothing to do.")
    NOT_AN_OWNER = OutcomeRow("not-an-owner", _F, 550, "5.7.1", "That fax is not yours, or there is none by that name.", "Write from the address that the fax was sent from.")
    LOOP = OutcomeRow("loop", _F, 554, "5.4.6", "The message was here before, or is one of this server's own; it is in a loop.", "Forward it as a new message, and check the rules that send mail on by themselves.")
    TOO_BIG = OutcomeRow("too-big", _F, 552, "5.3.4", "The message is larger than this server takes.", "Send fewer or smaller attachments.")
    TOO_MANY_RECIPIENTS = OutcomeRow("too-many-recipients", _R, 452, "4.5.3", "Too many recipients for one message.", "Send the rest in another message.")
    DISK_FULL = OutcomeRow("disk-full", _R, 452, "4.3.1", "The server is out of storage space.", "Try again later; the administrator has to free disk space.")
    STORE_BUSY = OutcomeRow("store-busy", _R, 451, "4.3.0", "The message could not be stored just now.", "Try again later.")
    BAD_OPTION = OutcomeRow("bad-option", _F, 554, "5.6.0", "The message asks for something that this server does not know.", "Correct the header, the tag in the subject or the suffix of the address, or leave it out.")
    BAD_COVER = OutcomeRow("bad-cover", _F, 554, "5.3.0", "The cover of the fax could not be made.", "Ask the administrator of this server; with X-Fax-Cover: none the fax goes without one.")
    LIST_UNREADABLE = OutcomeRow("list-unreadable", _R, 451, "4.3.5", "The members of the list cannot be read just now.", "Try again later; the administrator has to look at the list's file or database.")
    EMPTY_LIST = OutcomeRow("empty-list", _F, 550, "5.1.1", "Nobody on the list can be faxed.", "Ask the owner of the list; mailfax list members says why.")
    NOT_ALONE = OutcomeRow("not-alone", _F, 554, "5.5.4", "A mail to a list goes to that list alone.", "Write to other numbers and lists in mails of their own.")
    UNFAXABLE = OutcomeRow("unfaxable", _F, 554, "5.6.1", "A part of the message is of a kind that cannot be faxed.", "Send it as PDF, plain text, JPEG, PNG or TIFF.")
    UNREADABLE = OutcomeRow("unreadable", _F, 554, "5.6.5", "A part of the message could not be read.", "Open the file, save it again as PDF and send that.")
    NOTHING_TO_FAX = OutcomeRow("nothing-to-fax", _F, 554, "5.6.0", "The message has nothing that could be faxed.", "Write some text or attach a document.")
    TOO_MANY_PAGES = OutcomeRow("too-many-pages", _F, 554, "5.6.0", "The document has more pages than this server sends.", "Send it in smaller parts.")
    RENDER_LIMIT = OutcomeRow("render-limit", _F, 554, "5.6.5", "Turning the message into pages took too much time or memory.", "Save the document as a simpler PDF and send that.")
    # -- mail out
    MAIL_REFUSED = OutcomeRow("mail-refused", _F, 550, "5.0.0", "The mail server refused the message for good.", "Check the mailbox that this number is mapped to.")
    MAIL_DEFERRED = OutcomeRow("mail-deferred", _R, 450, "4.4.1", "The mail server did not take the message yet.", "It is tried again by itself.")

    # fmt: on

    @property
    def code(self) -> str:
        """Return the code a person can search for."""
        return self.value.code

    @property
    def disposition(self) -> Disposition:
        """Return what the outcome means for the job."""
        return self.value.disposition

    @property
    def smtp_code(self) -> int:
        """Return the SMTP reply code when it is said in the dialogue."""
        return self.value.smtp_code

    @property
    def status(self) -> str:
        """Return the enhanced status code of RFC 3463."""
        return self.value.status

    @property
    def sentence(self) -> str:
        """Return what happened, in one plain sentence."""
        return self.value.sentence

    @property
    def advice(self) -> str:
        """Return what to do about it."""
        return self.value.advice

    @classmethod
    def of(cls, code: str) -> "Outcome":
        """Find an outcome by its code; raises KeyError."""
        return _BY_CODE[code]

    def smtp_reply(self, detail: str = "") -> str:
        """Return the one-line SMTP reply; `detail` replaces the sentence where more is known."""
        return f"{self.smtp_code} {self.status} {detail or self.sentence} {self.advice} ({self.code})"


_BY_CODE = {outcome.code: outcome for outcome in Outcome}
