"""Mail in and out: the door, mailboxes that are fetched from, the ways to other servers."""

import os
from ipaddress import ip_network
from pathlib import Path

from mailfax.config import Config
from mailfax.config.endpoint import IMAP_PORTS, SMTP_PORT, parse_endpoint, unix_path
from mailfax.config.tables.imap import Imap
from mailfax.config.tables.mail import Mail
from mailfax.daemon.build.units import MB
from mailfax.gateway.mailboxes import FetchPolicy
from mailfax.model.user import user_name
from mailfax.smtp.fetched import ImapAccount
from mailfax.smtp.settings import Entrance, Listen, SmtpSettings, TlsFiles
from mailfax.smtp.ways import LMTP_PORT, LmtpServer, Local, Maildirs, OutgoingSettings, Smarthost, TlsMode

CREDENTIALS_OF_SERVICE = "/run/credentials/mailfax.service"


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
