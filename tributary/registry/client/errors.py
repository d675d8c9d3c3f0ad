"""The errors of a registry client."""

from __future__ import annotations

from tributary.errors import TributaryError

SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
LEVEL_NOT_SET = 40408
MODE_NOT_SET = 40409


class RegistryUnavailable(TributaryError):
    """The registry cannot be reached, did not answer in time, or the answer is not a registry's."""


class RegistryError(TributaryError):
    """The registry refused a request, or its answer is not a registry's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{message} (status {status}, error code {code})")
        self.status = status
        """The HTTP status."""
        self.code = code
        """Confluent's error code, for example 40401; equal to the status where the answer has none."""
        self.message = message


class NotRegistered(TributaryError):
    """The subject has no version with this schema."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{reason} (subject {subject}); run: tributary apply")
        self.subject = subject


class SchemaNotFound(TributaryError):
    """The registry has no schema with this id (error code 40403)."""

    def __init__(self, schema_id: int) -> None:
        super().__init__(f"schema id {schema_id} is not in the registry")
        self.schema_id = schema_id


class SchemaUnusable(TributaryError):
    """The registry's schema with this id cannot be used by an Avro reader; the message says why."""


class SchemaConflict(TributaryError):
    """The registry has another schema for this id than the lock."""
