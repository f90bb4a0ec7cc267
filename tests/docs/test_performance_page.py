"""The figures in docs/performance.md are those of docs/performance.json: none was typed, none is stale."""

import pytest

from ..support.benches import bench

pytestmark = pytest.mark.once

publish, results = bench("publish"), bench("results")


def test_page_says_what_the_results_say() -> None:
    page = publish.PAGE.read_text()
    assert publish.fill(page, results.load(publish.RESULTS)) == page, (
        "run `make bench-publish RESULTS=docs/performance.json`"
    )
