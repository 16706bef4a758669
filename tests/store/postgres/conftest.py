"""A store in the run's PostgreSQL, reached directly or through a relay."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui.store.postgres import opening
from cwtui.store.postgres.opening import Parts
from tests.servers.postgres import Postgres
from tests.store.postgres.relay import Relay


@pytest.fixture
def url(postgres_server: Postgres) -> str:
    """An empty store."""
    return postgres_server.emptied_store()


@pytest.fixture
def parts(url: str) -> Iterator[Parts]:
    opened = opening.parts(url)
    yield opened
    opened.close()


@pytest.fixture
def relay(postgres_server: Postgres) -> Iterator[Relay]:
    # The path of a socket can have about 100 bytes.
    with tempfile.TemporaryDirectory() as folder, Relay(Path(folder), postgres_server.folder) as it:
        yield it


@pytest.fixture
def far(url: str, relay: Relay, postgres_server: Postgres) -> Iterator[Parts]:
    """The same store as `parts`, through the relay."""
    opened = opening.parts(url.replace(str(postgres_server.folder), str(relay.folder)))
    yield opened
    opened.close()
