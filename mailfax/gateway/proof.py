"""Who sends, where the session does not say: a token in the mail, a signature of the author's domain, or the word of a mail server of ours.

Asked by the door: at RCPT whether somebody could prove himself by his message at all (`may_come`), after DATA whether he does (`proof`). From alone
proves nothing. Every proof leads to one user, whose addresses MAIL FROM and From then have to be.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from mailfax.gateway.tokens import could_be_secret, secret_hash
from mailfax.model.outcome import Outcome
from mailfax.model.user import ANY_ADDRESS, User
from mailfax.routing.outbound import allowed_network
from mailfax.routing.settings import Network
from mailfax.smtp.alignment import DnsUnavailable, Txt, organisation
from mailfax.smtp.author import HeaderFault, Written, comparable, domain_of, parsed_header, written
from mailfax.smtp.dns import look_up_txt
from mailfax.smtp.door import Client, Refused
from mailfax.smtp.results import NotVouched, Vouched, result_of
from mailfax.smtp.signed import SignaturePolicy, Signed, Unsigned, is_recent, likeness, signature_of
from mailfax.spool.store import Store

_log = structlog.get_logger()
_US_PER_S = 1_000_000
ANY_DOMAIN = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustPolicy:
    """What counts as a proof. `domains` are those whose signed authors are believed, `*` for all; without any no signature counts.

    `authserv_id` is the name under which a server of ours writes Authentication-Results, and `authserv_networks` where it is.
    """

    domains: tuple[str, ...] = ()
    check_dkim: bool = True
    authserv_id: str = ""
    authserv_networks: tuple[Network, ...] = ()
    signature: SignaturePolicy = field(default_factory=SignaturePolicy)
    tokens: bool = True

    def believes(self, domain: str) -> bool:
        """Say whether signed mails of authors of this domain count."""
        return any(each in {ANY_DOMAIN, domain, organisation(domain)} for each in self.domains)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """Whose mail it is, and by what. `digests` are remembered so that the same mail is not taken again for the same number."""

    user: User
    how: str
    token_id: str = ""
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What there is to prove: the message of a client without a login, the secrets that were in it, and the recipients as they stood."""

    client: Client
    octets: bytes = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    mailboxes: tuple[str, ...]


