"""The committed seeds of the fuzz target are what the target takes them for: each decodes to the page it was made from."""

import sys
from pathlib import Path

import pytest
from fuzz_input import read_input

from mailfax.t4codec import decode
from mailfax.t4codec.t85 import decode_t85

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fax"
sys.path.insert(0, str(FIXTURES))

import make_seeds  # noqa: E402  (it lives beside its seeds)


def test_the_seeds_are_those_that_their_maker_makes() -> None:
    committed = {path.name: path.read_bytes() for path in make_seeds.SEEDS.iterdir()}
    assert committed == make_seeds.seeds()


@pytest.mark.parametrize("name", sorted(make_seeds.seeds()))
def test_every_seed_decodes_to_its_page(name: str) -> None:
    seed = read_input((make_seeds.SEEDS / name).read_bytes())
    assert seed
    if seed.coding:
        decoded = decode(seed.octets, seed.coding, width_px=seed.width_px, options=seed.options)
        assert decoded.bad_rows == 0
        assert decoded.complete == ("open" not in name)
    else:
        decoded = decode_t85(seed.octets, width_px=seed.width_px)
    assert decoded.bitmap == make_seeds.page(seed.width_px)
