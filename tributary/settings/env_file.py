"""The project's `.env`: names and values, as far as they are settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from tributary.errors import SettingsError

_OF_OTHERS = ("COMPOSE_", "DOCKER_", "KAFKA_UI_PORT")
"""What `docker compose` reads from the same file."""


def read(path: Path, names: Collection[str], prefix: str) -> Mapping[str, str | None]:
    """What the file sets; nothing if there is none. It may set `names`, and names with the prefix.

    Any other name is an error, not a warning: what was meant to be set is not, and members would count into another
    store, or read another cluster, for as long as nobody reads the warning. Raises SettingsError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if path.is_symlink():  # to nothing: the settings that were meant are not known
            raise SettingsError(f"{path} cannot be read: it is a link to a file that does not exist") from error
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{path} cannot be read: {reason}") from error
    for line in parse_stream(StringIO(text)):
        number = line.original.line + line.original.string[: -len(line.original.string.lstrip())].count("\n")
        if line.error:  # what it says is not repeated: it may be a password
            raise SettingsError(f"{path}, line {number}: expected NAME=value")
        if line.key and line.key not in names and not line.key.startswith((prefix, *_OF_OTHERS)):
            near = get_close_matches(line.key, names, 1)
            hint = f"did you mean {near[0]}?" if near else "see .env.example for all"
            raise SettingsError(f"{path}, line {number}: {line.key} is no setting; {hint}")
    return dotenv_values(stream=StringIO(text))
