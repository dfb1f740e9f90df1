"""Who is on a list, and what becomes of each: read from its file or database, each number judged by the rules, doubles collapsed.

Called when a post is accepted, and by `mailfax list members`. The plan that comes of it is kept with the post, so that a change of the list,
or a crash, changes nothing for a post that is under way.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from mailfax.gateway.maillist import MailList, Query
from mailfax.model.options import SendOptions
from mailfax.model.outcome import Outcome
from mailfax.model.tariff import NO_TARIFF, Tariff
from mailfax.routing import outbound
from mailfax.routing.permission import Asker
from mailfax.routing.settings import RoutingSettings
from mailfax.spool import optouts
from mailfax.spool.foreign import ForeignFault, rows_of
from mailfax.spool.store import Store

NUMBER_COLUMNS = ("number", "fax", "fax number", "faxnumber", "fax_number", "telefax")
_DELIMITERS = ";\t,"
DOUBLE, OPTED_OUT = "double", "opted-out"


class MembersUnreadable(Exception):
    """The list could not be read; the text is one plain sentence."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A member as the list has him: his number, and whatever else stands there of him, by column."""

    number: str
    fields: dict[str, str] = {}


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A member who is faxed: `number` in canonical form, `dialled` as it is dialled."""

    number: str
    domain: str
    dialled: str
    subaddress: str = ""
    fields: dict[str, str] = {}
    tariff: Tariff = NO_TARIFF


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A member who is not faxed: the code of an outcome, or `double`, and a sentence."""

    number: str
    why: str
    detail: str = ""
    fields: dict[str, str] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of each member of a list in one post; `options` are what the mail asks of each fax."""

    members: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]
    options: SendOptions = SendOptions()


def read_members(mail_list: MailList) -> list[Written]:
    """Return everybody on the list, as it is now. Raises MembersUnreadable."""
    try:
        match mail_list.source:
            case Query(database=database, sql=sql, password_file=password_file):
                password = password_file.read_text(encoding="utf-8").strip() if password_file else ""
                columns, rows = rows_of(database, password, sql)
                return list(_members(columns, rows))
            case path:
                return parse_members(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, csv.Error, ForeignFault) as error:
        raise MembersUnreadable(f"The members of {mail_list.name} cannot be read: {error}") from error


def parse_members(text: str) -> list[Written]:
    """Read numbers, one a line, or CSV: with a header that names the column `number` (or `fax`), or the number first."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return []
    delimiter = next((mark for mark in _DELIMITERS if mark in lines[0]), ",")
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, skipinitialspace=True))
    head = [cell.strip().lower() for cell in rows[0]]
    if any(name in head for name in NUMBER_COLUMNS):
        return list(_members(head, rows[1:]))
    return list(_members(["number", *(f"field{place}" for place in range(2, len(head) + 1))], rows))


def _members(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Written]:
    names = [column.strip().lower() for column in columns]
    place = next((names.index(name) for name in NUMBER_COLUMNS if name in names), 0)
    for row in rows:
        cells = [cell.strip() for cell in row]
        if len(cells) > place and cells[place]:
            fields = {name: cell for name, cell in zip(names, cells, strict=False) if cell and name != names[place]}
            yield Written(number=cells[place], fields=fields)


def plan(
    mail_list: MailList, members: Sequence[Written], asker: Asker, routing: RoutingSettings, store: Store, now: datetime
) -> Plan:
    """Judge each member as if whoever posts had written to him alone, and collapse what is dialled alike."""
    domain = mail_list.domain or routing.domains[0].name
    allowed: dict[tuple[str, str], Planned] = {}
    left_out: list[LeftOut] = []
    for member in members:
        written = member.number if "@" in member.number else f"{member.number}@{domain}"
        match outbound.verdict(written, asker, routing, now):
            case outbound.Refused(outcome=outcome, detail=detail):
                left_out.append(LeftOut(number=member.number, why=outcome.code, detail=detail, fields=member.fields))
            case outbound.Permitted(approval=True):
                detail = "An operator has to approve faxes to this number, one by one."
                why = Outcome.DESTINATION_DENIED.code
                left_out.append(LeftOut(number=member.number, why=why, detail=detail, fields=member.fields))
            case outbound.Permitted(address=address, number=dialled, tariff=tariff):
                key = (dialled, address.subaddress)
                if key in allowed:
                    detail = f"The same as {allowed[key].number}."
                    left_out.append(LeftOut(number=member.number, why=DOUBLE, detail=detail, fields=member.fields))
                    continue
                allowed[key] = Planned(
                    number=address.number,
                    domain=address.domain,
                    dialled=dialled,
                    subaddress=address.subaddress,
                    fields=member.fields,
                    tariff=tariff,
                )
    numbers = [each.number for each in allowed.values()]
    unwilling = store.read(lambda c: optouts.among(c, numbers, mail_list.name))
    left_out += [
        LeftOut(number=each.number, why=OPTED_OUT, fields=each.fields)
        for each in allowed.values()
        if each.number in unwilling
    ]
    members_left = tuple(each for each in allowed.values() if each.number not in unwilling)
    return Plan(members=members_left, left_out=tuple(left_out))


encode_plan = msgspec.json.encode
decode_plan = msgspec.json.Decoder(Plan).decode
