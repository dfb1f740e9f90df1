"""The shape of the configuration file: every table and key, its type, its default, and what it means.

`docs/configuration.md` is generated from the descriptions here.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file. Unknown keys are refused, since a misspelt key is a setting that silently does nothing."""


class Smtp(_Section, frozen=True, kw_only=True):
    """[smtp]: the door for mail."""

    listen: Annotated[tuple[str, ...], Meta(description="Addresses to listen on, as host:port.", min_length=1)] = (
        "127.0.0.1:8025",
    )
    submission: Annotated[
        tuple[str, ...],
        Meta(
            description="Further addresses, for people's mail programs (port 587): STARTTLS, and a login (`mailfax user add`) for "
            "everybody outside of `allow_networks`. Needs a certificate."
        ),
    ] = ()
    submissions: Annotated[tuple[str, ...], Meta(description="The same with TLS from the start (port 465).")] = ()
    certificate: Annotated[
        Path | None,
        Meta(
            description="Certificate with its chain, PEM; STARTTLS and logins are then offered on all addresses. "
            "A renewed one is loaded by itself."
        ),
    ] = None
    key: Annotated[Path | None, Meta(description="Key of the certificate, PEM, without a password.")] = None
    hostname: Annotated[str, Meta(description="Name of this server in greetings, Received lines and reports.")] = (
        "fax.lan"
    )
    max_message_mb: Annotated[int, Meta(description="Largest mail taken, in MB; announced as SIZE.", ge=1, le=1000)] = (
        50
    )
    max_recipients: Annotated[int, Meta(description="Most fax numbers in one mail.", ge=1, le=100000)] = 1000
    timeout_s: Annotated[
        int, Meta(description="Seconds without a word from the client before the door closes.", ge=5)
    ] = 300
    max_connections: Annotated[int, Meta(description="Most clients at the same time.", ge=1)] = 200
    allow_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Client networks that may send faxes without logging in. Everybody else has to log in; an empty list means all."
        ),
    ] = ("127.0.0.0/8", "::1/128")


class Domain(_Section, frozen=True, kw_only=True):
    """[domains.NAME]: a mail domain whose local parts are fax numbers, and its number plan."""

    plan: Annotated[
        Literal["private", "e164"],
        Meta(
            description="Kind of number plan: private (any number of an allowed length, and of a range if there are any), or e164 "
            "(the public telephone network, seen from `country`)."
        ),
    ] = "private"
    lengths: Annotated[
        tuple[int, ...], Meta(description="Of a private plan: how many digits a number has.", min_length=1)
    ] = (7,)
    ranges: Annotated[
        tuple[str, ...],
        Meta(description="Of a private plan: its numbers, as for example 5550000-5559999; empty is all."),
    ] = ()
    country: Annotated[
        str, Meta(description="Of e164: the country in which numbers are read and dialled, two letters (ISO 3166).")
    ] = ""
    area_code: Annotated[
        str,
        Meta(description="Of e164: the area code, without 0 or 1 before it, that a number without one belongs to."),
    ] = ""
    dial: Annotated[
        dict[str, str],
        Meta(
            description="What is dialled in place of the beginning of a number in its canonical form; the longest that fits holds. "
            "Without one an e164 number is dialled as telephones of the country do. Lines add their `dial_prefix`."
        ),
    ] = {}
    groups: Annotated[
        tuple[str, ...],
        Meta(
            description="Groups of lines (`group` in [lines.NAME]) on which faxes of this domain may go out; empty is any."
        ),
    ] = ()
    cover: Annotated[
        str,
        Meta(
            description="Cover of faxes to this domain: none, usual, or a template of [cover]; empty is as [cover] says."
        ),
    ] = ""


