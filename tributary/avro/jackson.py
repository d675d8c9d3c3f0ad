"""Parse JSON as strictly and as leniently as Jackson, with which Avro's Java library reads schemas."""

from __future__ import annotations

import json
import re

from tributary.avro.schema import Json, SchemaError

# A string (also an unterminated one, so that hostile text is scanned once), or a comment.
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|//[^\n\r]*|/\*(?:.*?\*/|.*\Z)', re.DOTALL)


def load_json(text: str) -> Json:
    """Decode JSON as strictly as Jackson, which Avro uses: comments are allowed, NaN is not. Raises SchemaError."""
    try:
        value = _strict_json(text)
    except ValueError as error:
        if "/" not in text:
            raise SchemaError(f"the schema is not valid JSON: {error}") from None
        bare = _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else " ", text)
        try:
            value = _strict_json(bare)
        except ValueError as again:
            raise SchemaError(f"the schema is not valid JSON: {again}") from None
    return value


def _strict_json(text: str) -> Json:
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON value")


def refuse_lone_surrogates(text: str) -> None:
    try:
        json.dumps(load_json(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise SchemaError("the schema contains an unpaired surrogate, which is not a character") from None


def show(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."
