"""Which fax has a cover, and what it says: from the wish of the mail, else the sender's record, the rule of the domain, that of [cover].

Called when a mail comes in (`door` refuses names that are none), when it is rendered (`rendering`) and by `mailfax render`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mailfax.gateway.identity import Identity, local_time
from mailfax.model.job import Job
from mailfax.model.options import NO_COVER, USUAL_COVER, OptionFault, TextPlace
from mailfax.model.submission import Recipient, Submission
from mailfax.render.cover import CoverFacts, CoverOrder
from mailfax.render.coverset import CoverSet


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverPolicy:
    """The administrator's covers. `rule` and those of `domains` name a template, or are `none`; `with_text` lets the text of the mail begin below."""

    covers: CoverSet = field(default_factory=CoverSet)
    rule: str = NO_COVER
    when_named: bool = False  # whether a fax has the usual one because its address says for whom it is
    domains: Mapping[str, str] = field(default_factory=dict)
    usual: str = "default"
    contact: str = ""
    with_text: bool = False

    def template(self, asked: str | None, domain: str, usual_of_sender: str = "", *, named: bool = False) -> str:
        """Return the name of the template of one fax; empty for none.

        `usual_of_sender` is the cover of the user's record; `named` says that the address says for whom the fax is.
        """
        rule = USUAL_COVER if named and self.when_named else self.rule
        name = asked or usual_of_sender or self.domains.get(domain, rule)
        name = self.usual if name == USUAL_COVER else name
        return "" if name == NO_COVER else name

    def text_below(self, asked: TextPlace | None) -> bool:
        """Say whether the text of the mail begins below the cover of one fax."""
        return self.with_text if asked is None else asked is TextPlace.COVER

    def check(self, recipients: Iterable[Recipient]) -> None:
        """Refuse the wish for a template that there is not. Raises OptionFault."""
        for recipient in recipients:
            name = self.template(recipient.options.cover, recipient.address.domain)
            if recipient.options.cover and name and name not in self.covers.templates:
                known = ", ".join((NO_COVER, USUAL_COVER, *sorted(self.covers.templates)))
                raise OptionFault(f"The cover {name} is not known here; there are {known}.")


def covers_for(
    submission: Submission, jobs: Iterable[Job], identity: Identity, policy: CoverPolicy
) -> tuple[tuple[Job, ...], CoverOrder]:
    """Return the jobs that have a cover, and the covers, in the same order.

    They may go alone where every job has one that its sender asked for, and there is a subject to be read on it.
    """
    jobs = tuple(jobs)
    wanted: list[tuple[Job, CoverFacts]] = []
    for job in jobs:
        address = job.recipient.address
        if name := policy.template(
            job.recipient.options.cover, address.domain, identity.cover, named=bool(job.recipient.addressee)
        ):
            facts = CoverFacts(
                template=name,
                to=address.number,
                to_name=job.recipient.addressee.name,
                to_place=", ".join(job.recipient.addressee.lines),
                subaddress=address.subaddress,
                from_name=identity.name,
                from_mail=submission.sender,
                station_id=identity.station_id,
                date=f"{local_time(submission.received_us, identity.time_zone):%Y-%m-%d %H:%M %Z}",
                subject=submission.subject,
                trace_id=submission.id,
                job=job.id,
                contact=policy.contact,
                with_text=policy.text_below(job.recipient.options.text),
            )
            wanted.append((job, facts))
    asked = all(job.recipient.options.cover for job in jobs) and bool(submission.subject.strip())
    order = CoverOrder(
        covers=policy.covers,
        wanted=tuple(facts for _, facts in wanted),
        alone=asked and 0 < len(wanted) == len(jobs),
    )
    return tuple(job for job, _ in wanted), order
