"""Other people's mails and documents (MAILFAX_CORPUS): each becomes what docs/rendering.md says, within its limits."""

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import corpus_runs
import pytest
from corpus_runs import MOST_MB, MOST_S, expected, files_of, needs_office, run

from mailfax.render.charset import decode_text
from mailfax.render.mime import parts_of
from mailfax.render.warm import warm
from mailfax.t4codec import warm as warm_codec

# Words that show that the charset was understood, whatever the mail said of it.
LEGIBLE = {
    "shift-jis-8bit.eml": "このメールはテスト用のメールです",
    "iso-2022-jp.eml": "すみません",
    "utf7.eml": "Die Hasen klagten einst über ihre mißliche Lage",
    "big5-detect.eml": "夫九州之人，言語不同",
    "bilingual-yahoo.eml": "линия по-русски",
    "outlook-tnef-ukrainian.eml": "шостий",
    "utf16-parts.eml": "『世界人権宣言』",
}


@pytest.mark.parametrize("folder", ["mail", "html", "image", "pdf", "hostile"])
def test_every_file_becomes_what_the_table_says_in_seconds_and_little_memory(corpus: Path, folder: str) -> None:
    warm()
    warm_codec()
    table = expected()
    for path in files_of(corpus, folder):
        if needs_office(path):
            continue
        once = run(path)
        assert once.result == table[f"{folder}/{path.name}"], path.name
        assert once.processor_s < MOST_S, path.name  # other work on the machine does not stretch it by much
        assert once.megabytes < MOST_MB, path.name
    assert not multiprocessing.active_children()


@pytest.mark.interop
@pytest.mark.timeout(1200)
def test_the_whole_corpus_alone_touches_no_network_and_leaves_no_process(corpus: Path, tmp_path: Path) -> None:
    """In a network namespace in which every address is this machine, and a process namespace in which we are the first."""
    out = tmp_path / "found.json"
    alone = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc"]
    program = [sys.executable, corpus_runs.__file__, str(corpus), "--alone", str(out)]
    subprocess.run([*alone, *program], check=True, timeout=1100)
    found = json.loads(out.read_text())
    assert found["results"] == expected()
    assert len(found["results"]) == 134
    assert {name: took for name, took in found["seconds"].items() if took >= MOST_S} == {}
    assert (found["packets"], found["packets_if_one_is_sent"]) == (0, 1)
    assert found["processes"] == []


@pytest.mark.parametrize(("name", "words"), LEGIBLE.items())
def test_text_is_legible_whatever_its_charset(corpus: Path, name: str, words: str) -> None:
    parts = [part for part in parts_of((corpus / "mail" / name).read_bytes()) if not part.skip]
    assert any(words in decode_text(part.octets, part.charset) for part in parts)
