#!/usr/bin/env bash
# What: the registrable domain of hosts as they stand in URLs, by tldextract 5.4.0 (include_psl_private_domains=True), publicsuffixlist 1.1.2.20261023, tld 0.13.2 (get_fld,
#   search_private=True) and publicsuffix2 2.20191221, each with the list that it ships: 'www.食狮.公司.cn' and the same in Punycode, 'WWW.Example.CO.UK', '192.0.2.4' and 'localhost'.
# Expected: 食狮.公司.cn for the first, in either spelling (公司.cn is a public suffix, and the list says to bring both sides to lower case and Punycode first); one spelling for a name in capitals; and
#   none for an address or a name without a dot.
# Seen: 2026-11-30, Python 3.11.7:
#                       食狮.公司.cn    in Punycode                 capitals         192.0.2.4   localhost
#   tldextract          right           right                       Example.CO.UK    none        none
#   publicsuffixlist    right           right                       example.co.uk    2.4         none
#   tld                 right           xn--55qx5d.cn, the suffix   example.co.uk    none        none
#   publicsuffix2       公司.cn         right                       example.co.uk    4           localhost
# Why it matters: crawlers count, wait and group by this name. All sites of 公司.cn are one site by the one or the other spelling, as a link or a Host field has it; all addresses that
#   end alike are one, and 'Example.CO.UK' is another site than 'example.co.uk'.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check tldextract==5.4.0 publicsuffixlist==1.1.2.20261023 tld==0.13.2 publicsuffix2==2.20191221
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version
import publicsuffix2, publicsuffixlist, tld, tldextract

HOSTS = ["www.食狮.公司.cn", "www.xn--85x722f.xn--55qx5d.cn", "WWW.Example.CO.UK", "192.0.2.4", "localhost"]
extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
LIBRARIES = {
    "tldextract": lambda host: extract(host).top_domain_under_public_suffix or None,
    "publicsuffixlist": publicsuffixlist.PublicSuffixList().privatesuffix,
    "tld": lambda host: tld.get_fld(host, fix_protocol=True, fail_silently=True, search_private=True),
    "publicsuffix2": publicsuffix2.PublicSuffixList().get_sld,
}
UNICODE, PUNYCODE, SMALL = "食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn", "example.co.uk"
EXPECTED = {
    "tldextract": [UNICODE, PUNYCODE, "Example.CO.UK", None, None],
    "publicsuffixlist": [UNICODE, PUNYCODE, SMALL, "2.4", None],
    "tld": [UNICODE, "xn--55qx5d.cn", SMALL, None, None],
    "publicsuffix2": ["公司.cn", PUNYCODE, SMALL, "4", "localhost"],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in LIBRARIES))
for name, find in LIBRARIES.items():
    seen = [find(host) for host in HOSTS]
    print(f"{name:17}", *seen)
    assert find("www.example.com") == "example.com" and find("a.b.example.co.uk") == SMALL, "the control failed"
    assert seen == EXPECTED[name], "changed"
PY
