"""Error correction as data: blocks, their frames, and the fields of PPS and PPR (T.30 annex A, T.4 annex A). Pure functions.

Called by `caller_ecm` and `answerer_ecm`. A page is cut into frames of 256 or 64 octets, 256 frames are a block, and each
block ends with a PPS. Numbers travel with their first bit least significant (T.4, A.3.6.1), so they are turned here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from mailfax.t30.frames import Fcf
from mailfax.t30.wire import ADDRESS, CONTROL, REVERSED, octet

FCD = octet("0110 0000")
RCP = octet("0110 0001")
RCP_FRAME = bytes((ADDRESS, CONTROL, RCP))
RCPS = 3  # T.4, A.3.5: return to control for partial page, three times
FRAMES_PER_BLOCK = 256
_X_BIT = 0x80
_COUNTER = 256  # page and block counters are modulo 256 (A.4.3)
_PPR_OCTETS = 32


class PageEnd(Enum):
    """The second facsimile control field of PPS and EOR (A.4.3): NULL where the page goes on, else its end."""

    NULL = None
    EOM = Fcf.EOM
    MPS = Fcf.MPS
    EOP = Fcf.EOP
    EOS = Fcf.EOS
    PRI_EOM = Fcf.PRI_EOM
    PRI_MPS = Fcf.PRI_MPS
    PRI_EOP = Fcf.PRI_EOP

    @property
    def command(self) -> Fcf | None:
        """Return the command that would say the same without error correction; None for NULL."""
        value: Fcf | None = self.value
        return value

    @property
    def code(self) -> int:
        """Return the octet, printed 1111 xxxx for all but NULL."""
        return self.command.code | _X_BIT if self.command else 0

    def __str__(self) -> str:
        """Return the name as T.30 writes it."""
        return self.name.replace("_", "-")


_ENDS = {end.code & ~_X_BIT: end for end in PageEnd}


@dataclass(frozen=True, kw_only=True, slots=True)
class PartialPage:
    """What a PPS says: how the page ends or goes on, and which block of which page had how many frames."""

    end: PageEnd
    page: int
    block: int
    frames: int

    @property
    def fif(self) -> bytes:
        """Write the FIF; the counters are taken modulo 256."""
        numbers = (self.page % _COUNTER, self.block % _COUNTER, self.frames - 1)
        return bytes((self.end.code, *(REVERSED[number] for number in numbers)))

    @classmethod
    def parse(cls, fif: bytes) -> "PartialPage | None":
        """Read the FIF; None when its end of page is none of A.4.3."""
        end = page_end(fif)
        return end and cls(end=end, page=REVERSED[fif[1]], block=REVERSED[fif[2]], frames=REVERSED[fif[3]] + 1)

    @property
    def key(self) -> tuple[int, int]:
        """Return what tells this block from others."""
        return self.page, self.block


def page_end(fif: bytes) -> PageEnd | None:
    """Read the second control field of a PPS or EOR, whatever its X bit."""
    return _ENDS.get(fif[0] & ~_X_BIT) if fif else None


def cut_blocks(octets: bytes, frame_octets: int) -> list[list[bytes]]:
    """Cut a page into blocks of frame data; the last frame is filled with zeros (T.4, A.3.6.2). No page is without a frame."""
    data = [octets[at : at + frame_octets].ljust(frame_octets, b"\0") for at in range(0, len(octets), frame_octets)]
    data = data or [bytes(frame_octets)]
    return [data[at : at + FRAMES_PER_BLOCK] for at in range(0, len(data), FRAMES_PER_BLOCK)]


def block_frames(block: list[bytes], numbers: Iterable[int]) -> tuple[bytes, ...]:
    """Write the frames of one transmission: the FCDs with these numbers, then the RCPs."""
    fcds = (bytes((ADDRESS, CONTROL, FCD, REVERSED[number])) + block[number] for number in numbers)
    return (*fcds, *(RCP_FRAME,) * RCPS)


def read_fcds(frames: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Read the numbered frames of one transmission; all else, RCP too, is passed over."""
    for frame in frames:
        if len(frame) > 4 and frame[0] == ADDRESS and frame[2] & ~_X_BIT == FCD:
            yield REVERSED[frame[3]], frame[4:]


def request_map(right: Iterable[int]) -> bytes:
    """Write the FIF of a PPR: 256 bits, the first for frame 0, and 1 for every frame that is not right (A.4.4)."""
    wanted = (1 << FRAMES_PER_BLOCK) - 1
    for number in right:
        wanted &= ~(1 << FRAMES_PER_BLOCK - 1 - number)
    return wanted.to_bytes(_PPR_OCTETS, "big")


def requested(fif: bytes, frames: int) -> list[int]:
    """Read a PPR: which of the frames 0 to `frames` - 1 are wanted again."""
    bits = int.from_bytes(fif[:_PPR_OCTETS].ljust(_PPR_OCTETS, b"\0"), "big")
    return [number for number in range(frames) if bits >> FRAMES_PER_BLOCK - 1 - number & 1]
