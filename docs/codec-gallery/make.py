"""Make the pictures of docs/codec.md: python docs/codec-gallery/make.py. The same damaged octets, decoded by libtiff and by us."""

import difflib
import io
import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFile, ImageFont

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, EncodeOptions, decode, encode

FOLDER = Path(__file__).parent
WIDTH, ROWS = 1728, 400
SHOWN = (80, 20, 980, 400)  # left, top, right, bottom
TEXT = (
    "The gateway confirmed page 3 of 5 at 14400 bit/s.",
    "Order 4711: 12 boxes of paper, 3 ribbons, 1 lamp.",
    "Please call back before 17:30 on Thursday, 0451 22 18.",
    "Every row that was hit is replaced by the row above;",
    "what follows the hit comes out as it was sent.",
)
CASES = {
    # name: coding, K, octets hit, changed or dropped
    "mh-changed": (Coding.MH, 1, 25, "changed"),
    "mh-dropped": (Coding.MH, 1, 25, "dropped"),
    "mr-changed": (Coding.MR, 4, 12, "changed"),
    "mr-dropped": (Coding.MR, 4, 12, "dropped"),
    "mmr-changed": (Coding.MMR, 1, 1, "changed"),
}


def page() -> Bitmap:
    """Draw a few lines of text in a frame."""
    grey = Image.new("L", (WIDTH, ROWS), 255)
    draw, font = ImageDraw.Draw(grey), ImageFont.truetype("DejaVuSans.ttf", 32)
    for number, text in enumerate(TEXT):
        draw.text((100, 40 + 68 * number), text, 0, font)
    draw.rectangle((90, 28, 960, 380), outline=0, width=3)
    return Bitmap.from_bool(np.asarray(grey) < 165)


def damage(octets: bytes, hits: int, kind: str) -> bytes:
    """Change or drop octets at places that are the same in every run."""
    rng = np.random.default_rng(3)
    damaged = bytearray(octets)
    low, high = (len(octets) // 2, len(octets) // 2 + 1) if hits == 1 else (len(octets) // 10, len(octets) - 200)
    for at in sorted((int(place) for place in rng.integers(low, high, hits)), reverse=True):
        if kind == "dropped":
            del damaged[at]
        else:
            damaged[at] ^= int(rng.integers(1, 256))
    return bytes(damaged)


def by_libtiff(octets: bytes, coding: Coding) -> Bitmap:
    """Decode by libtiff, out of a bare TIFF."""
    tags = [
        (256, 4, WIDTH),
        (257, 4, ROWS),
        (258, 3, 1),
        (259, 3, 4 if coding is Coding.MMR else 3),
        (262, 3, 0),
        (273, 4, 8 + 2 + 10 * 12 + 4),
        (277, 3, 1),
        (278, 4, ROWS),
        (279, 4, len(octets)),
        (293 if coding is Coding.MMR else 292, 4, 1 if coding is Coding.MR else 0),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    tiff = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4) + octets
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Bitmap.from_bool(~np.asarray(Image.open(io.BytesIO(tiff))))


def save(bitmap: Bitmap, name: str) -> None:
    """Save the part of the picture that has something in it."""
    black = np.zeros((ROWS, WIDTH), bool)
    black[: min(ROWS, bitmap.rows)] = bitmap.to_bool()[:ROWS]
    Image.fromarray(~black).crop(SHOWN).save(FOLDER / f"{name}.png", optimize=True)


def account(truth: Bitmap, got: Bitmap) -> str:
    """Count the rows of the page that do not stand in the picture in their order, and those in the picture that are not of the page."""
    rows = [[row.tobytes() for row in bitmap.packed] for bitmap in (truth, got)]
    blocks = difflib.SequenceMatcher(None, *rows, autojunk=False).get_matching_blocks()
    found = sum(block.size for block in blocks)
    return f"{truth.rows - found} lost, {got.rows - found} false"


def main() -> None:
    """Make all pictures and print what was lost."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    truth = page()
    for name, (coding, k, hits, kind) in CASES.items():
        octets = damage(encode(truth, coding, options=EncodeOptions(k=k)), hits, kind)
        decoded = decode(octets, coding, width_px=WIDTH)
        theirs = by_libtiff(octets, coding)
        save(decoded.bitmap, f"{name}-ours")
        save(theirs, f"{name}-libtiff")
        print(
            f"{name}: {hits} of {len(octets)} octets {kind}; of {ROWS} rows: libtiff {account(truth, theirs)}; "
            f"ours {account(truth, decoded.bitmap)}, {decoded.bad_rows} told bad, complete {decoded.complete}"
        )


if __name__ == "__main__":
    main()