class Permission(_Section, frozen=True, kw_only=True):
    """[permissions.NAME]: a rule who may send where and when. The first that fits decides; where none fits, nobody may."""

    who: Annotated[
        tuple[str, ...],
        Meta(
            description="`*` (everybody who is known), `users` (who logged in), `user:NAME`, `group:NAME`, `network:CIDR`, or `shell` "
            "(the command line).",
            min_length=1,
        ),
    ]
    to: Annotated[
        tuple[str, ...],
        Meta(
            description="Classes (internal, local, national, toll-free, international, unknown, short, premium, satellite), countries (`DE`), or beginnings "
            "of canonical numbers (`+4930`). `any` is every class but short, premium and satellite, which must be named.",
            min_length=1,
        ),
    ]
    deny: Annotated[bool, Meta(description="Whether the rule refuses instead of allowing.")] = False
    hours: Annotated[
        str,
        Meta(description="When the rule holds, for example mon-fri 08:00-18:00; empty is always. Time of [identity]."),
    ] = ""


class Receive(_Section, frozen=True, kw_only=True):
    """[receive]: where faxes go that come in."""

    catch_all: Annotated[
        str,
        Meta(
            description="Mailbox for every fax that no rule of [receive.did] names. Nothing is ever without an owner."
        ),
    ]
    did: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="Called number, or a pattern of digits with x for any digit or a * at the end, to mailboxes; the first that fits wins."
        ),
    ] = {}
    subaddress: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="Subaddress that the sender's machine signals (SUB) to mailboxes. It comes before the rules for called numbers."
        ),
    ] = {}
    allow_callers: Annotated[
        tuple[str, ...],
        Meta(
            description="Calling numbers that are always answered: digits, x for any digit, * at the end for any rest; so in the lists below."
        ),
    ] = ()
    only_allowed: Annotated[bool, Meta(description="Whether nobody else is answered.")] = False
    reject_callers: Annotated[
        tuple[str, ...], Meta(description="Calling numbers that are left ringing; the call is written down.")
    ] = ()
    reject_names: Annotated[
        tuple[str, ...],
        Meta(description="The same by the caller's name, as the network gives it; * and ? stand for any letters."),
    ] = ()
    reject_unknown: Annotated[bool, Meta(description="The same for callers of whom the network gives no number.")] = (
        False
    )


class Mail(_Section, frozen=True, kw_only=True):
    """[mail]: how mail leaves: received faxes and reports."""

    maildir: Annotated[
        Path | None, Meta(description="Folder in which every mailbox is a Maildir. Given alone, all mail goes there.")
    ] = None
    smarthost: Annotated[str | None, Meta(description="Mail server that takes our mail, as host or host:port.")] = None
    tls: Annotated[
        Literal["none", "starttls", "implicit"], Meta(description="Protection of the way to the smarthost.")
    ] = "starttls"
    user: Annotated[str | None, Meta(description="User name at the smarthost.")] = None
    password_file: Annotated[Path | None, Meta(description="File that holds the password and nothing else.")] = None
    sender: Annotated[str, Meta(description="Address that received faxes and reports come from.")] = "fax@fax.lan"
    report_delivered: Annotated[
        bool, Meta(description="Send a report of delivered faxes to senders that did not ask with NOTIFY.")
    ] = True


class Identity(_Section, frozen=True, kw_only=True):
    """[identity]: who we are to the far machine."""

    station_id: Annotated[
        str, Meta(description="Our number as the far machine shows it (TSI, CSI), up to 20 characters.", max_length=20)
    ] = ""
    name: Annotated[str, Meta(description="Our name in the header line of each page.")] = "mailfax"
    time_zone: Annotated[
        str,
        Meta(
            description="Time zone of header lines and reports, for example Europe/Berlin; empty is that of this machine."
        ),
    ] = ""


