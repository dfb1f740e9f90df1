"""What a transmitter says beside its number: for whom behind the far machine (SUB), and who sends (SID). Used by both engines.

The far end has to say in its DIS that it understands them (T.30, table 2, bits 49 and 50), and the DCS says that they are sent.
"""

from dataclasses import dataclass

from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import Dis
from mailfax.t30.frames import Fcf, identification_fif

# Each frame of the burst in its order (5.3.6.1.3), and the bit of the DIS that asks for it; the same bit of the DCS announces it.
BITS = {Fcf.SUB: Bit.SUBADDRESS, Fcf.SID: Bit.PASSWORD}


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressing:
    """`subaddress` is for whom, `sender_id` who sends or with which password; both up to 20 characters, or empty.

    With `needs_subaddress` a fax does not go to a machine that takes none: whoever stands beside it would get it
    (RFC 4160 section 3.2.2: a subaddress in the address MUST be sent).
    """

    subaddress: str = ""
    sender_id: str = ""
    needs_subaddress: bool = True

    def frames(self, dis: Dis) -> list[tuple[Fcf, bytes]]:
        """Return the frames that go before TSI and DCS to a far end with this DIS."""
        wanted = {Fcf.SUB: self.subaddress, Fcf.SID: self.sender_id}
        return [(fcf, identification_fif(text)) for fcf, text in wanted.items() if text and dis.has(BITS[fcf])]

    def lost_on(self, dis: Dis) -> bool:
        """Say whether the far end takes no subaddress although one is to be sent."""
        return bool(self.subaddress) and not dis.has(Bit.SUBADDRESS)


NO_ADDRESSING = Addressing()
