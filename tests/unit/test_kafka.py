"""The local broker, as far as it can be tested without one."""

from __future__ import annotations

import base64

from stack.kafka import new_cluster_id


def test_a_cluster_id_never_looks_like_an_option() -> None:
    """A random one begins with `-` once in 64 times, and Kafka's StorageTool takes that for an option."""
    ids = [new_cluster_id() for _ in range(5000)]

    assert not [each for each in ids if each.startswith("-")]
    assert {len(base64.urlsafe_b64decode(each + "==")) for each in ids} == {16}
    assert len(set(ids)) == len(ids)
    assert {each[0] for each in ids} >= set("_9azAZ"), "the others are drawn as before"
