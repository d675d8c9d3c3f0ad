"""The client of a schema registry."""

from tributary.registry.client.answers import Registered, Verdict
from tributary.registry.client.client import RegistryClient, quoted
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
