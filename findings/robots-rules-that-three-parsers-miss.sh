#!/usr/bin/env bash
# What: robots.txt files that are valid by RFC 9309, read by protego 0.7.0 (Scrapy's), robotspy 0.13.0 and urllib.robotparser of Python 3.11.
#   Told is where one says that a page may be fetched, or not, against the file.
# Expected: urllib knows no wildcards and takes the first rule; the other two name RFC 9309, so they should be right, and agree.
# Seen: 2026-11-30, Python 3.11.7. Wrong are:
#   a byte order mark in front of "User-agent: *"         all three: the first group is lost, so all is allowed
#   lines that end with CR alone                          robotspy: no rule is read, all is allowed
#   "Crawl-delay: 1" between two User-agent lines         protego, urllib: the group ends there, and the first agent has no rules
#   "Disallow: /a%2fb" for /a/b                           robotspy, urllib: disallowed, as if %2F were a slash
#   "User-agent: foo" for the agent 'foobot'              protego, urllib: the rules of another robot, whose name is its beginning
#   the agent given as 'bot/2.1', with "User-agent: bot"  robotspy: no group fits
#   "Disallow: /" for /robots.txt itself                  robotspy, urllib: disallowed; it is implicitly allowed (2.2.2)
# Why it matters: a file saved by an editor that writes the mark is read by none of them, and the crawl goes where it was asked not to, or (robotspy, with the
#   User-Agent that is sent) goes everywhere. Take the mark off, and give the product token alone.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check protego==0.7.0 robotspy==0.13.0
cd "$dir"
timeout 60 v/bin/python -W ignore - <<'PY'
import sys, urllib.robotparser
from importlib.metadata import version

import protego, robots


def by_urllib(text, agent, url):
    parser = urllib.robotparser.RobotFileParser()
    parser.parse(text.splitlines())
    return parser.can_fetch(agent, url)


PARSERS = {
    "protego": lambda text, agent, url: protego.Protego.parse(text).can_fetch(url, agent),
    "robotspy": lambda text, agent, url: robots.RobotsParser.from_string(text).can_fetch(agent, url),
    "urllib": by_urllib,
}
# the file, the agent, the path; whether it may be fetched, and who says otherwise
ROWS = {
    "plain": ("User-agent: *\nDisallow: /x\n", "bot", "/x", False, ""),
    "byte order mark": ("\ufeffUser-agent: *\nDisallow: /x\n", "bot", "/x", False, "protego robotspy urllib"),
    "CR alone": ("User-agent: *\rDisallow: /x\r", "bot", "/x", False, "robotspy"),
    "Crawl-delay between agents": ("User-agent: bot\nCrawl-delay: 1\nUser-agent: other\nDisallow: /x\n", "bot", "/x", False, "protego urllib"),
    "Sitemap between agents": ("User-agent: bot\nSitemap: http://h/s.xml\nUser-agent: other\nDisallow: /x\n", "bot", "/x", False, ""),
    "%2f": ("User-agent: *\nDisallow: /a%2fb\n", "bot", "/a/b", True, "robotspy urllib"),
    "beginning of a name": ("User-agent: foo\nDisallow: /x\n", "foobot", "/x", True, "protego urllib"),
    "agent with a version": ("User-agent: bot\nDisallow: /x\n", "bot/2.1", "/x", False, "robotspy"),
    "robots.txt itself": ("User-agent: *\nDisallow: /\n", "bot", "/robots.txt", True, "robotspy urllib"),
    "longest match": ("User-agent: *\nDisallow: /a\nAllow: /a/b\n", "bot", "/a/b", True, "urllib"),
    "wildcards": ("User-agent: *\nDisallow: /*.pdf$\n", "bot", "/a.pdf", False, "urllib"),
}
print("versions", sys.version.split()[0], "protego", version("protego"), "robotspy", version("robotspy"))
for name, (text, agent, path, expected, wrong) in ROWS.items():
    seen = [parser for parser, may_fetch in PARSERS.items() if may_fetch(text, agent, "http://h" + path) != expected]
    print(f"{name:27} {'allowed' if expected else 'disallowed'} but by", *seen or ["none"])
    assert seen == wrong.split(), "changed"
PY
