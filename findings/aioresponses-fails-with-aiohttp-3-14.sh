#!/usr/bin/env bash
# What: aioresponses 0.7.9 (the newest) with aiohttp 3.14.5: every mocked request raises TypeError, since ClientResponse has a new
#   required argument that the mock does not give. With aiohttp 3.13.2 the same program gets its mocked page. pip installs the
#   two together without a word: aioresponses asks for aiohttp>=3.8,<4.
# Expected: a minor release of a library that follows its own deprecation policy does not end its most used mock; or the mock's
#   range of versions excludes it.
# Seen: 2026-11-29, Python 3.11.7:
#   aiohttp 3.13.2: 'mocked'
#   aiohttp 3.14.5: TypeError: ClientResponse.__init__() missing 1 required keyword-only argument: 'stream_writer'
# Why it matters: a test suite whose aiohttp is not pinned fails in all its cases on the day of the update, with an error that
#   names neither the mock nor a way out.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cat > "$dir/program.py" <<'PY'
import asyncio
import aiohttp
from aioresponses import aioresponses

async def main():
    with aioresponses() as mock:
        mock.get("http://h.example/", body="mocked")
        async with aiohttp.ClientSession() as session, session.get("http://h.example/") as response:
            return repr(await response.text())

try:
    print(asyncio.run(main()))
except TypeError as error:
    print(f"TypeError: {error}")
PY
for version in 3.13.2 3.14.5; do
    python3 -m venv "$dir/$version"
    "$dir/$version/bin/pip" install -q --disable-pip-version-check aioresponses==0.7.9 "aiohttp==$version"
    seen=$(cd "$dir" && timeout 60 "$dir/$version/bin/python" -W ignore program.py)
    echo "$(python3 -V), aioresponses 0.7.9, aiohttp $version: $seen"
    case $version in
        3.13.2) [[ $seen == "'mocked'" ]] || { echo changed; exit 1; } ;;
        *) [[ $seen == TypeError*stream_writer* ]] || { echo changed; exit 1; } ;;
    esac
done
