"""How much may be sent: quotas of users, domains, lines and of all, and the breaker that stops everything with an alarm (AU5).

When a mail comes in (`refusal`): a fax is taken while its pages and calls fit, counting one page for each that is not drawn yet, and while minutes and
money are not used up. What waits counts as used. Pages are known only when the mail is drawn (`waits`): a fax that does not fit any more waits until the
period is over, and its sender is told; one that is longer than the whole quota fails, and its sender is told. Nothing that was accepted is dropped otherwise.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailfax.gateway.identity import local_time
from mailfax.model.job import Job
from mailfax.model.quota import Limit, Period, Scope, Subject, Unit, Used, amount
from mailfax.model.submission import Submission
from mailfax.model.user import User
from mailfax.spool.records import Wait
from mailfax.spool.store import Store

_US_PER_S = 1_000_000
_COUNTED_AHEAD = {Unit.PAGES, Unit.CALLS}


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaPolicy:
    """Limits. `user` is of each user whose record has none; `breaker` stops all sending. `give_up_s` is how long a fax may wait at all."""

    user: tuple[Limit, ...] = ()
    domains: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    lines: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    everybody: tuple[Limit, ...] = ()
    breaker: tuple[Limit, ...] = ()
    time_zone: str = ""
    give_up_s: int = 48 * 3600


NO_QUOTAS = QuotaPolicy()


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How it stands with one limit: what was used, what waits, and when the period ends (UTC, microseconds; `resets` as people say it)."""

    subject: Subject
    limit: Limit
    used: float
    waiting: float
    ends_us: int
    resets: str

    @property
    def sentence(self) -> str:
        """Say it in one sentence."""
        waits = f", {amount(self.waiting)} waiting" if self.waiting else ""
        return f"The quota of {self.subject.shown} is used up: quota {self.limit.shown}, resets {self.resets} ({amount(self.used)} used{waits})."


class Quotas:
    """Judges by what the spool says was used."""

    def __init__(self, store: Store, policy: QuotaPolicy) -> None:
        self._store, self._policy = store, policy

    def standings(self, user: User | None, domain: str, now_us: int) -> Iterator[Standing]:
        """Return how it stands with every limit that a fax of this user in this domain comes under."""
        for subject, limits in self._limits(user, domain):
            yield from self._of(subject, limits, now_us, (user.time_zone if user else "") or self._policy.time_zone)

    def refusal(self, user: User | None, faxes: Mapping[str, int], now_us: int) -> str:
        """Say why so many further faxes (by their domains) may not be sent now, or nothing."""
        if self._policy.breaker and (stopped := self._store.breaker()):
            return f"All sending is stopped: {stopped}"
        for domain, of_domain in faxes.items():
            for standing in self.standings(user, domain, now_us):
                more = of_domain if standing.subject.scope is Scope.DOMAIN else sum(faxes.values())
                taken, most = standing.used + standing.waiting, standing.limit.most
                if taken + more > most if standing.limit.unit in _COUNTED_AHEAD else taken >= most:
                    return standing.sentence
        return ""

    def turn(self, user: User | None, domains: Iterable[str]) -> str | None:
        """Name those whose mails have to be counted one after another, so that what comes at once fits together; None where nothing is counted."""
        if self._policy.everybody or not self._policy.domains.keys().isdisjoint(domains):
            return ""
        return user.name if user is not None and (user.quota or self._policy.user) else None

    def waits(
        self, submission: Submission, pages: Mapping[str, int], jobs: Iterable[Job], now_us: int
    ) -> dict[str, Wait]:
        """Return which of the jobs whose pages are now known have to wait, by their ids."""
        user = self._store.user(submission.identity) if submission.identity else None
        waits: dict[str, Wait] = {}
        planned: dict[Subject, float] = {}  # of this mail, beyond the one page for each that was counted so far
        for job in jobs:
            further = pages[job.id] - 1
            for standing in self.standings(user, job.recipient.address.domain, now_us):
                if standing.limit.unit is not Unit.PAGES:
                    continue
                taken = standing.used + standing.waiting + planned.get(standing.subject, 0) + further
                if taken > standing.limit.most:
                    waits[job.id] = self._wait(standing, pages[job.id], now_us)
                    break
            else:
                for subject, _ in self._limits(user, job.recipient.address.domain):
                    planned[subject] = planned.get(subject, 0) + further
        return waits

    def line_may_send(self, line: str, now_us: int) -> bool:
        """Say whether a line has something left of its own limits."""
        limits = self._policy.lines.get(line, ())
        subject = Subject(scope=Scope.LINE, name=line)
        return all(
            standing.used < standing.limit.most
            for standing in self._of(subject, limits, now_us, self._policy.time_zone)
        )

    def overspent(self, now_us: int) -> str:
        """Say which limit of the breaker was passed, or nothing."""
        subject = Subject(scope=Scope.EVERYBODY)
        for standing in self._of(subject, self._policy.breaker, now_us, self._policy.time_zone):
            if standing.used > standing.limit.most:
                return f"{amount(standing.used)} {standing.limit.unit} were used, and the breaker is set to {standing.limit.shown}."
        return ""

    def line_standings(self, now_us: int) -> Iterator[Standing]:
        """Return how it stands with the limits of each line."""
        for line, limits in self._policy.lines.items():
            yield from self._of(Subject(scope=Scope.LINE, name=line), limits, now_us, self._policy.time_zone)

    def _limits(self, user: User | None, domain: str) -> Iterator[tuple[Subject, tuple[Limit, ...]]]:
        if user is not None and (limits := user.quota or self._policy.user):
            yield Subject(scope=Scope.USER, name=user.name), limits
        if domain in self._policy.domains:
            yield Subject(scope=Scope.DOMAIN, name=domain), self._policy.domains[domain]
        if self._policy.everybody:
            yield Subject(scope=Scope.EVERYBODY), self._policy.everybody

    def _of(self, subject: Subject, limits: tuple[Limit, ...], now_us: int, time_zone: str) -> Iterator[Standing]:
        if not limits:
            return
        now = local_time(now_us, time_zone)
        waiting = self._store.reserved(subject)
        used: dict[Period, Used] = {}
        for limit in limits:
            if limit.period not in used:
                used[limit.period] = self._store.used(subject, _us(limit.period.began(now)))
            ends = limit.period.ends(now)
            yield Standing(
                subject=subject,
                limit=limit,
                used=used[limit.period].of(limit.unit),
                waiting=waiting.of(limit.unit),
                ends_us=_us(ends),
                resets=f"{ends:%H:%M}" if limit.period is not Period.MONTH else f"{ends:%Y-%m-%d %H:%M}",
            )

    def _wait(self, standing: Standing, pages: int, now_us: int) -> Wait:
        too_long = pages > standing.limit.most
        too_late = standing.ends_us - now_us >= self._policy.give_up_s * _US_PER_S
        return Wait(
            until_us=None if too_long or too_late else standing.ends_us,
            why=f"The fax has {pages} pages. {standing.sentence}",
            resets=standing.resets,
        )


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * _US_PER_S)
