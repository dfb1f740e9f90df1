"""What a decoder that was taken over could do: nothing. These tests fail, and do not skip, on a machine that cannot hold one."""

import multiprocessing
import socket
from collections.abc import Iterator
from multiprocessing.context import BaseContext

import pytest
from pages import Render, pixels

from mailfax.daemon.checks import confinement_finding
from mailfax.render.confine import Layer, trespasses
from mailfax.render.sandbox import Confinement, confinement, render_in_child
from mailfax.render.settings import RenderSettings


@pytest.fixture(scope="module")
def context() -> BaseContext:
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(["mailfax.warm"])
    return forkserver


@pytest.fixture
def silent_listener() -> Iterator[int]:
    """A port on which nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        yield listener.getsockname()[1]
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_child_is_held_by_both_layers_and_nothing_it_tries_works(context: BaseContext) -> None:
    held = confinement(context)
    assert held.layers == {Layer.LANDLOCK, Layer.SECCOMP}
    assert held.trespasses == ()
    assert confinement_finding(held) is None


def test_the_attempts_do_work_where_nothing_holds_them() -> None:
    assert set(trespasses()) == {"read files", "write files", "open sockets", "start processes"}


def test_check_names_a_layer_that_is_lacking() -> None:
    weak = confinement_finding(Confinement(layers=frozenset({Layer.SECCOMP}), trespasses=("read files",)))
    assert weak is not None
    assert "not held back by Landlock; a decoder that was taken over could read files" in weak.text


def test_html_reaches_no_file_and_no_server(context: BaseContext, rendered: Render, silent_listener: int) -> None:
    server = f"http://127.0.0.1:{silent_listener}"
    nasty = f"""Content-Type: text/html\n\n<html><head><base href="{server}/"><link rel=stylesheet href="{server}/a.css">
        <style>@import url({server}/b.css); @font-face{{font-family:f;src:url({server}/f.ttf)}} p{{font-family:f}}
        div{{background:url({server}/c.png)}}</style><script src="{server}/d.js"></script><script>document.write("X")</script></head>
        <body onload="fetch('{server}/e')"><p>seen</p><div>seen</div><img src="{server}/f.png"><img src="g.png">
        <img src="file:///etc/passwd"><iframe src="file:///etc/passwd"></iframe><object data="{server}/h"></object>
        <embed src="{server}/i"><svg width=9 height=9><image href="{server}/j.png"/><use href="file:///etc/passwd#x"/></svg>
        <img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{server}/k.png'/></svg>">
        </body></html>"""
    plain = b"Content-Type: text/html\n\n<p>seen</p><div>seen</div>"
    in_process = rendered(nasty.encode())
    in_child = render_in_child(nasty.encode(), RenderSettings(), lambda _page, _total: None, context)
    assert in_child == in_process
    assert "on other servers were not fetched" in in_child.account[0].note
    ink = [int(pixels(each.pages[0].fine).sum()) for each in (in_child, rendered(plain))]
    assert ink[0] < 2 * ink[1]  # an account of this machine's users would be far more
