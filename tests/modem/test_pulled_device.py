"""A device that is pulled while it is open: every way of using the port says so in the same words."""

import os
import pty
import termios

import pytest

from mailfax.modem.at.port import SerialPort
from mailfax.modem.at.settings import FlowControl, ModemSettings
from mailfax.modem.line import LineFault


@pytest.mark.parametrize("use", ["read", "pending", "drop_output"])
def test_a_pulled_device_is_a_fault_of_the_line(use: str) -> None:
    modem, computer = pty.openpty()
    port = SerialPort(ModemSettings(device=os.ttyname(computer), flow_control=FlowControl.NONE))
    os.close(computer)
    os.close(modem)
    with pytest.raises(LineFault, match="cannot be used"):
        getattr(port, use)()
    port.drop_dtr()  # hanging up and closing what is gone does no harm
    port.raise_dtr()
    port.close()


def test_a_device_that_is_pulled_while_it_is_opened_is_a_fault_of_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    modem, computer = pty.openpty()

    def pulled(*_: object) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr(termios, "tcsetattr", pulled)
    with pytest.raises(LineFault, match="cannot be used"):
        SerialPort(ModemSettings(device=os.ttyname(computer), flow_control=FlowControl.NONE))
    os.close(computer)
    os.close(modem)
