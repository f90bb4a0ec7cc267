#!/usr/bin/env bash
# What: zeep 4.3.3 (strict, its default) gives None, and only logs, for values that are valid in XML Schema but not for
#   Python: xs:dateTime and xs:time with 24:00:00, years above 9999. The same None as an empty
#   element. suds 1.2.0 raises ValueError for them. An empty xs:string is None in both, an empty string is lost on the way back.
# Expected: an exception in strict mode, or the next day at 00:00:00 (XSD 1.0 part 2, 3.2.7.1: "24:00:00" is the first instant of
#   the next day); "" for <s/> of a type that is not nillable.
# Seen: 2026-11-28, Python 3.11.7:
#   dateTime '2026-11-28T24:00:00' | zeep: None | suds: ValueError
#   dateTime '12020-01-01T00:00:00Z' | zeep: None | suds: ValueError
#   time '24:00:00' | zeep: None | suds: ValueError
#   string '' | zeep: None | suds: None
#   time '23:59:59' | zeep: datetime.time(23, 59, 59) | suds: datetime.time(23, 59, 59)
# Why it matters: an end of validity (24:00:00, or year 12020 for "never") turns into "no date" without an error; code that takes
#   None for "unlimited" or "absent" is wrong in silence.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check suds==1.2.0 zeep==4.3.3 lxml==6.1.3 requests==2.34.2 isodate==0.7.2
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import http.server, logging, sys, threading
from importlib.metadata import version
import suds.client, zeep

logging.disable(logging.CRITICAL)
WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"><types>
<x:schema targetNamespace="urn:t" elementFormDefault="qualified"><x:element name="Q"><x:complexType/></x:element>
<x:element name="A"><x:complexType><x:sequence><x:element name="d" type="x:%s"/></x:sequence></x:complexType></x:element>
</x:schema></types><message name="i"><part name="p" element="t:Q"/></message><message name="o"><part name="p" element="t:A"/></message>
<portType name="P"><operation name="Q"><input message="t:i"/><output message="t:o"/></operation></portType><binding name="B" type="t:P">
<s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Q"><s:operation soapAction="q"/>
<input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation></binding>
<service name="S"><port name="P" binding="t:B"><s:address location="http://127.0.0.1:%d/"/></port></service></definitions>"""
ANSWER = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><A xmlns="urn:t"><d>%s</d></A></e:Body></e:Envelope>'
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.answer(WSDL % (kind, self.server.server_address[1]))
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"])); self.answer(ANSWER % value)
    def answer(self, text):
        body = text.encode()
        self.send_response(200); self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d/?wsdl" % server.server_address[1]
def call(client):
    try:
        return repr(client.service.Q())
    except ValueError as e:
        return type(e).__name__
print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("zeep", "suds", "isodate")))
for kind, value, in_zeep, in_suds in (
        ("dateTime", "2026-11-28T24:00:00", "None", "ValueError"), ("dateTime", "12020-01-01T00:00:00Z", "None", "ValueError"),
        ("time", "24:00:00", "None", "ValueError"), ("string", "", "None", "None"),
        ("time", "23:59:59", "datetime.time(23, 59, 59)", "datetime.time(23, 59, 59)")):
    seen = call(zeep.Client(url)), call(suds.client.Client(url, cache=None))
    print(kind, repr(value), "| zeep:", seen[0], "| suds:", seen[1])
    assert seen == (in_zeep, in_suds), f"{kind} {value}: changed"
server.shutdown()
PY
