"""From the configuration to each package's own settings, and to lines: the one place where the two meet."""

import os
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from mailfax.config import Config
from mailfax.config.endpoint import IMAP_PORTS, SMTP_PORT, parse_endpoint, unix_path
from mailfax.config.tables.domain import Domain as DomainTable
from mailfax.config.tables.imap import Imap
from mailfax.config.tables.lists import MailList as ListTable
from mailfax.config.tables.mail import Mail
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.calendar import calendar
from mailfax.gateway.clockwatch import ClockWatch
from mailfax.gateway.covers import CoverPolicy
from mailfax.gateway.desk import CallPolicy
from mailfax.gateway.hooks import HookEvent, HookTarget
from mailfax.gateway.identity import Identity
from mailfax.gateway.linelife import HealthPolicy
from mailfax.gateway.lineworker import Duties
from mailfax.gateway.listreports import Reporter
from mailfax.gateway.mailboxes import FetchPolicy
from mailfax.gateway.maillist import MailList, MailLists, Query
from mailfax.gateway.notification import Patience
from mailfax.gateway.planning import NamedHours, PlanPolicy
from mailfax.gateway.posting import Posting
from mailfax.gateway.proof import TrustPolicy
from mailfax.gateway.quotas import QuotaPolicy
from mailfax.gateway.schedules import Schedule, ScheduleDesk
from mailfax.gateway.telling import HOUR_US, TellingPolicy
from mailfax.gateway.webhook import HookPoint
from mailfax.model.hours import read_hours
from mailfax.model.ids import IdMaker
from mailfax.model.options import NO_COVER, USUAL_COVER, PaperSize
from mailfax.model.page import Coding
from mailfax.model.photo import PhotoScreen
from mailfax.model.quota import read_limits
from mailfax.model.telling import Event, Proof, Telling
from mailfax.model.user import user_name
from mailfax.modem.class1 import Did, DidMemory, FlowControl
from mailfax.modem.line import Line
from mailfax.modem.opening import AUTO, Wished, open_modem
from mailfax.modem.profile import FaxClass, Profile, ProfileError, load_profiles
from mailfax.modem.virtual.client import VirtualLine
from mailfax.modem.virtual.damage import Damage, FlipBits, OfKind
from mailfax.modem.virtual.plan import DamagedCalls, ExchangeSettings, Route, Tone
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.render.coverset import load_covers
from mailfax.render.settings import RenderSettings
from mailfax.routing.callers import CallerRules
from mailfax.routing.prices import Prices
from mailfax.routing.rules import Rule
from mailfax.routing.settings import DidRule, Domain, E164Plan, NumberPlan, PrivatePlan, RoutingSettings, SubaddressRule
from mailfax.smtp.compose import Letterhead
from mailfax.smtp.fetched import ImapAccount
from mailfax.smtp.language import load_languages
from mailfax.smtp.settings import Entrance, Listen, SmtpSettings, TlsFiles
from mailfax.smtp.signed import SignaturePolicy
from mailfax.smtp.ways import LMTP_PORT, LmtpServer, Local, Maildirs, OutgoingSettings, Smarthost, TlsMode
from mailfax.spool import posts
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import Batch, Share
from mailfax.spool.retention import RetentionPolicy
from mailfax.spool.settings import SharedDatabase, SpoolSettings
from mailfax.spool.store import Store
from mailfax.t4codec import BadRows
from mailfax.t30.answerer import PageQuality
from mailfax.t30.caller import AfterRtn
from mailfax.t30.negotiate import FULL_OFFER, Offer

MB = 1024 * 1024
CREDENTIALS_OF_SERVICE = "/run/credentials/mailfax.service"
SECONDS_PER_MINUTE = 60
WALL_SECONDS_PER_CPU_SECOND = 2
DAMAGE_FROM_BIT = 20_000  # in the upper part of any page with something on it
DAMAGE_BITS = 24
FLOW = {"rtscts": FlowControl.RTS_CTS, "xonxoff": FlowControl.XON_XOFF, "none": FlowControl.NONE}
AFTER_REFUSAL = {
    "retransmit": AfterRtn.RETRANSMIT,
    "give-up": AfterRtn.GIVE_UP,
    "go-on": AfterRtn.GO_ON,
    "retransmit-then-go-on": AfterRtn.RETRANSMIT_THEN_GO_ON,
}
CLASSES = {f"class{fax_class}": fax_class for fax_class in FaxClass}
TONES = {"busy": Tone.BUSY, "no-answer": Tone.NO_ANSWER}


