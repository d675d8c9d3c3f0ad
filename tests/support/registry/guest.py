"""Use of a registry that may be shared: subjects with unique names, deleted when the test ends."""

from __future__ import annotations

import base64
import http.client
import json
import uuid
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
from confluent_kafka.schema_registry import SchemaRegistryClient

from tools.conformance import MEDIA_TYPE
from tributary.settings import Settings


def _word() -> str:
    return uuid.uuid4().hex[:10]


@attrs.frozen
class Guest:
    """One test's access to a registry. It sets compatibility and modes only of its own subjects and contexts."""

    settings: Settings
    word: str = attrs.field(factory=_word)
    """Part of the name of everything that the test creates."""
    _subjects: list[str] = attrs.field(factory=list)

    def subject(self, name: str = "s", context: str = "") -> str:
        """A subject's name; `context` as `context()` gives it."""
        return self.remember(f"{context}{self.word}-{name}")

    def remember(self, subject: str) -> str:
        """Delete this subject too when the test ends."""
        if subject not in self._subjects:
            self._subjects.append(subject)
        return subject

    def context(self, name: str = "c") -> str:
        """A context, as a subject's prefix: `:.name:`."""
        return f":.{self.word}-{name}:"

    def record(self, *fields: dict[str, Any], **more: Any) -> str:
        """The text of a unique record: the same text would have the same id."""
        schema = {"type": "record", "name": "View", "namespace": f"test{self.word}", "fields": list(fields), **more}
        return json.dumps(schema, separators=(",", ":"))

    def client(self, **options: Any) -> SchemaRegistryClient:
        """Confluent's client, with the settings' user."""
        user, password = self.settings.registry_user, self.settings.registry_password
        auth = {"basic.auth.user.info": f"{user}:{password}"} if user else {}
        return SchemaRegistryClient({"url": self.settings.registry_url, **auth, **options})

    def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status and the decoded answer of a request."""
        parts = urlsplit(self.settings.registry_url)
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = connect(parts.hostname or "", parts.port, timeout=60)
        headers = {"Content-Type": MEDIA_TYPE}
        if self.settings.registry_user:
            pair = f"{self.settings.registry_user}:{self.settings.registry_password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        sent = None if body is None else json.dumps(body)
        connection.request(method, parts.path.rstrip("/") + path, sent, headers)
        response = connection.getresponse()
        answer = response.status, json.loads(response.read() or b"null")
        connection.close()
        return answer

    def register(self, subject: str, schema: str, **more: Any) -> tuple[int, Any]:
        """Register a version: the status and the answer."""
        return self("POST", f"/subjects/{escaped(subject)}/versions", {"schema": schema, **more})

    def set_level(self, subject: str, level: str) -> None:
        """Set a subject's level. A test that needs a level sets it, because the registry may have any default."""
        assert self("PUT", f"/config/{escaped(subject)}", {"compatibility": level})[0] == 200

    def leave(self) -> None:
        """Delete what the test registered, the newest first, because it may refer to the older."""
        for subject in reversed(self._subjects):
            name = escaped(subject)
            self("DELETE", f"/mode/{name}")
            self("DELETE", f"/subjects/{name}")
            self("DELETE", f"/subjects/{name}?permanent=true")
            self("DELETE", f"/config/{name}")


def escaped(subject: str) -> str:
    """A subject as a part of a path."""
    return quote(subject, safe="")
