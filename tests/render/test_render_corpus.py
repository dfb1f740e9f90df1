"""Other people's mails and documents (MAILFAX_CORPUS): each becomes what docs/rendering.md says, within its limits."""

import multiprocessing
from pathlib import Path

import pytest
from corpus_runs import MOST_MB, MOST_S, WITH_OFFICE, expected, files_of, run

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


@pytest.mark.parametrize("folder", ["mail", "html", "image", "hostile"])
def test_every_file_becomes_what_the_table_says_in_seconds_and_little_memory(corpus: Path, folder: str) -> None:
    warm()
    warm_codec()
    table = expected()
    for path in files_of(corpus):
        if path.parent.name != folder:
            continue
        once = run(path)
        assert once.result == table[f"{folder}/{path.name}"], path.name
        assert path.name in WITH_OFFICE or once.seconds < MOST_S, path.name
        assert once.megabytes < MOST_MB, path.name
    assert not multiprocessing.active_children()


def test_every_pdf_is_faxed_or_refused_by_name(corpus: Path) -> None:
    results = {path.name: run(path).result for path in sorted((corpus / "pdf").iterdir())}
    refused = {name: result for name, result in results.items() if result.startswith("refused")}
    assert set(refused) == {"password-needed.pdf"}
    assert "needs a password" in refused["password-needed.pdf"]


@pytest.mark.parametrize(("name", "words"), LEGIBLE.items())
def test_text_is_legible_whatever_its_charset(corpus: Path, name: str, words: str) -> None:
    parts = [part for part in parts_of((corpus / "mail" / name).read_bytes()) if not part.skip]
    assert any(words in decode_text(part.octets, part.charset) for part in parts)