def spool_settings(config: Config) -> SpoolSettings:
    """Return where the spool is and what it leaves free."""
    return SpoolSettings(
        directory=config.data_dir, reserve_bytes=config.spool.reserve_mb * MB, shared=_shared_database(config)
    )


def _shared_database(config: Config) -> SharedDatabase | None:
    spool = config.spool
    if not spool.database:
        return None
    return SharedDatabase(
        url=spool.database,
        node=spool.node or re.sub(r"[^a-z0-9_-]", "-", socket.gethostname().partition(".")[0].lower()),
        password_file=spool.password_file,
        pages_folder=spool.pages_folder,
        lease_s=spool.lease_s,
        lost_after_s=spool.lost_after_min * SECONDS_PER_MINUTE,
    )


def mail_lists(config: Config) -> MailLists:
    """Return the lists of [lists.NAME]."""
    return MailLists(by_name={name: _mail_list(name, each) for name, each in config.lists.items()})


def _mail_list(name: str, each: ListTable) -> MailList:
    if each.members is not None:
        source: Path | Query = each.members
    else:
        source = Query(database=each.database or "", sql=each.query or "", password_file=each.password_file)
    return MailList(
        name=name,
        source=source,
        owner=each.owner,
        post=each.post,
        domain=(each.domain or "").lower(),
        moderated=each.moderated,
        moderators=each.moderators,
        per_hour=each.per_hour,
        lines=each.lines,
        footer=each.footer,
    )


def footer_of(config: Config, store: Store) -> Callable[[str], str]:
    """Return what finds the footer of the list that a mail was posted to; empty for one that was not."""

    def footer(submission_id: str) -> str:
        post = posts.load(store, submission_id) if config.lists else None
        return config.lists[post.list_name].footer if post and post.list_name in config.lists else ""

    return footer


def post_room(config: Config) -> int:
    """Return how many faxes of one post are in the queue at once: as many again as there are lines, so that none waits for the next."""
    return 2 * max(1, sum(line.send for line in config.lines.values()))


def reporter(config: Config, store: Store, blobs: BlobStore, now_us: Callable[[], int]) -> Reporter:
    """Return what makes the reports of posts."""
    domain = next(iter(config.domains)).lower()
    return Reporter(store=store, blobs=blobs, letterhead=letterhead(config), now_us=now_us, domain=domain)


def intake(config: Config, store: Store, blobs: BlobStore, new_id: IdMaker) -> Intake:
    """Return where mails are put."""
    return Intake(
        store=store,
        blobs=blobs,
        new_id=new_id,
        covers=cover_policy(config),
        quotas=quota_policy(config),
        plans=plan_policy(config),
    )


def schedules(config: Config) -> dict[str, Schedule]:
    """Return the schedules of [schedules.NAME]. A folder or file that is not there is found out when it is due."""
    return {
        name: Schedule(
            name=name,
            calendar=calendar(each.rule, each.begin, each.zone or config.identity.time_zone or "UTC"),
            to=each.to,
            user=each.user,
            sender=each.sender,
            subject=each.subject,
            folder=each.folder,
            file=each.file,
            command=each.command,
            run_late=each.missed == "latest",
        )
        for name, each in config.schedules.items()
    }


def schedule_desk(
    config: Config, intake: Intake, now_us: Callable[[], int], clock: ClockWatch | None = None
) -> ScheduleDesk:
    """Return what runs the schedules."""
    posting = Posting(
        store=intake.store,
        blobs=intake.blobs,
        new_id=intake.new_id,
        routing=routing_settings(config),
        quotas=intake.quotas,
        now_us=now_us,
    )
    return ScheduleDesk(
        intake=intake,
        posting=posting,
        lists=mail_lists(config),
        schedules=schedules(config),
        letterhead=letterhead(config),
        clock=clock,
    )


def retention_policy(config: Config) -> RetentionPolicy:
    """Return how long what is done with is kept."""
    return RetentionPolicy(**msgspec.structs.asdict(config.retention))


def identity(config: Config) -> Identity:
    """Return who we are to far machines."""
    return Identity(
        station_id=config.identity.station_id, name=config.identity.name, time_zone=config.identity.time_zone
    )


