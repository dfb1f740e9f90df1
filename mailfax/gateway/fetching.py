"""A job that fetches a document: calls, asks, keeps what comes, and gives it to the mailbox of whoever asked (polling).

Runs in the line's process, called by `lineworker`. Pages are kept as those of an incoming call are; the job ends as one that sends.
"""

import contextlib

import structlog

from mailfax.gateway.callsetup import call_out
from mailfax.gateway.desk import Desk
from mailfax.gateway.inbound import InboundKeeper, keep
from mailfax.gateway.live import Dialling, Live
from mailfax.gateway.outbound import settle_job, taken_away
from mailfax.gateway.transcripts import converse, transcript_path
from mailfax.model.call import CallResult
from mailfax.modem.line import Line
from mailfax.modem.patience import PatientKeeper
from mailfax.modem.pump import Keeper
from mailfax.spool.callfolder import CallFolder, CallFolderDamaged, CallHeader, CallJob, Direction, read, remove
from mailfax.spool.records import Claim
from mailfax.spool.recovery import fax_id_of
from mailfax.t30.answerer import AnswererStation

_log = structlog.get_logger()


def place_poll(claim: Claim, started_us: int, line: Line, desk: Desk) -> CallResult:
    """Dial the job's number, fetch the document that it offers, and record what came of it."""
    job, submission = claim.job, claim.parts[0].submission
    header = CallHeader(
        call_id=claim.call_id,
        line=desk.line_name,
        direction=Direction.OUTBOUND,
        started_us=started_us,
        number=job.number,
        mailbox=submission.sender,
        jobs=(CallJob(job_id=job.id, pages=0),),
    )
    folder = CallFolder.create(desk.calls_root, header)
    if not desk.store.dialling(claim.call_id, desk.now_us()):
        return taken_away(folder)
    desk.emit(Live(subject=job.id, line=desk.line_name, event=Dialling(number=job.number)))
    with contextlib.closing(folder):
        keeper = InboundKeeper(desk=desk, fax_id=fax_id_of(claim.call_id), folder=folder, offers=(), header=header)
        with PatientKeeper(keeper) as patient:
            result = desk.honest(call_out(line, job.number, lambda: _conversation(claim, line, desk, patient)))
        folder.finish(result)
    try:
        keep(read(folder.path), desk)
    except CallFolderDamaged as damage:
        _log.exception("a call folder is damaged", folder=str(folder.path), damage=str(damage))
        settle_job(claim.call_id, job.id, result, desk)
    else:
        settle_job(claim.call_id, job.id, result, desk)
        remove(folder.path)
    return result


def _conversation(claim: Claim, line: Line, desk: Desk, keeper: Keeper) -> CallResult:
    station = AnswererStation(
        station_id=desk.identity.station_id,
        offer=desk.offer_on(line),
        quality=desk.policy.quality,
        poll=claim.job.poll,
    )
    path = transcript_path(desk.calls_root, claim.call_id)
    return converse(station, f"{claim.job.number} on {desk.line_name}", line, keeper, path)
