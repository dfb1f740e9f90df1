"""What a Class 2 line is told beside what holds for any modem. Made from a profile by `modem.opening`."""

from dataclasses import dataclass

from mailfax.modem.at.settings import ModemSettings
from mailfax.modem.profile import FaxClass, StartReceive

# The octet that asks the modem for a page after +FDR: DC1 in SP-2388, DC2 in the standards; makers swap them.
START_OCTETS = {StartReceive.DC1: b"\x11", StartReceive.DC2: b"\x12"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Class2Settings(ModemSettings):
    """One modem in Class 2, 2.0 or 2.1, and its line.

    `bit_order` is sent at the start, where it is not the modem's own. `send_reversed` and `receive_reversed`: page data has the
    first bit of the line in the most significant place of an octet all the same. `wait_for_xon`: the modem says XON once it takes
    a page. `send_rtc`: it does not end a page by itself. `hex_numbers`: parameters are hexadecimal, as T.32 has them.
    """

    fax_class: str = FaxClass.CLASS2
    bit_order: str = ""
    send_reversed: bool = False
    receive_reversed: bool = False
    start_receive: StartReceive = StartReceive.DC2
    wait_for_xon: bool = False
    send_rtc: bool = False
    hex_numbers: bool = True
    copy_quality: str = ""
    polls: bool = False  # calls are made to fetch what the far machine offers
    # The modem keeps T.30's own times; these only end what it would never end. Dialling and answering include phase B: T1 is
    # 35 s, and three trainings at each of six rates take a minute and a half.
    dial_timeout_s: float = 65.0 + 130.0
    answer_timeout_s: float = 130.0
    page_start_s: float = 130.0  # from +FDT or +FDR to CONNECT: a retraining, or the wait for a page (T2, T1)
    page_end_s: float = 90.0  # from the end of a page to what became of it, beyond the time that its octets take
    page_idle_s: float = 60.0  # between octets of a page that comes; error correction may stop them for long
    page_limit_s: float = 900.0
    xon_s: float = 10.0

    @property
    def generation(self) -> FaxClass:
        """Return the class as what it is."""
        return FaxClass(self.fax_class)