def routing_settings(config: Config) -> RoutingSettings:
    """Return our domains, who may send, and the DID map."""
    return RoutingSettings(
        domains=tuple(
            Domain(name=name.lower(), plan=_number_plan(domain), exit_codes=domain.exit_codes)
            for name, domain in config.domains.items()
        ),
        rules=tuple(
            Rule(
                name=name,
                who=rule.who,
                to=rule.to,
                allow=not rule.deny,
                approve=rule.approve,
                hours=read_hours(rule.hours) if rule.hours else None,
            )
            for name, rule in config.permissions.items()
        ),
        prices=Prices(
            currency=config.prices.currency,
            minute=config.prices.minute,
            call=config.prices.call,
            step_s=config.prices.step_s,
        ),
        inside=config.receive.own_numbers == "inside",
        line_numbers=tuple(line.number for line in config.lines.values() if line.number and line.receive),
        time_zone=config.identity.time_zone,
        allow_networks=tuple(ip_network(network) for network in config.smtp.allow_networks),
        did=tuple(DidRule(called=called, mailboxes=mailboxes) for called, mailboxes in config.receive.did.items()),
        subaddress=tuple(
            SubaddressRule(subaddress=subaddress, mailboxes=mailboxes)
            for subaddress, mailboxes in config.receive.subaddress.items()
        ),
        catch_all=config.receive.catch_all,
    )


def quota_policy(config: Config) -> QuotaPolicy:
    """Return how much may be sent."""
    quotas = config.quotas
    return QuotaPolicy(
        user=read_limits(quotas.user),
        domains={name.lower(): read_limits(limits) for name, limits in quotas.domains.items()},
        lines={name: read_limits(limits) for name, limits in quotas.lines.items()},
        everybody=read_limits(quotas.everybody),
        breaker=read_limits(quotas.breaker),
        time_zone=config.identity.time_zone,
        give_up_s=config.queue.give_up_h * 3600,
    )


def trust_policy(config: Config) -> TrustPolicy:
    """Return by what a mail may prove who sends it."""
    trust = config.trust
    return TrustPolicy(
        domains=tuple(domain.lower() for domain in trust.sender_domains),
        check_dkim=trust.check_dkim,
        authserv_id=trust.authserv_id,
        authserv_networks=tuple(ip_network(network) for network in trust.authserv_networks),
        signature=SignaturePolicy(strict=trust.alignment == "strict", max_age_s=trust.max_age_h * 3600),
        tokens=trust.tokens,
    )


def _number_plan(domain: DomainTable) -> NumberPlan:
    dial = tuple(domain.dial.items())
    if domain.plan == "e164":
        return E164Plan(country=domain.country, area_code=domain.area_code, dial=dial)
    ranges = tuple((low, high) for low, _, high in (written.partition("-") for written in domain.ranges))
    return PrivatePlan(lengths=domain.lengths, ranges=ranges, dial=dial)


def smtp_settings(config: Config) -> SmtpSettings:
    """Return the listener's addresses and limits."""
    smtp = config.smtp
    return SmtpSettings(
        hostname=smtp.hostname,
        listen=tuple(
            _listen(address, entrance, config.data_dir)
            for entrance, addresses in (
                (Entrance.SERVERS, smtp.listen),
                (Entrance.SUBMISSION, smtp.submission),
                (Entrance.SUBMISSIONS, smtp.submissions),
                (Entrance.LMTP, smtp.lmtp),
            )
            for address in addresses
        ),
        tls=None if smtp.certificate is None or smtp.key is None else TlsFiles(chain=smtp.certificate, key=smtp.key),
        max_message_bytes=smtp.max_message_mb * MB,
        max_recipients=smtp.max_recipients,
        timeout_s=smtp.timeout_s,
        max_connections=smtp.max_connections,
        max_errors=smtp.max_errors,
        max_commands=smtp.max_commands,
        max_line_octets=smtp.max_line_octets,
        max_connections_per_stranger=smtp.max_connections_per_stranger,
        local_users={local: user_name(user) for local, user in smtp.local_users.items()},
        proxy_networks=tuple(ip_network(network) for network in smtp.proxy_networks),
    )


def _listen(address: str, entrance: Entrance, folder: Path) -> Listen:
    path = unix_path(address, folder)
    if path is not None:
        return Listen(path=path, entrance=entrance)
    endpoint = parse_endpoint(address)
    return Listen(host=endpoint.host, port=endpoint.port, entrance=entrance)


