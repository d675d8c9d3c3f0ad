"""The client of a Confluent-compatible schema registry: Confluent's own, behind a thin adapter.

`RegistryClient` has what producers, consumers and governance ask; `errors` what they must expect.

>>> from tributary.registry.client import RegistryClient
>>> RegistryClient("http://127.0.0.1:1/").answers(within_s=1)
False
"""

from tributary.registry.client.answers import Registered, Verdict
from tributary.registry.client.client import RegistryClient
from tributary.registry.client.errors import (
    LEVEL_NOT_SET,
    MODE_NOT_SET,
    SCHEMA_NOT_FOUND,
    SUBJECT_NOT_FOUND,
    VERSION_NOT_FOUND,
    NotRegistered,
    RegistryError,
    RegistryUnavailable,
    SchemaConflict,
    SchemaNotFound,
    SchemaUnusable,
)
from tributary.registry.client.requests import quoted

__all__ = [
    "LEVEL_NOT_SET",
    "MODE_NOT_SET",
    "SCHEMA_NOT_FOUND",
    "SUBJECT_NOT_FOUND",
    "VERSION_NOT_FOUND",
    "NotRegistered",
    "Registered",
    "RegistryClient",
    "RegistryError",
    "RegistryUnavailable",
    "SchemaConflict",
    "SchemaNotFound",
    "SchemaUnusable",
    "Verdict",
    "quoted",
]
