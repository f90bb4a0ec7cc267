#!/usr/bin/env bash
# What: suds 1.2.0 sends bytes for an xs:base64Binary element as the Python text b'...' (no base64, no error), and hands
#   back the base64 text undecoded. A string that holds a predefined entity as text ("a &amp; b") is not escaped, so the server
#   reads "a & b"; one with "&#65;" is. "\r\n" goes out bare: an XML parser makes "\n" of it.
# Expected: bytes <-> xs:base64Binary (XSD 1.0 part 2, 3.2.16), and every string arrives as given: & escaped always, CR as
#   &#13; (XML 1.0, 2.4 and 2.11). zeep 4.3.3 does all of that.
# Seen: 2026-11-28, Python 3.11.7:
#   suds | server read: [('a & b', "b'\\xff\\x00h'"), ('&#65;', "b'\\xff\\x00h'"), ('a\nb', "b'\\xff\\x00h'")] | handed back: '/wBo'
#   zeep | server read: [('a &amp; b', '/wBo'), ('&#65;', '/wBo'), ('a\r\nb', '/wBo')] | handed back: b'\xff\x00h'
# Why it matters: attachments (documents, images, firmware) sent by a SOAP client arrive as "b'\\xff...'" without any
#   error, HTML or XML carried as text changes on the way, and a wire log shows nothing odd to an HTTP tool.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check suds==1.2.0 zeep==4.3.3 lxml==6.1.3 requests==2.34.2 isodate==0.7.2
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import http.server, sys, threading, xml.etree.ElementTree as ET
from importlib.metadata import version
import suds.client, zeep

WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"><types>
<x:schema targetNamespace="urn:t" elementFormDefault="qualified">
<x:element name="Q"><x:complexType><x:sequence><x:element name="s" type="x:string"/><x:element name="b" type="x:base64Binary"/></x:sequence></x:complexType></x:element>
<x:element name="A"><x:complexType><x:sequence><x:element name="b" type="x:base64Binary"/></x:sequence></x:complexType></x:element>
</x:schema></types><message name="i"><part name="p" element="t:Q"/></message><message name="o"><part name="p" element="t:A"/></message>
<portType name="P"><operation name="Q"><input message="t:i"/><output message="t:o"/></operation></portType><binding name="B" type="t:P">
<s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Q"><s:operation soapAction="q"/>
<input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation></binding>
<service name="S"><port name="P" binding="t:B"><s:address location="http://127.0.0.1:%d/"/></port></service></definitions>"""
ANSWER = (b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><A xmlns="urn:t"><b>/wBo</b></A></e:Body></e:Envelope>')
got = []
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.answer((WSDL % self.server.server_address[1]).encode())
    def do_POST(self):
        root = ET.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
        got.append(tuple(root.find(".//{urn:t}" + name).text for name in "sb"))
        self.answer(ANSWER)
    def answer(self, body):
        self.send_response(200); self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d/?wsdl" % server.server_address[1]
print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("suds", "zeep", "lxml")))
texts, data = ("a &amp; b", "&#65;", "a\r\nb"), b"\xff\x00h"
for name, client in (("suds", suds.client.Client(url, cache=None)), ("zeep", zeep.Client(url))):
    back = [client.service.Q(text, data) for text in texts][-1]
    print(name, "| server read:", got, "| handed back:", repr(str(back) if name == "suds" else back))
    if name == "zeep":
        assert got == [(t, "/wBo") for t in texts] and back == data, "zeep changed"
    else:
        assert [s for s, _ in got] == ["a & b", "&#65;", "a\nb"], "suds: strings changed"
        assert {b for _, b in got} == {"b'\\xff\\x00h'"} and back == "/wBo", "suds: bytes changed"
    got.clear()
server.shutdown()
PY
