"""`mailfax demo`: mails become faxes and faxes become mails on this machine alone, and every page is compared.

It is a client like any other: it starts `mailfax serve` in a fresh folder, posts mails by SMTP, watches the control socket, and
judges what arrived in the Maildirs with libtiff. Exit status 0 only when every page arrived equal to what was sent.
"""

from mailfax.demo.run import run

__all__ = ["run"]
