"""What one mail asks of its rendering, in headers and subject tags that its sender wrote (`model.options`). Read by `story`."""

import re
from email.parser import BytesHeaderParser

from mailfax.model.options import PageOptions, asked_in_mail, page_options
from mailfax.render.part import decode_words

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def request_of(raw: bytes) -> PageOptions:
    """Read the headers of a mail. Raises OptionFault."""
    headers = BytesHeaderParser().parsebytes(_BLANK_LINE.split(raw, maxsplit=1)[0])
    fields = [(name, decode_words(str(value)).strip()) for name, value in headers.items()]
    subject = next((value for name, value in fields if name.lower() == "subject"), "")
    return page_options(asked_in_mail(fields, subject))
