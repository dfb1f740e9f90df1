"""Proofs of the sender beside a login: a table of the configuration file."""

from typing import Annotated, Literal

from msgspec import Meta

from mailfax.config.tables.section import Section


class Trust(Section, frozen=True, kw_only=True):
    """[trust]: by what a mail may prove who sends it, where nobody logged in. From alone never counts."""

    sender_domains: Annotated[
        tuple[str, ...],
        Meta(
            description="Mail domains of authors who are known by a signature: a mail signed for its From (DKIM) is of the user who has that address. "
            "`*` is every domain; empty: signatures count for nothing."
        ),
    ] = ()
    check_dkim: Annotated[
        bool, Meta(description="Whether DKIM signatures are checked here, with the domain name system.")
    ] = True
    alignment: Annotated[
        Literal["relaxed", "strict"],
        Meta(
            description="Whether another domain of the same organisation may sign for the author. A domain that publishes adkim=s is met strictly."
        ),
    ] = "relaxed"
    authserv_id: Annotated[
        str,
        Meta(
            description="Name under which a mail server of ours in front writes Authentication-Results (RFC 8601); its word is taken. "
            "It must take out such headers of others."
        ),
    ] = ""
    authserv_networks: Annotated[
        tuple[str, ...], Meta(description="Where that server is; from no other client is such a header read.")
    ] = ()
    max_age_h: Annotated[
        int, Meta(description="Hours after which a signed mail counts for nothing.", ge=1, le=24 * 30)
    ] = 24
    tokens: Annotated[bool, Meta(description="Whether tokens in mails count (`mailfax user token add`).")] = True
