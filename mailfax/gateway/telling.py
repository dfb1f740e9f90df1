"""Whom to tell of a mail's faxes, of what, in which language: the wishes of mail, user, domain and configuration laid over each other.

Asked by `gateway.door` once for each mail; the answer is kept with the submission.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from email.message import Message

from mailfax.model.options import OptionFault
from mailfax.model.submission import Recipient
from mailfax.model.telling import Event, Proof, Telling, read_language, telling_options
from mailfax.model.user import User
from mailfax.smtp.language import DEFAULT, Language, Languages, load_languages

HOUR_US = 3_600_000_000
USUAL = Telling(
    events=(Event.DELIVERED, Event.DELAYED, Event.FAILED),
    language=DEFAULT,
    copies=(),
    proof=Proof.FIRST,
    trace=False,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TellingPolicy:
    """What the configuration says. `usual` has no empty wish. `lists` names the owners of single lists, `list_owner` that of all others.

    A mail that comes again within `window_us` is the same fax; `held_us` is how long a preview is kept.
    """

    usual: Telling = USUAL
    domains: Mapping[str, Telling] = field(default_factory=dict)
    languages: Languages = field(default_factory=load_languages)
    list_owner: str = ""
    lists: Mapping[str, str] = field(default_factory=dict)
    window_us: int = 24 * HOUR_US
    held_us: int = 7 * 24 * HOUR_US

    def decide(
        self,
        header: Message,
        asked: Mapping[str, str],
        user: User | None,
        recipients: Iterable[Recipient],
        list_id: str = "",
    ) -> Telling:
        """Return the wishes for one mail, none of them empty but `hears`. Raises OptionFault."""
        own = telling_options(asked)
        if own.language and own.language not in self.languages:
            raise OptionFault(f"No notices are written in {own.language} here; there are {', '.join(self.languages)}.")
        domain = next((each.address.domain for each in recipients if each.address.domain in self.domains), "")
        of_record = user.telling if user is not None else Telling()
        of_domain = self.domains.get(domain, Telling())
        wishes = own.over(of_record).over(of_domain)
        if wishes.language not in self.languages:
            wishes = replace(wishes, language=self._written_in(header))
        if list_id:
            wishes = replace(wishes, hears=self.lists.get(list_id, self.list_owner), list_name=list_id)
        return wishes.over(self.usual)

    def _written_in(self, header: Message) -> str:
        """Return the first language of ours that the mail says it is written in, or its writer reads (RFC 3282)."""
        said = ",".join(str(header.get(name, "")) for name in ("Content-Language", "Accept-Language"))
        for word in re.split(r"[,\s]+", said):
            try:
                code = read_language(word.partition(";")[0])
            except OptionFault:
                continue
            if code in self.languages:
                return code
        return ""

    def language(self, telling: Telling) -> Language:
        """Return the language of notices; that of the house where the one that was wished has gone since."""
        return self.languages.get(telling.language) or self.languages[self.usual.language]

    def for_answer(self, header: Message, user: User | None) -> Language:
        """Return the language of an answer to a command."""
        wished = user.telling.language if user is not None else ""
        return self.language(Telling(language=wished or self._written_in(header)))
