"""What a Class 1 line is told beside what holds for any modem. Made by `config` or by `mailfax modem`."""

from dataclasses import dataclass

from mailfax.modem.at.settings import ModemSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Class1Settings(ModemSettings):
    """One modem in Class 1, and its line."""

    adaptive: str = ""  # turns on that V.21 in place of an image carrier is reported (+FRH:3); may be refused
    transmit: str = ""  # instead of the answer to +FTM=?, for a modem that does not tell the truth
    receive: str = ""  # and to +FRM=?
    after_training: str = ""  # waits for silence after a TCF, for a modem that says OK while its carrier is still there
    silence_by_frs: bool = True  # else +FTS: some modems reset themselves at +FRS
    page_limit_s: float = 900.0
    # Zeros after RTC, so that nothing of it stays in the modem; to the far end they are fill (T.4, 4.1.3).
    page_tail_octets: int = 20
    fcs_octets: int = 2  # modems hand on the FCS behind a frame (T.31, +FRH); a few keep it
