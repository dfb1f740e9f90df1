"""mailfax: the gateway between e-mail and the telephone network's fax machines."""

__version__ = "0.1.0"