def outgoing_settings(config: Config) -> OutgoingSettings:
    """Return the ways mail leaves."""
    return OutgoingSettings(
        hostname=config.smtp.hostname,
        smarthost=_smarthost(config.mail),
        local=_local_mailboxes(config.mail),
        local_domains=tuple(domain.lower() for domain in config.mail.local_domains),
    )


def _smarthost(mail: Mail) -> Smarthost | None:
    if mail.smarthost is None:
        return None
    endpoint = parse_endpoint(mail.smarthost, default_port=SMTP_PORT)
    return Smarthost(
        host=endpoint.host,
        port=endpoint.port,
        tls=TlsMode(mail.tls),
        user=mail.user or "",
        password_file=_password_file(mail),
        ca_file=mail.ca_file,
        verify=mail.verify,
    )


def mailboxes(config: Config) -> dict[str, tuple[ImapAccount, FetchPolicy]]:
    """Return the mailboxes whose mails are faxed, and how these are judged."""
    limits = smtp_settings(config)
    return {
        name: (
            _imap_account(imap),
            FetchPolicy(
                name=name,
                recipient_field=imap.recipient_header,
                user=user_name(imap.act_as),
                max_message_bytes=limits.max_message_bytes,
                max_line_octets=limits.max_line_octets,
                hostname=limits.hostname,
            ),
        )
        for name, imap in config.imap.items()
    }


def _imap_account(imap: Imap) -> ImapAccount:
    endpoint = parse_endpoint(imap.server, default_port=IMAP_PORTS[imap.tls])
    return ImapAccount(
        host=endpoint.host,
        port=endpoint.port,
        tls=imap.tls == "implicit",
        user=imap.user,
        folder=imap.folder,
        sent=imap.sent_folder,
        failed=imap.failed_folder,
        poll_s=imap.poll_s,
        password_file=_password_file(imap),
        token_file=imap.token_file,
        token_command=imap.token_command,
        ca_file=imap.ca_file,
    )


def _password_file(mail: Mail | Imap) -> Path | None:
    """Return the file with the password; systemd tells the service where its credentials are, and root looks where they are."""
    if mail.password_credential is None:
        return mail.password_file
    return Path(os.environ.get("CREDENTIALS_DIRECTORY", CREDENTIALS_OF_SERVICE)) / mail.password_credential


def _local_mailboxes(mail: Mail) -> Local | None:
    if mail.lmtp is None:
        return None if mail.maildir is None else Maildirs(root=mail.maildir)
    if mail.lmtp.startswith("/"):
        return LmtpServer(socket=Path(mail.lmtp))
    endpoint = parse_endpoint(mail.lmtp, default_port=LMTP_PORT)
    return LmtpServer(host=endpoint.host, port=endpoint.port)


def letterhead(config: Config) -> Letterhead:
    """Return what the mails that we write have in common."""
    name = config.identity.time_zone
    zone = ZoneInfo(name) if name else datetime.now().astimezone().tzinfo
    return Letterhead(hostname=config.smtp.hostname, sender=config.mail.sender, zone=zone or UTC)


def telling_policy(config: Config) -> TellingPolicy:
    """Return what senders are told, and in which languages. Raises OSError, LanguageError."""
    notices = config.notices
    return TellingPolicy(
        usual=Telling(
            events=tuple(Event(event) for event in notices.events),
            language=notices.language,
            copies=notices.confirm,
            proof=Proof(notices.proof),
            trace=False,
        ),
        domains={
            name.lower(): Telling(language=domain.language, copies=domain.confirm or None)
            for name, domain in config.domains.items()
            if domain.language or domain.confirm
        },
        languages=load_languages(notices.languages),
        list_owner=notices.list_owner or administrator(config),
        lists={name.lower(): owner for name, owner in notices.lists.items()},
        window_us=notices.duplicates_h * HOUR_US,
        held_us=notices.preview_days * 24 * HOUR_US,
    )


def administrator(config: Config) -> str:
    """Return who hears what nobody else could be told."""
    return config.notices.administrator or config.receive.catch_all


def patience(config: Config) -> Patience:
    """Return when a sender is told that his fax waits, and when it is given up."""
    return Patience(
        delay_s=config.notices.delayed_min * SECONDS_PER_MINUTE,
        give_up_s=config.queue.give_up_h * SECONDS_PER_MINUTE * 60,
    )


