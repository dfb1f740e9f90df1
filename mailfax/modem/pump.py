"""Joins an engine, a line and a keeper: the one loop in which every live call runs."""

from typing import Protocol, assert_never

from mailfax.model.call import CallResult
from mailfax.modem.line import Line
from mailfax.t30.commands import (
    Command,
    Engine,
    FetchPage,
    KeeperCommand,
    KeeperResult,
    Note,
    Pause,
    ReceiveBlock,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    Result,
    SendBlock,
    SendFrames,
    SendPage,
    SendTraining,
    StoreBlock,
    StorePage,
)


class Keeper(Protocol):
    """The side of a call that owns the disk: pages to send, pages received, and the call's journal."""

    def perform(self, command: KeeperCommand) -> KeeperResult:
        """Carry out one command at once; durable before it returns where the command says so."""
        ...


def run_call(engine: Engine, line: Line, keeper: Keeper) -> CallResult:
    """Run the engine to its end over `line`; the line is hung up whatever happens."""
    try:
        command = next(engine)
        while True:
            command = engine.send(_perform(command, line, keeper))
    except StopIteration as end:
        result: CallResult = end.value
        return result
    finally:
        line.hang_up()


def _perform(command: Command, line: Line, keeper: Keeper) -> Result:
    match command:
        case SendFrames() | SendTraining() | SendPage() | SendBlock() | Pause():
            return line.perform(command)
        case ReceiveFrames() | ReceiveTraining() | ReceivePage() | ReceiveBlock():
            return line.perform(command)
        case FetchPage() | StorePage() | StoreBlock() | Note():
            return keeper.perform(command)
        case _:
            assert_never(command)
