"""What a mail asks of its fax reaches the line, for each recipient his own; what is not known is refused before it is taken (MI9)."""

import contextlib
import smtplib
from dataclasses import replace

import numpy as np
import pytest
from gateway_patient import Patient
from gateway_server import Letter, letter

from mailfax.daemon import build
from mailfax.model.page import Coding, Resolution
from mailfax.render.paper import PAPERS
from mailfax.spool.blobs import BlobStore
from mailfax.t4codec import decode


def with_header(posted: Letter, header: bytes) -> Letter:
    return replace(posted, octets=header + b"\r\n" + posted.octets)


def test_each_recipient_gets_his_resolution(patient: Patient) -> None:
    posted = letter("dora@example.org", "5558101", "5558102+standard", pages=1)
    assert patient.server.post(posted)
    headed = with_header(letter("emil@example.org", "5558103", "5558104+fine", pages=1), b"X-Fax-Resolution: standard")
    assert patient.server.post(headed)
    with patient.server.store() as store:
        patient.server.wait_until_books_are_closed(store)
        came = {
            fax.called: {page.blob.resolution for page in fax.pages if page.blob}
            for fax in store.faxes()
            if fax.called.startswith("55581")
        }
    assert came == {
        "5558101": {Resolution.FINE},
        "5558102": {Resolution.STANDARD},
        "5558103": {Resolution.STANDARD},
        "5558104": {Resolution.FINE},
    }


@pytest.mark.parametrize(
    ("word", "number", "resolution"),
    [
        (b"superfine", "5558111", Resolution.SUPERFINE),
        (b"300", "5558112", Resolution.INCH_300),
        (b"400", "5558113", Resolution.ULTRAFINE),
    ],
)
def test_more_dots_than_fine_reach_a_machine_that_has_them_pel_for_pel(
    patient: Patient, word: bytes, number: str, resolution: Resolution
) -> None:
    posted = with_header(letter("karl@example.org", number, pages=1), b"X-Fax-Resolution: " + word)
    assert patient.server.post(posted)
    with (
        patient.server.store() as store,
        contextlib.closing(BlobStore(build.spool_settings(patient.server.config))) as blobs,
    ):
        patient.server.wait_until_books_are_closed(store)
        [fax] = [fax for fax in store.faxes() if fax.called == number]
        [job] = [job for job in store.jobs() if job.number == number]
        document = store.document(job.submission_id)
        assert document is not None
        [sent], [came] = document.for_job(job.id).pages, [page.blob for page in fax.pages if page.blob]
        assert sent.dense is not None
        assert came.resolution is sent.dense.resolution is resolution
        assert came.width_px == sent.dense.width_px == resolution.width_px(1728)
        page, body = (
            decode(blobs.get(blob.digest), Coding.MMR, width_px=blob.width_px).bitmap.to_bool()
            for blob in (came, sent.dense)
        )
        strip = PAPERS[resolution].strip_rows
        assert page[:strip].any()
        assert np.array_equal(page[strip:], body)


def test_of_a_number_named_twice_the_first_options_hold_and_the_answer_says_so(patient: Patient) -> None:
    host, _, port = patient.server.smtp_address.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=60) as client:
        client.ehlo()
        client.mail("ida@example.org")
        said = [client.rcpt(f"{local}@fax.lan") for local in ("5558108+standard", "555-8108+fine+nocover", "5558108")]
        assert client.data(letter("ida@example.org", "5558108", pages=1).octets)[0] == 250
    assert [code for code, _ in said] == [250, 250, 250]
    assert [words.partition(b"faxed")[2] for _, words in said] == [
        b"",
        b"; named twice, resolution=standard of the first time holds",
        b"",
    ]
    with patient.server.store() as store:
        [job] = [job for job in store.jobs() if job.number == "5558108"]
        assert (job.recipient.options.resolution, job.recipient.options.cover) == (Resolution.STANDARD, "none")
        patient.server.wait_until_books_are_closed(store)


def test_a_mail_may_ask_for_wide_paper(patient: Patient) -> None:
    assert patient.server.post(with_header(letter("hans@example.org", "5558107", pages=1), b"X-Fax-Paper: A3"))
    with patient.server.store() as store:
        patient.server.wait_until_books_are_closed(store)
        [fax] = [fax for fax in store.faxes() if fax.called == "5558107"]
        assert [page.blob.width_px for page in fax.pages if page.blob] == [2432]


def test_a_header_that_is_not_known_is_refused_by_name(patient: Patient) -> None:
    posted = with_header(letter("fritz@example.org", "5558105", pages=1), b"X-Fax-Resolution: hyperfine")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        patient.server.post(posted)
    assert refused.value.smtp_code == 554
    assert (
        b"5.6.0 X-Fax-Resolution: hyperfine is not known here; it can be standard, fine, superfine"
        in refused.value.smtp_error
    )


def test_a_suffix_that_is_not_known_is_refused_at_its_recipient(patient: Patient) -> None:
    posted = letter("gerda@example.org", "5558106+anna", pages=1)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        patient.server.post(posted)
    code, said = refused.value.recipients["5558106+anna@fax.lan"]
    assert (code, said.startswith(b"5.6.0 anna is not an option of a fax")) == (554, True)
