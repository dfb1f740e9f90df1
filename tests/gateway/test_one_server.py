"""One server works in a data folder, and one that cannot start says why in a sentence."""

import socket
from pathlib import Path

import pytest

from mailfax.config import EMBEDDED_DEFAULT, Config, parse
from mailfax.daemon import server


def config(folder: Path, listen: str = "127.0.0.1:0") -> Config:
    return parse(EMBEDDED_DEFAULT.replace("127.0.0.1:8025", listen), folder)


def test_a_second_server_in_the_same_folder_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "mailfax-data").mkdir()
    with (
        server._only_server(tmp_path / "mailfax-data"),
        pytest.raises(server.CannotServe, match=r"another mailfax serves .* already; stop it"),
    ):
        server.serve(config(tmp_path))


def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(server.CannotServe, match=rf"cannot listen on {listen}.*: .*choose another address"):
            server.serve(config(tmp_path, listen))
