"""The AT commands of a Class 2, 2.0 and 2.1 modem that change or tell a setting. Used by `class2modem`, which does what takes time."""

import re
from dataclasses import dataclass, field

from lab.class2words import Parameters

_BASIC = re.compile(r"([&%\\*]?[A-CE-Z])(\d*)", re.IGNORECASE)
_REGISTER = re.compile(r"S(\d+)(?:=(\d*)|\?)", re.IGNORECASE)
_EXTENDED = re.compile(r"([+#][A-Z]+)(=\?|\?|=([^;]*))?;?", re.IGNORECASE)
CLASSES = ("0", "2", "2.0", "2.1")
# Commands that are taken and mean nothing here: the emulator has no such thing to set.
_TAKEN = {
    "+FCQ", "+FCR", "+FAA", "+FTBC", "+FBADLIN", "+FBADMUL", "+FCTCRTY", "+FPHCTO", "+FMINSP", "+FREL", "+FLPL",
    "+FNR", "+FIE", "+FIP", "+FCT", "+FMS", "+FRY", "+FLO", "+FPP", "+FLP", "+FEA", "+FRQ", "+FBU", "+FBUG", "+FPR",
    "+FCIG", "+FPI", "+FNS", "+FNSF", "+FFC", "+FSA", "+FPA", "+FPW", "+FAP",
}  # fmt: skip
_ACTIONS = {"+FDT": "send page", "+FDR": "receive page", "+FET": "page end", "+FK": "abort", "+FKS": "abort"}
IDENTITY = {
    "+FMFR": "LAB",
    "+FMI": "LAB",
    "+FMDL": "SPANDSP CLASS 2",
    "+FMM": "SPANDSP CLASS 2",
    "+FREV": "1",
    "+FMR": "1",
}


@dataclass(kw_only=True)
class Settings:
    """What ATZ sets back."""

    ecm: bool = False  # what the model says it has
    echo: bool = True
    words: bool = True
    caller_id: bool = False
    polls: bool = False
    fax_class: str = "0"
    bit_order: int = 0
    ident: str = ""
    capabilities: Parameters = field(default_factory=lambda: Parameters(df=1, ec=1))
    session: Parameters = field(default_factory=Parameters)
    last_hang_up: int = 0

    @property
    def new(self) -> bool:
        """Say whether the words are those of Class 2.0 and 2.1."""
        return self.fax_class in {"2.0", "2.1"}


@dataclass(kw_only=True)
class Reply:
    """What a command line comes to: lines to say, then the result, or something that takes time."""

    good: bool = True
    lines: list[str] = field(default_factory=list)
    action: str = ""
    number: str = ""
    value: int = 0
    query: bool = False


def execute(body: str, settings: Settings) -> Reply:
    """Carry out what stands behind AT."""
    reply = Reply()
    at = 0
    while at < len(body) and reply.good and not reply.action:
        rest = body[at:]
        if rest[0] in " ;\r":
            at += 1
        elif rest[0] in "Dd":
            reply.action, reply.number = "dial", re.sub(r"^[TtPp]", "", rest[1:]).strip()
        elif found := _REGISTER.match(rest):
            at += found.end()
            if found[2] is None:
                reply.lines.append("000")
        elif found := _EXTENDED.match(rest):
            at += found.end()
            _extended(found[1].upper(), found[2] or "", found[3] or "", settings, reply)
        elif found := _BASIC.match(rest):
            at += found.end()
            _basic(found[1].upper(), int(found[2] or 0), settings, reply)
        else:
            reply.good = False
    return reply


def _basic(name: str, value: int, settings: Settings, reply: Reply) -> None:
    match name:
        case "E":
            settings.echo = bool(value)
        case "V":
            settings.words = bool(value)
        case "Z" | "&F":
            settings.__init__(ecm=settings.ecm)  # type: ignore[misc]
        case "A":
            reply.action = "answer"
        case "H" if value == 0:
            reply.action = "hang up"
        case "I":
            reply.lines.append("1496" if value == 0 else "LAB SPANDSP CLASS 2")


def _extended(name: str, how: str, value: str, settings: Settings, reply: Reply) -> None:
    query, ranges = how == "?", how == "=?"
    match name:
        case "+FCLASS":
            reply.lines += [",".join(CLASSES)] if ranges else [settings.fax_class] if query else []
            reply.good = ranges or query or value in CLASSES
            settings.fax_class = value if value in CLASSES else settings.fax_class
        case "+FSPL" | "+FSP":
            settings.polls = value == "1"
        case "+VCID" | "#CID":
            settings.caller_id = value not in {"", "0"}
        case _ if name in IDENTITY and query:
            reply.lines.append(IDENTITY[name])
        case _ if name in _ACTIONS and settings.fax_class != "0":
            reply.action = _ACTIONS[name]
            reply.value = int(value) if value.isdigit() else 0
        case "+FPTS" | "+FPS":
            reply.action, reply.query = "page status", query
            reply.value = int(value.split(",", maxsplit=1)[0]) if value[:1].isdigit() else 0
        case "+FDCC" | "+FCC" | "+FDIS" | "+FIS":
            _parameters(name, how, value, settings, reply)
        case "+FLID" | "+FLI" if not query and not ranges:
            settings.ident = value.strip('"')[:20]
        case "+FBOR" | "+FBO":
            reply.good = ranges or query or value in {"0", "1", "2", "3"}
            reply.lines += ["(0-3)"] if ranges else [str(settings.bit_order)] if query else []
            settings.bit_order = int(value) if value and reply.good else settings.bit_order
        case "+FAXERR" | "+FHS" if query:
            reply.lines.append(str(settings.last_hang_up))
        case _ if name in _TAKEN:
            reply.lines += ["(0-2)"] if ranges else ["0"] if query else []
        case _:
            reply.good = False


def _parameters(name: str, how: str, value: str, settings: Settings, reply: Reply) -> None:
    capability = name in {"+FDCC", "+FCC"}
    new = settings.new
    if how == "=?":
        df, ec = ("(0,1,3)", "(0-1)" if new else "(0-2)") if settings.ecm else ("(0,1)", "(0)")
        reply.lines.append(f"{'(0-7)' if new else '(0,1)'},(0-5),(0-2),(0-2),{df},{ec},(0),(0-7)")
    elif how == "?":
        reply.lines.append((settings.capabilities if capability else settings.session).write(new=new, hex_numbers=new))
    else:
        old = settings.capabilities if capability else settings.session
        read = Parameters.read(value, old, new=new)
        reply.good = read is not None
        if read is not None:
            settings.session = read
            if capability:
                settings.capabilities = read
