"""The one file that says what this gateway is: read here and nowhere else, checked with line and advice.

`load` turns TOML into a frozen `Config` (schema.py); `daemon` makes the packages' own settings from it. `embedded_default` is
the configuration of `mailfax serve` without a file: a virtual telephone exchange, mail on loopback, no root.
"""

import tomllib
from pathlib import Path

import msgspec

from mailfax.config.check import ConfigError, Problem, decode_path, shape_problems, syntax_problem
from mailfax.config.covers import cover_problems
from mailfax.config.schema import Config
from mailfax.config.sense import language_problems, profile_problems, sense_problems
from mailfax.config.tables.imap import Imap

__all__ = ["EMBEDDED_DEFAULT", "Config", "ConfigError", "Problem", "embedded_default", "load", "parse"]

EMBEDDED_DEFAULT = """\
# mailfax, embedded default: a virtual telephone exchange with two lines on this one gateway, mail on loopback only.
data_dir = "mailfax-data"

[smtp]
listen = ["127.0.0.1:8025"]

[domains."fax.lan"]
lengths = [7]

[domains."fax.local"]
lengths = [7]

[receive]
catch_all = "faxmaster@fax.lan"
own_numbers = "call"             # so that the exchange has something to do; a gateway of your own needs no call to itself

[receive.did]
5551234 = ["sales@fax.lan"]
55512xx = ["office@fax.lan"]

[mail]
maildir = "mailfax-data/mailboxes"

[identity]
station_id = "5550001"
name = "mailfax demo"

[lines.out]
kind = "virtual"
number = "5550001"
receive = false

[lines.in]
kind = "virtual"
number = "5550002"
send = false

[exchange.routes]
"*" = ["in"]
"""


def load(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError naming every problem, OSError when it cannot be read."""
    octets = path.read_bytes()
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise ConfigError((Problem(line=line, text="this is not UTF-8.", advice="Save the file as UTF-8."),)) from None
    return parse(text, path.resolve().parent)


def embedded_default(folder: Path) -> Config:
    """Return the configuration of `mailfax serve` without a file, with its data below `folder`."""
    return parse(EMBEDDED_DEFAULT, folder.resolve())


def parse(text: str, folder: Path) -> Config:
    """Read TOML text; relative paths are relative to `folder`. Raises ConfigError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((syntax_problem(error),)) from None
    problems = list(shape_problems(data, text))
    if problems:
        raise ConfigError(tuple(sorted(problems, key=lambda problem: problem.line)))
    config = msgspec.convert(data, Config, dec_hook=decode_path)
    anchored = _anchored(config, folder)
    problems = [
        *sense_problems(config, text),
        *profile_problems(anchored, text),
        *cover_problems(anchored, text),
        *language_problems(anchored, text),
    ]
    if problems:
        raise ConfigError(tuple(sorted(problems, key=lambda problem: problem.line)))
    return anchored


def _anchored(config: Config, folder: Path) -> Config:
    """Make every path absolute, so that it means the same in every process."""
    mail = msgspec.structs.replace(
        config.mail,
        maildir=None if config.mail.maildir is None else folder / config.mail.maildir,
        password_file=None if config.mail.password_file is None else folder / config.mail.password_file,
        ca_file=None if config.mail.ca_file is None else folder / config.mail.ca_file,
    )
    smtp = msgspec.structs.replace(
        config.smtp,
        certificate=None if config.smtp.certificate is None else folder / config.smtp.certificate,
        key=None if config.smtp.key is None else folder / config.smtp.key,
    )
    imap = {name: _anchored_mailbox(mailbox, folder) for name, mailbox in config.imap.items()}
    modems = msgspec.structs.replace(
        config.modems,
        profiles=None if config.modems.profiles is None else folder / config.modems.profiles,
        lock_folder=None if config.modems.lock_folder is None else folder / config.modems.lock_folder,
    )
    render = msgspec.structs.replace(config.render, fonts=tuple(folder / font for font in config.render.fonts))
    cover = msgspec.structs.replace(
        config.cover, folder=None if config.cover.folder is None else folder / config.cover.folder
    )
    spool = msgspec.structs.replace(
        config.spool,
        password_file=None if config.spool.password_file is None else folder / config.spool.password_file,
        pages_folder=None if config.spool.pages_folder is None else folder / config.spool.pages_folder,
    )
    lists = {
        name: msgspec.structs.replace(
            each,
            members=None if each.members is None else folder / each.members,
            password_file=None if each.password_file is None else folder / each.password_file,
        )
        for name, each in config.lists.items()
    }
    notices = msgspec.structs.replace(
        config.notices, languages=None if config.notices.languages is None else folder / config.notices.languages
    )
    webhooks = {
        name: msgspec.structs.replace(hook, secret_file=None if hook.secret_file is None else folder / hook.secret_file)
        for name, hook in config.webhooks.items()
    }
    schedules = {
        name: msgspec.structs.replace(
            each,
            folder=None if each.folder is None else folder / each.folder,
            file=None if each.file is None else folder / each.file,
        )
        for name, each in config.schedules.items()
    }
    config = msgspec.structs.replace(config, lists=lists, schedules=schedules)
    return msgspec.structs.replace(
        config,
        data_dir=folder / config.data_dir,
        smtp=smtp,
        mail=mail,
        imap=imap,
        notices=notices,
        webhooks=webhooks,
        render=render,
        modems=modems,
        cover=cover,
        spool=spool,
    )


def _anchored_mailbox(mailbox: Imap, folder: Path) -> Imap:
    return msgspec.structs.replace(
        mailbox,
        password_file=None if mailbox.password_file is None else folder / mailbox.password_file,
        token_file=None if mailbox.token_file is None else folder / mailbox.token_file,
        ca_file=None if mailbox.ca_file is None else folder / mailbox.ca_file,
    )
