"""STACK=external: servers that run elsewhere, at the addresses in `.env`."""

from __future__ import annotations

import attrs

from tributary.settings import Settings
from tributary.stack import data, probe
from tributary.stack.errors import StackError


@attrs.frozen
class ExternalStack:
    """There is nothing to start or stop; files derived from the servers' data can be deleted."""

    settings: Settings

    def up(self) -> None:
        """Check that both addresses answer. Raises StackError if not."""
        require_answers(self.settings)
        print(f"Kafka answers at {self.settings.bootstrap_servers}")
        print(f"The registry answers at {self.settings.registry_url}")

    def down(self) -> None:
        """Print that there is nothing to stop."""
        print("STACK=external: Kafka and the registry run elsewhere and are not stopped.")

    def clean(self) -> None:
        """Delete the files derived from the servers' data."""
        print("STACK=external: topics and subjects are not deleted.")
        for line in data.delete(data.derived(self.settings)):
            print(line)


def require_answers(settings: Settings) -> None:
    """Raise StackError, naming the setting, if Kafka or the registry does not answer at its address."""
    if isinstance(silence := probe.topics(settings), str):
        raise StackError(f"Kafka does not answer at KAFKA_BOOTSTRAP_SERVERS={settings.bootstrap_servers}: {silence}")
    if isinstance(refusal := probe.subjects(settings), str):
        raise StackError(f"The registry does not answer at SCHEMA_REGISTRY_URL={settings.registry_url}: {refusal}")
