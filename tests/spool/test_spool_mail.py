"""Received faxes and the mails that go out: added once, routed once, sent until taken."""

from dataclasses import replace

from spoolkit import MINUTE_US, NOW_US, inbound, mail

from mailfax.spool.records import DeliveryKind, DeliveryState
from mailfax.spool.store import Store


def test_a_fax_is_added_once_by_its_id_and_by_its_call(store: Store) -> None:
    assert store.add_fax(inbound(), NOW_US)
    assert not store.add_fax(inbound(), NOW_US)
    assert not store.add_fax(inbound(fax_id="F000000000002"), NOW_US)
    assert store.faxes() == (inbound(),)
    assert store.fax(inbound().id) == inbound()
    assert store.fax("F000000000002") is None


def test_a_fax_is_routed_once_and_leaves_the_work_list(store: Store) -> None:
    store.add_fax(inbound(), NOW_US)
    fax = store.next_unrouted_fax()
    assert fax == inbound()
    both = [mail("a@office.lan", DeliveryKind.FAX), mail("b@office.lan", DeliveryKind.FAX)]
    assert len(store.route_fax(fax.id, both, "DID 100", NOW_US)) == 2
    assert store.route_fax(fax.id, both, "DID 100", NOW_US) == ()
    assert store.next_unrouted_fax() is None
    assert len(store.deliveries()) == 2
    assert [step.became for step in store.history(fax.id)] == ["received", "routed"]


def test_a_mail_is_tried_until_it_is_taken(store: Store) -> None:
    (made,) = store.notified([], [mail()], NOW_US)
    claimed = store.claim_delivery(NOW_US)
    assert claimed is not None
    assert (claimed.id, claimed.tries, claimed.state) == (made.id, 1, DeliveryState.SENDING)
    assert store.claim_delivery(NOW_US) is None
    store.delivery_deferred(made.id, NOW_US + MINUTE_US, "451 later", NOW_US)
    assert store.claim_delivery(NOW_US + MINUTE_US - 1) is None
    again = store.claim_delivery(NOW_US + MINUTE_US)
    assert again is not None
    assert (again.tries, again.detail) == (2, "451 later")
    store.delivery_done(made.id, "250 taken", NOW_US + MINUTE_US)
    (done,) = store.deliveries()
    assert (done.state, done.detail, done.finished_us) == (DeliveryState.DONE, "250 taken", NOW_US + MINUTE_US)
    assert store.claim_delivery(NOW_US + 9 * MINUTE_US) is None


def test_a_mail_that_is_refused_for_good_ends(store: Store) -> None:
    store.notified([], [mail()], NOW_US)
    claimed = store.claim_delivery(NOW_US)
    assert claimed is not None
    store.delivery_failed(claimed.id, "550 no such user", NOW_US)
    store.delivery_done(claimed.id, "too late", NOW_US)
    (failed,) = store.deliveries()
    assert (failed.state, failed.detail) == (DeliveryState.FAILED, "550 no such user")


def test_a_mail_for_a_dead_mailbox_goes_on_to_another_one(store: Store) -> None:
    store.notified([], [mail("gone@office.lan")], NOW_US)
    claimed = store.claim_delivery(NOW_US)
    assert claimed is not None
    for _ in range(2):
        store.delivery_redirected(claimed.id, "all@office.lan", "550 gone", NOW_US)
    old, new = store.deliveries()
    assert (old.state, old.detail) == (DeliveryState.FAILED, "550 gone")
    assert (new.recipient, new.state, new.message_digest) == (
        "all@office.lan",
        DeliveryState.WAITING,
        old.message_digest,
    )


def test_deliveries_are_found_by_what_they_are_about(store: Store) -> None:
    store.add_fax(inbound(), NOW_US)
    about = mail("a@office.lan", DeliveryKind.FAX)
    (made,) = store.route_fax(inbound().id, [replace(about, fax_id=inbound().id)], "", NOW_US)
    store.notified([], [mail()], NOW_US)
    assert [delivery.id for delivery in store.deliveries(inbound().id)] == [made.id]
