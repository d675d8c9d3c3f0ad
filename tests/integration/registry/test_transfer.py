"""Export and import with the registry of the other integration tests, local or external."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import attrs
import pytest

from tests.support.variables import use
from tributary import catalog
from tributary.cli.main import main
from tributary.registry.client import RegistryClient
from tributary.registry.testing import serve
from tributary.registry.transfer import archive, exporting
from tributary.registry.transfer.archive import EVERYONE, Archive
from tributary.registry.transfer.client import TransferClient
from tributary.settings import Settings

USER = '{"type":"record","name":"User","fields":[]}'
ORDER = '{"type":"record","name":"Order","fields":[{"name":"user","type":"User"}]}'


def within(whole: Archive, context: str) -> Archive:
    """The part of an archive that belongs to one context, without the global settings."""
    return Archive(
        {name: scope for name, scope in whole.scopes.items() if name.startswith(context) and name != EVERYONE},
        {name: subject for name, subject in whole.subjects.items() if name.startswith(context)},
    )


def test_what_is_registered_here_can_be_read_elsewhere(
    registered: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "all.json")
    use(monkeypatch, registered)
    assert main(["export", "--output", file]) == 0
    with serve() as elsewhere:
        use(monkeypatch, attrs.evolve(registered, registry_url=elsewhere.url))
        assert main(["import", file]) == 0
        here, there = RegistryClient.from_settings(registered), RegistryClient(elsewhere.url)
        for topic in catalog.load(registered).topics:
            for version in here.versions(topic.subject):
                assert there.schema_text(version.id) == version.schema
            assert there.versions(topic.subject) == here.versions(topic.subject)
            assert there.level(topic.subject) == here.level(topic.subject)


def test_a_registry_is_imported_unchanged(
    cluster: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    context = f":.transfer-{uuid.uuid4().hex[:8]}:"  # of its own: so the ids are free
    with serve() as elsewhere:
        source = TransferClient(elsewhere.url)
        source.register("default", USER)
        source.register(f"{context}user", USER)
        source.register(f"{context}user", USER.replace("[]", '[{"name":"a","type":"int","default":1}]'))
        order = {"schema": ORDER, "references": [{"name": "User", "subject": "user", "version": 1}]}
        source._requests.once("POST", f"/subjects/{context}a-order/versions", order)
        source.soft_delete(f"{context}user", 2)
        source.set_config(f"{context}user", {"compatibilityLevel": "FULL"})
        source.set_mode(f"{context}a-order", "READONLY")
        wanted = within(exporting.export(source), context)
    file = tmp_path / "all.json"
    file.write_text(archive.dump(wanted))
    use(monkeypatch, cluster)
    assert main(["import", str(file), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["done"]) == 6
    target = TransferClient(cluster.registry_url, cluster.registry_user, cluster.registry_password)
    assert within(exporting.export(target), context) == wanted
    assert main(["import", str(file)]) == 0
    assert capsys.readouterr().out.startswith("0 steps done, 3 versions there already")