class Line(_Section, frozen=True, kw_only=True):
    """[lines.NAME]: one telephone line."""

    kind: Annotated[
        Literal["modem", "class1", "class1.0", "class2", "class2.0", "class2.1", "virtual"],
        Meta(
            description="modem: a fax modem, in the class that its profile likes best. class1, class1.0: a fax modem in that class "
            "(T.31). class2, class2.0, class2.1: one that does T.30 by itself (T.32). virtual: a line of the virtual exchange."
        ),
    ]
    number: Annotated[
        str, Meta(description="Own number of the line: its caller id, and its DID where the network signals none.")
    ] = ""
    did: Annotated[
        Literal["none", "signalled"],
        Meta(
            description="Of a modem: how the called number is known. none: the network does not say, every call is for `number`. "
            "signalled: the network says (NDID, DTMF digits); a call whose number was not heard, for example because it rang "
            "before the modem was set up, goes to `catch_all`, never to the mailbox of `number`. "
            "A line on which one is heard counts as signalled until its process ends, whatever is written here; "
            "only this setting protects the first calls too."
        ),
    ] = "none"
    device: Annotated[
        str, Meta(description="Of a modem: /dev/ttyUSB0, a pty, rfc2217://host:port or socket://host:port.")
    ] = ""
    profile: Annotated[
        str,
        Meta(
            description="Of a modem: its model, a file of the profiles (docs/modems.md) without .toml; "
            "auto: found by asking it each time it is opened."
        ),
    ] = "auto"
    speed: Annotated[
        Annotated[int, Meta(ge=2400)] | None,
        Meta(description="Of a modem: bit/s between computer and modem, instead of its profile's."),
    ] = None
    flow: Annotated[
        Literal["rtscts", "xonxoff", "none"] | None,
        Meta(description="Of a modem: flow control, instead of its profile's."),
    ] = None
    init: Annotated[
        tuple[str, ...], Meta(description="Of a modem: further AT commands at its start, after its profile's.")
    ] = ()
    caller_id: Annotated[
        str | None,
        Meta(description="Of a modem: command that turns caller id on, instead of its profile's; empty for none."),
    ] = None
    dial_prefix: Annotated[
        str, Meta(description="Of a modem: digits dialled before every number, for example 0, for an outside line.")
    ] = ""
    rings: Annotated[int, Meta(description="Of a modem: rings before the call is answered.", ge=1, le=20)] = 1
    group: Annotated[
        str, Meta(description="Group that the line belongs to, for `groups` of a domain and for [groups.NAME].")
    ] = "main"
    ring_numbers: Annotated[
        dict[str, str],
        Meta(
            description="Of a modem with distinctive ringing: what it says after RING (A, B, 2 …) to the called number."
        ),
    ] = {}
    adaptive_answer: Annotated[
        bool,
        Meta(
            description="Of a modem: have it tell fax machines from others when it answers (+FAA), and hang up on these at once."
        ),
    ] = False
    ecm: Annotated[bool, Meta(description="Whether calls may use error correction mode.")] = True
    jbig: Annotated[
        bool,
        Meta(
            description="Whether pages may go as JBIG (T.85, under error correction): shorter calls where both have it."
        ),
    ] = True
    send: Annotated[bool, Meta(description="Whether faxes go out on this line.")] = True
    receive: Annotated[bool, Meta(description="Whether calls are answered on this line.")] = True


class Group(_Section, frozen=True, kw_only=True):
    """[groups.NAME]: lines that share the work."""

    keep_free: Annotated[
        int,
        Meta(
            description="How many lines of the group that receive, of those that are up, never send at the same time.",
            ge=0,
        ),
    ] = 0


