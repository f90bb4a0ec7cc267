"""What the modules about pool and fetcher share."""

from __future__ import annotations

import pytest

from httpconn._engine.many import loop
from httpconn._io import polling


@pytest.fixture(params=["epoll", "selectors"])
def poller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the system is asked what is ready: each way in turn."""
    if request.param == "selectors":
        monkeypatch.setattr(loop, "new_poller", polling.SelectorPoller)
