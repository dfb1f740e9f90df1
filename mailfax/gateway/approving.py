"""Faxes that an operator has to approve (AU7): the operators are shown its pages, its sender hears that it waits. Called by `previewing` for what a rule with `approve` holds.

`mailfax approve`, or an operator's reply, releases it, or refuses it; what nobody approves in time is dropped and told like any held fax.
"""

from collections.abc import Sequence

from mailfax.model.submission import Submission
from mailfax.model.user import Role, User
from mailfax.smtp.compose import clean
from mailfax.smtp.messages import Shown


def may_approve(user: User) -> bool:
    """Say whether a user is one who may."""
    return not {Role.OPERATOR, Role.ADMIN}.isdisjoint(user.roles)


def approvers(users: Sequence[User], otherwise: str) -> list[str]:
    """Return the mailboxes of those who may approve; where there are none, of whoever runs this gateway."""
    may = [user.inbox for user in users if may_approve(user) and user.inbox]
    return list(dict.fromkeys(may)) or [otherwise]


def approver_words(submission: Submission, shown: Sequence[Shown], job_ids: Sequence[str], until: str) -> str:
    """Ask an operator."""
    faxes = "\n".join(
        f"- {each.mailbox}: {each.pages} page{'' if each.pages == 1 else 's'}, about {each.seconds:.0f} s on the line"
        for each in shown
    )
    ids = " ".join(job_ids)
    return (
        f"{clean(submission.sender)} ({clean(submission.identity) or 'known by his network'}) wants to send a fax that needs your approval. "
        "Nothing was dialled; the attached PDFs show its pages.\n\n"
        f"{faxes}\n\nTo send it:\n\n    mailfax approve {ids}\n\nTo refuse it:\n\n    mailfax approve --refuse {ids}\n\n"
        "Or reply, logged in as an operator, with the word approve or refuse in the first line.\n\n"
        f"What nobody approves until {until} is dropped, and its sender is told.\n"
    )


def sender_words(submission: Submission, shown: Sequence[Shown], until: str) -> str:
    """Tell the sender that it waits."""
    faxes = "\n".join(f"- {each.mailbox}" for each in shown)
    return (
        f'Your mail "{clean(submission.subject)}" ({submission.id}) has to be approved by an operator of this fax server before it is sent to:\n\n{faxes}\n\n'
        f"You are told as usual what became of it. What nobody approves until {until} is dropped.\n"
    )
