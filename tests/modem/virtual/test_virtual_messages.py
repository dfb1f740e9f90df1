"""Only our own values travel, and they arrive as they were; a stranger's octets are refused."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailfax.modem.line import DialResult, IncomingCall
from mailfax.modem.virtual.damage import Between, BitErrors, Damage, Injury
from mailfax.modem.virtual.messages import (
    LENGTH_OCTETS,
    MAX_OCTETS,
    CallRecord,
    Calls,
    Dialled,
    Message,
    MessageError,
    Perform,
    Performed,
    Ringing,
    body_length,
    decode,
    encode,
)
from mailfax.modem.virtual.signals import Side
from mailfax.t30.commands import FramesHeard, PageHeard, SendFrames, SendPage
from mailfax.t30.modulation import Modulation

INJURY = Injury(
    damage=Damage(side=Side.CALLED, where=Between(from_s=1.5), harm=BitErrors(rate=0.25, seed=7)), at_s=2.5, bits=3
)
EVERYTHING: list[Message] = [
    Perform(command=SendPage(modulation=Modulation.V29_7200, short_training=True, octets=bytes(range(256)))),
    Perform(command=SendFrames(frames=(b"\xff\xc0\x02", b"\xff\xc8\x01"), silence_s=0.075)),
    Performed(result=PageHeard(octets=b"\x00\xff", at_s=0.1 + 0.2, carrier_lost=True)),
    Performed(result=FramesHeard(frames=(), damaged=2, at_s=1.0)),
    Dialled(result=DialResult.BUSY),
    Ringing(call=IncomingCall(called="5551234", caller="+49 30 1", caller_name="Käthe")),
    Calls(
        records=(
            CallRecord(calling_line="a", called_line="b", called="1", caller="2", seconds=9.5, injuries=(INJURY,)),
        )
    ),
]


@pytest.mark.parametrize("message", EVERYTHING, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was(message: Message) -> None:
    octets = encode(message)
    assert body_length(octets[:LENGTH_OCTETS]) == len(octets) - LENGTH_OCTETS
    assert decode(octets[LENGTH_OCTETS:]) == message


def test_an_endless_window_travels() -> None:
    assert INJURY.damage.where == Between(from_s=1.5, until_s=math.inf)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_a_strangers_octets_are_refused(octets: bytes) -> None:
    with pytest.raises(MessageError):
        decode(octets)


@pytest.mark.parametrize(
    "plain",
    [
        {"Path": ["/etc/passwd"]},
        {"HangUp": {}},
        {"Dial": ["5551234"]},
        {"HangUp": [], "Answer": []},
        {"IncomingCall": ["1", "2", "3"]},
        {"DialResult": "SOMETHING"},
        ["HangUp"],
        None,
    ],
)
def test_what_is_no_message_of_ours_is_refused(plain: object) -> None:
    with pytest.raises(MessageError):
        decode(msgspec.msgpack.encode(plain))


def test_a_length_beyond_all_pages_is_refused() -> None:
    with pytest.raises(MessageError):
        body_length((MAX_OCTETS + 1).to_bytes(LENGTH_OCTETS, "big"))
