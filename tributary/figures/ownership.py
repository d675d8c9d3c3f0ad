"""The bond between a store, a consumer group and its topics: a store of another group or topic is refused.

Two stores for one group would split its figures without a word, and a topic that was deleted and created again would
be read from the offsets of the one before. So the store notes its group, cluster and topic ids, and the group's
committed offset of one partition carries the store's id.
"""

from __future__ import annotations

import logging
import re
import socket

from tributary.figures.store import Store
from tributary.kafka.admin import ClusterIdentity, GroupError, Partition, TopicAdmin, missing_topic
from tributary.kafka.group import GroupConsumer
from tributary.settings import Settings

log = logging.getLogger(__name__)

_CLAIM = re.compile(r"store (\S+)")


class Ownership:
    """The bond between one store, one group and its topics. Every method may raise BrokerUnavailable."""

    def __init__(self, settings: Settings, store: Store, topics: TopicAdmin) -> None:
        self._group = settings.consumer_group
        self._store = store
        self._topics = topics
        self._mine = f"store {store.id} at {socket.gethostname()}:{settings.store_path}"
        self._anchor: Partition = min(topics.names), 0
        """The partition whose committed offset names the group's store."""
        self._established: ClusterIdentity | None = None
        self._doubts = 0

    def establish(self, member: GroupConsumer, *, accept_recreated: bool, claim_group: bool) -> None:
        """Bind store, group and topics to each other, or find that they are, and let the member begin to read.

        With `accept_recreated`, topics that were deleted and created again are read from their beginning; with
        `claim_group`, this store takes the place of another one. Raises GroupError, and StoreError.
        """
        identity = self._identity()
        self._store.bind(self._group, identity.cluster_id, identity.topic_ids, accept_recreated)
        offset, found = self._topics.committed(self._group, self._anchor)
        if self._is_strange(found):
            if not claim_group:
                raise self._refusal(found)
            log.warning("group %s counts into %s from now on, no longer into %s", self._group, self._mine, found)
        if found != self._mine:
            member.claim(self._anchor, max(offset, 0), self._mine)
        self._established = identity
        member.start(self._mine)

    def check(self) -> None:
        """See that all is still as it was established. Raises GroupError, and StoreError."""
        self._store.check()
        if self._established is None:
            return
        before, now = self._established, self._identity()
        if now.cluster_id != before.cluster_id:
            raise GroupError(f"the broker belongs to cluster {now.cluster_id} now, and to {before.cluster_id} before")
        for topic, topic_id in now.topic_ids.items():
            if topic_id != before.topic_ids[topic]:
                raise GroupError(
                    f"topic {topic} was deleted and created again while it was read (its id was "
                    f"{before.topic_ids[topic]}, and is {topic_id}); start again to see what can be done"
                )
        _, found = self._topics.committed(self._group, self._anchor)
        # Twice in a row: of two that claim a group at the same time, the later one may not have been seen by the other.
        self._doubts = self._doubts + 1 if self._is_strange(found) else 0
        if self._doubts > 1:
            raise self._refusal(found)

    def _identity(self) -> ClusterIdentity:
        identity = self._topics.identity()
        for topic in self._topics.names:
            if topic not in identity.topic_ids:
                raise missing_topic(topic)
        return identity

    def _is_strange(self, claim: str) -> bool:
        """Whether a claim names another store than this one."""
        named = _CLAIM.match(claim)
        return named is not None and named[1] != self._store.id

    def _refusal(self, found: str) -> GroupError:
        return GroupError(
            f"group {self._group} counts into {found}, and this is {self._mine}: each would hold only a part of "
            "the figures. Use that store (STORE_PATH) or another group (CONSUMER_GROUP); "
            "to count into this one instead from now on: --claim-group"
        )