class Calls(_Section, frozen=True, kw_only=True):
    """[calls]: how calls are held: what is good enough, and what becomes of pages that were not."""

    after_refusal: Annotated[
        Literal["retransmit", "give-up", "go-on", "retransmit-then-go-on"],
        Meta(
            description="When the far machine refuses a page (RTN): send it again more slowly, twice at most, and then end the call; "
            "end the call at once; go on with the next page; or send it again and then go on. "
            "A call that ended is made again from the pages that were not confirmed. "
            "A fax in which a page was passed over is reported as uncertain, never as delivered."
        ),
    ] = "retransmit"
    without_subaddress: Annotated[
        Literal["fail", "send"],
        Meta(
            description="When a fax is for a subaddress and the far machine takes none: do not send it, "
            "since anybody there might get it; or send it without, and say so in the report."
        ),
    ] = "fail"
    continuation_cover: Annotated[
        bool,
        Meta(
            description="Whether a call that goes on with a fax whose first call was cut off begins with a short page "
            "that says which pages follow. Header lines count the pages of the whole fax in any case."
        ),
    ] = False
    good_rows_percent: Annotated[
        int,
        Meta(description="Rows of a received page that must be readable; below, the page is refused.", ge=0, le=100),
    ] = 95
    longest_bad_run: Annotated[
        int, Meta(description="Most unreadable rows in a run; with more, a received page is refused.", ge=0)
    ] = 5
    retrain_percent: Annotated[
        int,
        Meta(
            description="Readable rows below which a received page that is good enough is confirmed with the wish to train anew.",
            ge=0,
            le=100,
        ),
    ] = 0
    damaged_rows: Annotated[
        Literal["copy", "white"],
        Meta(
            description="What stands in a received page for a row that cannot be read: a copy of the row above, which reads best, "
            "or white, which shows where the damage is."
        ),
    ] = "copy"
    finish_s: Annotated[
        int,
        Meta(
            description="Seconds that a call in progress may go on when the server is told to stop; then it is cut, and made again "
            "from the first page that was not confirmed. The service manager must wait a little longer.",
            ge=0,
            le=3600,
        ),
    ] = 0
    keep_unconfirmed: Annotated[
        bool,
        Meta(
            description="Whether received pages that were refused, or never confirmed, are delivered too, with a warning. "
            "The sender may have sent such a page again."
        ),
    ] = True


class Modems(_Section, frozen=True, kw_only=True):
    """[modems]: what all modems share, and how failing lines are met."""

    profiles: Annotated[
        Path | None, Meta(description="Folder of profiles of your own; they come before those of mailfax.")
    ] = None
    lock_folder: Annotated[
        Path | None,
        Meta(
            description="Folder of lock files (LCK..ttyUSB0) by which programs tell each other who has a serial device; "
            "one whose process is gone counts for nothing."
        ),
    ] = Path("/run/lock")
    quarantine_after: Annotated[
        int,
        Meta(
            description="Faults of a line, without a good call between them, after which it is set aside with an alarm in the log. "
            "A device that is unplugged, or that another program has, is no fault: the line comes back when it does.",
            ge=1,
        ),
    ] = 5
    quarantine_min: Annotated[
        int,
        Meta(
            description="Minutes after which a line that was set aside is tried once more; 0: only after "
            "`mailfax line release NAME`.",
            ge=0,
        ),
    ] = 60


class Destination(_Section, frozen=True, kw_only=True):
    """[destinations.NUMBER]: what one far machine wants to be told. NUMBER is as it is dialled."""

    sender_id: Annotated[
        str,
        Meta(description="What we call ourselves there, or the password it asks of senders (SID).", max_length=20),
    ] = ""


class Exchange(_Section, frozen=True, kw_only=True):
    """[exchange]: the virtual telephone exchange, for trying things out without a telephone line."""

    routes: Annotated[
        dict[str, tuple[str, ...]],
        Meta(description="Number pattern to the lines it rings (the first idle one), or to busy or no-answer."),
    ] = {}
    real_time: Annotated[
        bool, Meta(description="Pace calls at the speed of a telephone line instead of as fast as the machine can.")
    ] = False
    damage_page: Annotated[
        int, Meta(description="Page of every call in which the line turns some bits over, for tests; 0 for none.", ge=0)
    ] = 0


