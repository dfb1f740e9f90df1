"""Checks of [notices] and [webhooks]."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from mailfax.config.check import Problem, line_of
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.config.sense.mail import has_a_way
from mailfax.smtp.language import LanguageError, load_languages

_WRITE = 'Write for example "boss@example.org".'


def notices_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find addresses that mail cannot be handed to, and addresses of programs that are none."""
    notices = config.notices
    named = [
        (("notices", "administrator"), notices.administrator),
        (("notices", "list_owner"), notices.list_owner),
        *((("notices", "confirm"), mailbox) for mailbox in notices.confirm),
        *((("notices", "lists", name), mailbox) for name, mailbox in notices.lists.items()),
        *(
            (("domains", name, "confirm"), mailbox)
            for name, domain in config.domains.items()
            for mailbox in domain.confirm
        ),
    ]
    for path, mailbox in named:
        if mailbox and not has_a_way(mailbox, config.mail):
            yield Problem(
                line=at(*path), text=f"{'.'.join(path)}: mail cannot be handed to {mailbox!r}.", advice=_WRITE
            )
    for name, hook in config.webhooks.items():
        parts = urlsplit(hook.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            yield Problem(
                line=at("webhooks", name, "url"),
                text=f"webhooks.{name}.url: {hook.url!r} is no address of a program.",
                advice='Write for example "https://crm.example.org/fax".',
            )


def language_problems(config: Config, text: str) -> Iterator[Problem]:
    """Find language files that cannot be used, and languages that there are not. Paths of `config` are absolute by now."""
    try:
        known = sorted(load_languages(config.notices.languages))
    except (OSError, LanguageError) as error:
        yield Problem(
            line=line_of(text, ("notices", "languages")),
            text=f"notices.languages: {error}",
            advice="Mend the file, or name a folder of language files in UTF-8; mailfax/smtp/languages/de.toml is one to copy.",
        )
        return
    named: list[tuple[tuple[str, ...], str]] = [(("notices", "language"), config.notices.language)]
    named += [(("domains", name, "language"), domain.language) for name, domain in config.domains.items()]
    for path, language in named:
        if language and language not in known:
            yield Problem(
                line=line_of(text, path),
                text=f"{'.'.join(path)}: there is no language {language!r}.",
                advice=f"Write one of: {', '.join(known)}.",
            )
