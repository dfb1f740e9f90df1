"""Checks of [imap.NAME]: mailboxes whose mails are faxed."""

import re
from collections.abc import Iterator

from mailfax.config.check import Problem
from mailfax.config.endpoint import IMAP_PORTS, parse_endpoint
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import At
from mailfax.config.tables.imap import Imap

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")  # it becomes part of what a mail's client is called
_FIELD = re.compile(r"[!-9;-~]+")  # RFC 5322 section 2.2
_FOLDER = re.compile(r"[ -~]+")
HERE = {"127.0.0.1", "::1", "localhost"}
_WAYS = ("password_file", "password_credential", "token_file", "token_command")


def imap_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find what is wrong with mailboxes."""
    for name, imap in config.imap.items():
        if not _NAME.fullmatch(name):
            advice = "Use letters, digits, - and _, at most 32."
            yield Problem(line=at("imap", name), text=f"imap: {name!r} cannot name a mailbox.", advice=advice)
        ways = [way for way in _WAYS if getattr(imap, way)]
        if len(ways) != 1:
            said = f"{ways[0]} and {ways[1]} are both there" if ways else "there is no password and no token"
            yield Problem(
                line=at("imap", name, ways[1]) if ways else at("imap", name),
                text=f"imap.{name}: {said}.",
                advice=f"Write one of {', '.join(_WAYS)}.",
            )
        yield from _server(name, imap, at)
        if not _FIELD.fullmatch(imap.recipient_header):
            text = f"imap.{name}.recipient_header: {imap.recipient_header!r} is no name of a header line."
            yield Problem(line=at("imap", name, "recipient_header"), text=text, advice='Write "Delivered-To".')
        yield from _folders(name, imap, at)


def _server(name: str, imap: Imap, at: At) -> Iterator[Problem]:
    try:
        endpoint = parse_endpoint(imap.server, default_port=IMAP_PORTS[imap.tls])
        wrong = "" if endpoint.host and endpoint.port else f"{imap.server!r} names no server"
        if not wrong and imap.tls == "none" and endpoint.host not in HERE:
            wrong = "the password and the mails would go over the network without TLS"
    except ValueError as error:
        wrong = str(error)
    if wrong:
        advice = 'Write for example  server = "imap.example.org" , with  tls = "implicit" .'
        yield Problem(line=at("imap", name, "server"), text=f"imap.{name}.server: {wrong}.", advice=advice)


def _folders(name: str, imap: Imap, at: At) -> Iterator[Problem]:
    folders = {"folder": imap.folder, "sent_folder": imap.sent_folder, "failed_folder": imap.failed_folder}
    for key, folder in folders.items():
        if not _FOLDER.fullmatch(folder):
            text = f"imap.{name}.{key}: {folder!r} has letters that IMAP writes in another way."
            yield Problem(line=at("imap", name, key), text=text, advice="Use a folder with an ASCII name.")
    if len(set(folders.values())) < len(folders):
        text = f"imap.{name}: mails would be put where they are taken from, or the good with the bad."
        yield Problem(line=at("imap", name), text=text, advice="Name three folders.")
