"""A queue that wakes a poller."""

from __future__ import annotations

import threading

import zmq

from instructblip_worker.mailbox import Mailbox


def test_nothing_is_lost_between_threads() -> None:
    mailbox: Mailbox[int] = Mailbox()
    poller = zmq.Poller()
    poller.register(mailbox.fileno(), zmq.POLLIN)
    senders = [threading.Thread(target=_fill, args=(mailbox, start)) for start in (0, 1000, 2000)]
    for sender in senders:
        sender.start()
    received: list[int] = []
    while len(received) < 3000:
        assert poller.poll(10_000), "the bell did not ring"
        received += mailbox.take_all()
    for sender in senders:
        sender.join()
    assert sorted(received) == list(range(3000))
    # One sender's things stay in order.
    assert [n for n in received if n < 1000] == list(range(1000))
    mailbox.close()


def _fill(mailbox: Mailbox[int], start: int) -> None:
    for n in range(start, start + 1000):
        mailbox.put(n)


def test_a_full_bell_does_not_block() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for n in range(100_000):
        mailbox.put(n)
    assert len(mailbox.take_all()) == 100_000
    assert mailbox.take_all() == []
    mailbox.close()