def hook_targets(config: Config) -> tuple[HookTarget, ...]:
    """Return which programs are told of what."""
    return tuple(
        HookTarget(name=name, events=frozenset(HookEvent(event) for event in hook.events))
        for name, hook in config.webhooks.items()
    )


def hook_points(config: Config) -> dict[str, HookPoint]:
    """Return where they listen."""
    return {
        name: HookPoint(url=hook.url, secret_file=hook.secret_file, timeout_s=hook.timeout_s)
        for name, hook in config.webhooks.items()
    }


def render_settings(config: Config) -> RenderSettings:
    """Return the limits of rendering."""
    render = config.render
    return RenderSettings(
        max_pages=render.max_pages,
        cpu_s=render.cpu_s,
        wall_s=render.cpu_s * WALL_SECONDS_PER_CPU_SECOND,
        memory_bytes=render.memory_mb * MB,
        fonts=render.fonts,
        text_pt=render.text_pt,
        margin_mm=render.margin_mm,
        paper=PaperSize(render.paper),
        photos=PhotoScreen(render.photos),
        prefer_html=render.body == "html",
        stamp=render.stamp,
    )


def cover_policy(config: Config) -> CoverPolicy:
    """Return the covers, read from their folder, and the rules for them. Raises OSError, ValueError."""
    cover = config.cover
    covers = load_covers(cover.folder)
    domains = {name.lower(): domain.cover.lower() for name, domain in config.domains.items() if domain.cover}
    return CoverPolicy(
        covers=covers,
        rule=USUAL_COVER if cover.when == "always" else NO_COVER,
        when_named=cover.when == "named",
        domains=domains,
        usual=cover.template.lower(),
        contact=cover.contact or config.receive.catch_all,
        with_text=cover.text == "cover",
    )


def exchange_socket(config: Config) -> Path:
    """Return where the virtual exchange listens."""
    return config.data_dir / "exchange.sock"


def exchange_settings(config: Config) -> ExchangeSettings:
    """Return the virtual exchange's numbers, pace and damage."""
    exchange = config.exchange
    page = OfKind(kind=SignalKind.PAGE, number=exchange.damage_page)
    hit = Damage(side=Side.CALLING, where=page, harm=FlipBits(first=DAMAGE_FROM_BIT, count=DAMAGE_BITS))
    return ExchangeSettings(
        socket_path=exchange_socket(config),
        routes=tuple(Route(pattern=pattern, to=_target(targets)) for pattern, targets in exchange.routes.items()),
        real_time=exchange.real_time,
        damage=(DamagedCalls(damage=(hit,)),) if exchange.damage_page else (),
    )


def _target(targets: tuple[str, ...]) -> tuple[str, ...] | Tone:
    return TONES.get(targets[0], targets) if targets else targets


def offer(config: Config, name: str) -> Offer:
    """Return what calls on a line may offer; its modem may allow less."""
    line = config.lines[name]
    if not line.ecm:
        return replace(FULL_OFFER, ecm=False, codings=(Coding.MR, Coding.MH))
    return FULL_OFFER if line.jbig else replace(FULL_OFFER, codings=(Coding.MMR, Coding.MR, Coding.MH))


def call_policy(config: Config) -> CallPolicy:
    """Return what is done with refused pages, and what is good enough."""
    calls = config.calls
    return CallPolicy(
        after_rtn=AFTER_REFUSAL[calls.after_refusal],
        needs_subaddress=calls.without_subaddress == "fail",
        sender_ids={number: destination.sender_id for number, destination in config.destinations.items()},
        quality=PageQuality(
            least_good_share=calls.good_rows_percent / 100,
            longest_bad_run=calls.longest_bad_run,
            retrain_share=calls.retrain_percent / 100,
        ),
        bad_rows=BadRows(calls.damaged_rows),
        continuation_cover=calls.continuation_cover,
    )


def plan_policy(config: Config) -> PlanPolicy:
    """Return when faxes may be called, and whose go last."""
    return PlanPolicy(
        hours={
            name: NamedHours(written=table.hours, at_destination=table.zone == "destination")
            for name, table in config.hours.items()
        },
        usual=config.queue.hours,
        bulk_numbers=config.queue.bulk_numbers,
        zone=config.identity.time_zone or _zone_of_this_machine(),
    )


