"""Faxes that an operator has to approve (AU7): the operators are shown its pages, its sender hears that it waits. Called by `previewing` for what a rule with `approve` holds.

`mailfax approve`, or an operator's reply, releases it, or refuses it; what nobody approves in time is dropped and told like any held fax.
"""

from collections.abc import Sequence

from mailfax.model.submission import Submission
from mailfax.model.user import Role, User
from mailfax.smtp.compose import clean
from mailfax.smtp.messages import Shown, paragraphs, shown_lines
from mailfax.smtp.wording import Voice, wrapped


def may_approve(user: User) -> bool:
    """Say whether a user is one who may."""
    return not {Role.OPERATOR, Role.ADMIN}.isdisjoint(user.roles)


def approvers(users: Sequence[User], otherwise: str) -> list[str]:
    """Return the mailboxes of those who may approve; where there are none, of whoever runs this gateway."""
    may = [user.inbox for user in users if may_approve(user) and user.inbox]
    return list(dict.fromkeys(may)) or [otherwise]


def approver_words(
    submission: Submission, shown: Sequence[Shown], job_ids: Sequence[str], until: str, voice: Voice
) -> str:
    """Ask an operator."""
    say, ids = voice.language.say, " ".join(job_ids)
    who = clean(submission.identity) or say("approve_by_network")
    return paragraphs(
        wrapped(say("approve_asked", sender=clean(submission.sender), identity=who)),
        [line for each in shown for line in shown_lines(each, voice)],
        [say("approve_to_send")],
        [f"    mailfax approve {ids}"],
        [say("approve_to_refuse")],
        [f"    mailfax approve --refuse {ids}"],
        wrapped(say("approve_by_reply")),
        wrapped(say("approve_until", when=until)),
    )


def sender_words(submission: Submission, shown: Sequence[Shown], until: str, voice: Voice) -> str:
    """Tell the sender that it waits."""
    say = voice.language.say
    return paragraphs(
        wrapped(say("approval_awaited", subject=voice.about(submission.subject), mail=submission.id)),
        [f"  {each.mailbox}" for each in shown],
        wrapped(say("approval_until", when=until)),
    )
