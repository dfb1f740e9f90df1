"""The T.85 tools of jbigkit (Debian jbigkit-bin), as an oracle."""

import subprocess
from pathlib import Path

from mailfax.t4codec import Bitmap


def jbigkit_encodes(page: Bitmap, folder: Path, *options: str) -> bytes:
    plain, coded = folder / "page.pbm", folder / "page.jbg"
    plain.write_bytes(b"P4\n%d %d\n" % (page.width_px, page.rows) + page.octets())
    subprocess.run(["pbmtojbg85", *options, plain, coded], check=True)
    return coded.read_bytes()


def jbigkit_decodes(octets: bytes, width_px: int, folder: Path) -> Bitmap:
    plain, coded = folder / "page.pbm", folder / "page.jbg"
    coded.write_bytes(octets)
    subprocess.run(["jbgtopbm85", coded, plain], check=True)
    return Bitmap.from_octets(width_px, plain.read_bytes().split(b"\n", 3)[-1])