class Render(_Section, frozen=True, kw_only=True):
    """[render]: limits of turning a mail into pages."""

    max_pages: Annotated[int, Meta(description="Most pages of one document.", ge=1)] = 500
    cpu_s: Annotated[int, Meta(description="Most seconds of processor time for one mail.", ge=5)] = 120
    memory_mb: Annotated[int, Meta(description="Most memory for one mail, in MB.", ge=256)] = 2048
    office_ahead: Annotated[
        bool,
        Meta(
            description="Start a LibreOffice with the server, not only from the first office document on; about 200 MB that wait."
        ),
    ] = False
    paper: Annotated[
        Literal["a4", "letter", "legal"],
        Meta(description="Sheet that pages are laid out for. All are as wide as a fax; they differ in length."),
    ] = "a4"
    photos: Annotated[
        Literal["fast", "balanced", "best"],
        Meta(
            description="How photographs are screened: fast (rows, cheapest on the line), balanced, or best (twice the seconds of balanced)."
        ),
    ] = "balanced"
    body: Annotated[
        Literal["html", "text"], Meta(description="Which form of a mail is faxed that has both, HTML and plain text.")
    ] = "html"
    text_pt: Annotated[float, Meta(description="Size of plain text, in points.", ge=7, le=24)] = 11.5
    margin_mm: Annotated[
        float, Meta(description="White on either side of text and HTML, in millimetres.", ge=4, le=40)
    ] = 15.0
    fonts: Annotated[tuple[Path, ...], Meta(description="Font files to try before those of the system.")] = ()


class Cover(_Section, frozen=True, kw_only=True):
    """[cover]: the page before a fax that says to whom, from whom and about what."""

    when: Annotated[
        Literal["never", "always"],
        Meta(
            description="Whether a fax has a cover when its mail does not say (X-Fax-Cover), and its domain does not."
        ),
    ] = "never"
    template: Annotated[str, Meta(description="The usual cover: a file of the folder without .html, or default.")] = (
        "default"
    )
    folder: Annotated[
        Path | None,
        Meta(
            description="Folder of templates of your own (NAME.html, Jinja2), with the pictures that they show; logo.svg, logo.png or "
            "logo.jpg in it is shown by the cover of mailfax too. Read when the server starts."
        ),
    ] = None
    contact: Annotated[
        str, Meta(description="Whom a reader of the fax may write to or call about it; empty is `receive.catch_all`.")
    ] = ""


class Queue(_Section, frozen=True, kw_only=True):
    """[queue]: how long is tried, and how much goes in one call."""

    give_up_h: Annotated[
        int, Meta(description="Hours after which a fax that no line could send is given up, and its sender told.", ge=1)
    ] = 48
    batch_faxes: Annotated[
        int,
        Meta(
            description="Most faxes for one number that go in one call, one after the other; 1 for a call each.", ge=1
        ),
    ] = 20
    batch_pages: Annotated[
        int,
        Meta(description="Most pages in such a call; a longer fax goes alone.", ge=1),
    ] = 100
    stagger_s: Annotated[int, Meta(description="Seconds between two dials, of whatever lines.", ge=0, le=3600)] = 0


class Spool(_Section, frozen=True, kw_only=True):
    """[spool]: what is kept on disk."""

    reserve_mb: Annotated[
        int, Meta(description="Free space below which no mail and no call is taken, in MB.", ge=0)
    ] = 200


class Config(_Section, frozen=True, kw_only=True):
    """The whole file."""

    data_dir: Annotated[
        Path, Meta(description="Folder of the queue, the pages and the received faxes. Relative to the file.")
    ] = Path("mailfax-data")
    smtp: Smtp = Smtp()
    domains: dict[str, Domain]
    permissions: dict[str, Permission] = {}
    receive: Receive
    mail: Mail = Mail()
    identity: Identity = Identity()
    lines: dict[str, Line]
    groups: dict[str, Group] = {}
    calls: Calls = Calls()
    modems: Modems = Modems()
    destinations: dict[str, Destination] = {}
    exchange: Exchange = Exchange()
    render: Render = Render()
    cover: Cover = Cover()
    queue: Queue = Queue()
    spool: Spool = Spool()