class Prover:
    """Finds proofs. `txt` looks names up in the domain name system."""

    def __init__(self, store: Store, policy: TrustPolicy, txt: Txt = look_up_txt) -> None:
        self._store, self._policy, self._txt = store, policy, txt

    def may_come(self, client: Client, sender: str, now_us: int) -> bool:
        """Say whether a message with this MAIL FROM could prove that a user sent it.

        Only then is a stranger let as far as DATA: MAIL FROM has to be an address of a user who has a token, or of a domain whose signatures count.
        """
        tokens = self._store.tokens() if self.takes_tokens else ()
        with_tokens = {token.user for token in tokens if token.holds(now_us)}
        signed = self._policy.check_dkim or self._is_our_server(client)
        signed = signed and self._policy.believes(domain_of(sender))
        if not with_tokens and not signed:
            return False  # as most of those who knock at a port 25; the users are not read for them
        owners = [user for user in self._store.users() if user.owns(sender)]
        by_token = any(user.name in with_tokens for user in owners)
        return by_token or (signed and _only_owner(owners, sender) is not None)

    @property
    def takes_tokens(self) -> bool:
        """Say whether tokens count at all."""
        return self._policy.tokens

    def proof(self, claim: Claim, now_us: int) -> Proof | Refused:
        """Find out who sends. A token is asked first: who shows one is that user or nobody."""
        if claim.secrets and self.takes_tokens:
            return self._by_token(claim.secrets, now_us)
        try:
            return self._by_author(claim, now_us)
        except HeaderFault as fault:
            return _not_proved(str(fault))
        except DnsUnavailable as error:
            _log.warning("a signature could not be checked", client=claim.client.ip, error=str(error))
            return Refused(outcome=Outcome.PROOF_WAITS)

    def spend(self, proof: Proof, now_us: int) -> bool:
        """Count a proof as used; False where it is worth nothing (any more)."""
        if proof.token_id:
            return self._store.spend_token(proof.token_id, now_us)
        keep_us = 2 * self._policy.signature.max_age_s * _US_PER_S
        return not proof.digests or self._store.first_seen(proof.digests, now_us, now_us - keep_us)

    def give_back(self, proof: Proof) -> None:
        """Count a proof as not used, since its mail was not taken after all."""
        if proof.token_id:
            self._store.give_back_token(proof.token_id)
        elif proof.digests:
            self._store.forget_seen(proof.digests)

    def _by_token(self, secrets: frozenset[str], now_us: int) -> Proof | Refused:
        (secret, *others) = secrets
        token = self._store.token_of(secret_hash(secret)) if not others and could_be_secret(secret) else None
        user = self._store.user(token.user) if token is not None else None
        if token is None or user is None or not token.holds(now_us):
            return _not_proved("Its token is not valid (any more).")
        return Proof(user=user, how=f"token {token.id}", token_id=token.id)

    def _by_author(self, claim: Claim, now_us: int) -> Proof | Refused:
        who = written(parsed_header(claim.octets))
        user = _only_owner(self._store.users(), who.author)
        if user is None or not self._policy.believes(who.domain):
            return _not_proved("Its author is not known by signed mail.")
        because = ""
        if self._is_our_server(claim.client):
            match result_of(
                parsed_header(claim.octets), who, self._policy.authserv_id, strict=self._policy.signature.strict
            ):
                case Vouched(how=how):
                    if not is_recent(claim.octets, self._policy.signature, now_us // _US_PER_S):
                        return _not_proved("Its Date is not of these days.")
                    return self._unless_elsewhere(claim, who, user, how, likeness(claim.octets))
                case NotVouched(later=True):
                    return Refused(outcome=Outcome.PROOF_WAITS)
                case NotVouched(because=because):
                    pass
        if self._policy.check_dkim:
            match signature_of(claim.octets, who, self._policy.signature, self._txt, now_us // _US_PER_S):
                case Signed(domain=domain, digest=digest):
                    return self._unless_elsewhere(claim, who, user, f"DKIM of {domain}", digest)
                case Unsigned(because=because):
                    pass
        return _not_proved(f"As far as we see, {because or 'nothing vouches for its author'}.")

    def _unless_elsewhere(self, claim: Claim, who: Written, user: User, how: str, digest: str) -> Proof | Refused:
        """Hold a signed mail to the numbers that it names itself: what is signed is the mail, not its envelope."""
        wanted = tuple(map(comparable, claim.mailboxes))
        if any(mailbox not in who.named for mailbox in wanted):
            return _not_proved(
                "It proves its author, but a number of its envelope stands neither in its To nor in its Cc."
            )
        digests = tuple(hashlib.sha256(f"{digest} {mailbox}".encode()).hexdigest() for mailbox in wanted)
        return Proof(user=user, how=how, digests=digests)

    def _is_our_server(self, client: Client) -> bool:
        policy = self._policy
        return bool(policy.authserv_id) and allowed_network(client.ip, policy.authserv_networks) is not None


def _only_owner(users: Iterable[User], author: str) -> User | None:
    """Return the one user whom an author's address names: by the very address, else by its domain; `*` names nobody."""
    author = author.lower()
    for mine in (author, f"@{domain_of(author)}"):
        owners = [user for user in users if mine in {each.lower() for each in user.addresses if each != ANY_ADDRESS}]
        if owners:
            return owners[0] if len(owners) == 1 else None
    return None


def _not_proved(because: str) -> Refused:
    return Refused(outcome=Outcome.NOT_PROVED, detail=because)
