"""A fax for a number of our own: in its mailbox without a call, told as what it was; another one beside it is called (AU4)."""

from pathlib import Path

from gateway_books import mails
from gateway_server import Server, letter

from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.secret import Secret
from mailfax.model.user import User


def test_a_fax_for_our_own_number_needs_no_call(tmp_path: Path) -> None:
    server = Server(tmp_path)
    file = server.folder / "mailfax.toml"
    file.write_text(file.read_text("utf-8").replace('own_numbers = "call"', 'own_numbers = "inside"'), "utf-8")
    server.start()
    try:
        server.wait_until_up()
        with server.store() as store:
            anna = User(name="anna", addresses=("anna@fax.lan",), numbers=("5557001",))
            assert store.add_user(anna, Secret(argon2=""), 1)
            assert server.post(letter("ben@example.org", "5551234", "5557001+standard", "5559999", pages=2))
            server.wait_until_books_are_closed(store)
            jobs = {job.number: job for job in store.jobs()}
            assert {number: (job.state, job.outcome, job.confirmed_pages) for number, job in jobs.items()} == {
                "5551234": (JobState.DELIVERED, Outcome.DELIVERED_INSIDE, 2),
                "5557001": (JobState.DELIVERED, Outcome.DELIVERED_INSIDE, 2),
                "5559999": (JobState.DELIVERED, Outcome.DELIVERED, 2),
            }
            assert [len(store.attempts(jobs[number].id)) for number in ("5551234", "5557001", "5559999")] == [0, 0, 1]
            assert {row.job_id for row in store.ledger(0, 2**62)} == {jobs["5559999"].id}
            faxes = {fax.called: fax for fax in store.faxes()}
            rows = {called: [page.blob.rows for page in fax.pages] for called, fax in faxes.items()}
        assert faxes["5551234"].line == "inside"
        assert faxes["5551234"].caller_name == "ben@example.org"
        assert rows["5551234"][0] > 1.9 * rows["5557001"][0]
        for mailbox in ("sales@fax.lan", "anna@fax.lan"):
            (arrived,) = mails(server.mailboxes / mailbox)
            assert (arrived["X-Fax-Pages"], arrived["X-Fax-Quality"]) == ("2", "good")
        told = " ".join(
            " ".join(part.get_payload(decode=True).decode().split())
            for mail in mails(server.mailboxes / "ben@example.org")
            for part in mail.walk()
            if part.get_content_type() == "text/plain"
        )
        assert told.count("put into its mailbox without a call. No call was made.") == 2
    finally:
        server.stop()
