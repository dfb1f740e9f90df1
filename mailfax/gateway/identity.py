"""Who we are on the far machine's paper: station id, and the header strip of each page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mailfax.model.page import Resolution
from mailfax.model.pageset import PageSet
from mailfax.model.submission import Submission
from mailfax.render.continuation import Continuation, continuation_cover
from mailfax.render.header import HeaderLine, header_strip
from mailfax.spool.store import Store
from mailfax.t4codec.bitmap import Bitmap


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What the far machine and its reader see of us. `time_zone` is an IANA name, or empty for this machine's own.

    `cover` is the user's own usual cover, or empty.
    """

    station_id: str = ""
    name: str = "mailfax"
    time_zone: str = ""
    cover: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentHeader:
    """All that the header strips of one attempt depend on, so that anybody can make them again, to the pixel."""

    identity: Identity
    number: str
    pages: int
    started_us: int
    job: str = ""

    def strip(self, page: int, resolution: Resolution) -> Bitmap:
        """Make the strip above `page` (1-based): when, who, to whom, which page of which job (US TCPA asks for the first three)."""
        return header_strip(
            HeaderLine(
                date=local_time(self.started_us, self.identity.time_zone),
                sender=" ".join(filter(None, (self.identity.station_id, self.identity.name))),
                number=self.number,
                page=page,
                pages=self.pages,
                job=self.job,
            ),
            resolution,
        )

    def cover(self, left: PageSet, resolution: Resolution) -> Bitmap:
        """Make the cover of a call that continues the fax with these pages."""
        facts = Continuation(
            date=local_time(self.started_us, self.identity.time_zone),
            sender=" ".join(filter(None, (self.identity.station_id, self.identity.name))),
            number=self.number,
            left=left,
            pages=self.pages,
        )
        return continuation_cover(facts, resolution)


def sender_identity(submission: Submission, store: Store, gateway: Identity) -> Identity:
    """Return who the far machine is told is sending: the user who sent the mail, in what his record says, else this gateway."""
    user = store.user(submission.identity) if submission.identity else None
    if user is None:
        return gateway
    return Identity(
        station_id=user.station_id or gateway.station_id,
        name=user.header_name or gateway.name,
        time_zone=user.time_zone or gateway.time_zone,
        cover=user.cover,
    )


def local_time(at_us: int, time_zone: str) -> datetime:
    """Return a store time as local time in an IANA zone; an empty name is this machine's own zone."""
    moment = datetime.fromtimestamp(at_us / 1e6, tz=UTC)
    return moment.astimezone(ZoneInfo(time_zone)) if time_zone else moment.astimezone()