def _zone_of_this_machine() -> str:
    """Return the IANA name of the machine's own zone, where it can be known."""
    place = Path("/etc/localtime").resolve()
    parts = place.parts[place.parts.index("zoneinfo") + 1 :] if "zoneinfo" in place.parts else ()
    name = os.environ.get("TZ", "").lstrip(":") or "/".join(parts)
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError):
        return "UTC"


def batch(config: Config) -> Batch:
    """Return how much one call may take."""
    return Batch(max_jobs=config.queue.batch_faxes, max_pages=config.queue.batch_pages)


def share(config: Config, name: str) -> Share:
    """Return which jobs a line may take, and what it leaves to the others of its group."""
    group = config.lines[name].group
    suited = tuple(
        domain.lower() for domain, about in config.domains.items() if not about.groups or group in about.groups
    )
    return Share(
        domains=None if len(suited) == len(config.domains) else suited,
        group=tuple(other for other, line in config.lines.items() if line.group == group and line.receive),
        keep_free=config.groups[group].keep_free if group in config.groups and config.lines[name].receive else 0,
        stagger_s=config.queue.stagger_s,
    )


def caller_rules(config: Config) -> CallerRules:
    """Return which callers are answered."""
    receive = config.receive
    return CallerRules(
        allow=receive.allow_callers,
        reject=receive.reject_callers,
        reject_names=receive.reject_names,
        reject_unknown=receive.reject_unknown,
        only_allowed=receive.only_allowed,
    )


def duties(config: Config, name: str) -> Duties:
    """Return what a line is for."""
    return Duties(sends=config.lines[name].send, receives=config.lines[name].receive)


def line_opener(config: Config, name: str) -> Callable[[], Line]:
    """Return what opens a line's device, which raises LineFault; what it learns of the line holds when it is opened again."""
    line = config.lines[name]
    if line.kind == "virtual":
        return lambda: VirtualLine(name, line.number, exchange_socket(config), accepts_calls=line.receive)
    wished, known, memory = wished_modem(config, name), profiles(config), DidMemory()
    return lambda: open_modem(wished, known, memory=memory)


def health_policy(config: Config) -> HealthPolicy:
    """Return how failing lines are met."""
    modems = config.modems
    return HealthPolicy(
        quarantine_after=modems.quarantine_after, quarantine_s=modems.quarantine_min * SECONDS_PER_MINUTE
    )


def profiles(config: Config) -> dict[str, Profile]:
    """Return the modem profiles, ours and the administrator's. Raises ValueError."""
    try:
        return load_profiles(config.modems.profiles)
    except ProfileError as error:
        raise ValueError(f"modems.profiles: {error}") from error


def wished_modem(config: Config, name: str) -> Wished:
    """Return what the configuration says of a line's modem. Raises ValueError for a profile that there is not."""
    line = config.lines[name]
    if line.profile not in {AUTO, *(known := profiles(config))}:
        raise ValueError(f"lines.{name}.profile: there is no profile {line.profile}; known are: {', '.join(known)}.")
    return Wished(
        device=line.device,
        lock_folder=config.modems.lock_folder,
        name=name,
        number=line.number,
        did=Did(line.did),
        profile=line.profile,
        fax_class=CLASSES.get(line.kind),
        speed=line.speed,
        flow=None if line.flow is None else FLOW[line.flow],
        extra_init=line.init,
        dialled_first=line.dial_prefix,
        caller_id=line.caller_id,
        rings=line.rings,
        ring_numbers=line.ring_numbers,
        adaptive_answer=line.adaptive_answer,
    )


# All of the above, for `checks`: what these take, `serve` and its lines take.
SETTINGS: tuple[Callable[[Config], object], ...] = (
    spool_settings,
    identity,
    routing_settings,
    trust_policy,
    retention_policy,
    quota_policy,
    smtp_settings,
    outgoing_settings,
    mailboxes,
    letterhead,
    telling_policy,
    administrator,
    patience,
    hook_targets,
    hook_points,
    retention_policy,
    render_settings,
    cover_policy,
    call_policy,
    exchange_socket,
    exchange_settings,
    profiles,
    batch,
    mail_lists,
    post_room,
    schedules,
    plan_policy,
    health_policy,
    caller_rules,
)
LINE_SETTINGS: tuple[Callable[[Config, str], object], ...] = (offer, duties, share, wished_modem, line_opener)
