"""The joined pair of one process: the rules of a line hold there too."""

from concurrent.futures import ThreadPoolExecutor

from virtual_support import DIS

from mailfax.modem.line import DialResult, IncomingCall
from mailfax.modem.virtual.pair import join
from mailfax.t30.commands import Disconnected, FramesHeard, ReceiveFrames, SendFrames, Sent

LISTEN = ReceiveFrames(timeout_s=35.0)


def test_a_call_between_two_threads() -> None:
    calling, called = join(caller="5550001")
    with ThreadPoolExecutor() as pool:
        dialled = pool.submit(calling.dial, "5551234")
        assert called.wait_for_call(60.0) == IncomingCall(called="5551234", caller="5550001")
        assert called.answer()
        assert dialled.result() is DialResult.CONNECTED
        heard = pool.submit(calling.perform, LISTEN)
        sent = pool.submit(called.perform, SendFrames(frames=(DIS,)))
        result = heard.result()
        assert isinstance(result, FramesHeard)
        assert result.frames == (DIS,)
        listening = pool.submit(calling.perform, LISTEN)
        assert isinstance(sent.result(), Sent)
        called.hang_up()
        end = listening.result()
    assert isinstance(end, Disconnected)
    assert not end.ours
    assert calling.seconds == end.at_s


def test_nobody_there_to_answer_and_nobody_there_to_be_answered() -> None:
    calling, called = join()
    called.hang_up()
    assert calling.dial("5551234") is DialResult.NO_ANSWER
    calling, called = join()
    calling.close()
    assert called.wait_for_call(0.0) is None
    assert not called.answer()


def test_stop_ends_every_wait() -> None:
    calling, called = join()
    with ThreadPoolExecutor() as pool:
        dialled = pool.submit(calling.dial, "5551234")
        called.wait_for_call(60.0)
        called.answer()
        dialled.result()
        listening = pool.submit(calling.perform, LISTEN)
        calling.stop()
        end = listening.result()
        assert isinstance(end, Disconnected)
        assert end.ours
    assert calling.dial("5551234") is DialResult.STOPPED
    calling.hang_up()
    heard = called.perform(LISTEN)
    assert isinstance(heard, Disconnected)
    assert not heard.ours
