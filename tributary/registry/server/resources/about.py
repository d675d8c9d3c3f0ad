"""The registry itself: contexts, version, and answers for features that the local registry does not have."""

from __future__ import annotations

from typing import Any

from tributary.registry.server.call import Call, Routes


def _nothing(_: Call) -> Any:
    return {}


def _contexts(call: Call) -> Any:
    return call.page(call.state.contexts())


def _no_associations(_: Call) -> Any:
    """Recent clients ask which subject belongs to a topic. An empty answer makes them use the topic's name."""
    return []


def _server_id(_: Call) -> Any:
    clusters = {"kafka-cluster": "", "schema-registry-cluster": "schema-registry"}
    return {"id": "", "scope": {"path": [], "clusters": clusters}}


def _server_version(_: Call) -> Any:
    return {"version": "8.3.1", "commitId": "tributary-embedded"}


ROUTES: Routes = {
    "": {"GET": _nothing, "POST": _nothing},
    "contexts": {"GET": _contexts},
    "associations/subjects/{subject}": {"GET": _no_associations},
    "associations/resources/{resource}": {"GET": _no_associations},
    "associations/resources/{namespace}/{resource}": {"GET": _no_associations},
    "v1/metadata/id": {"GET": _server_id},
    "v1/metadata/version": {"GET": _server_version},
}
