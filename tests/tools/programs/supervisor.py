"""supervisor's transport of XML-RPC, over a port and over a Unix socket."""

import xmlrpc.client

from supervisor.xmlrpc import SupervisorTransport

REPLIES = {
    "POST /RPC2 getState": (200, {"Content-Type": "text/xml"}, "<methodResponse><params><param><value><struct><member><name>statename</name><value><string>RUNNING</string></value></member></struct></value></param></params></methodResponse>"),
    "POST /RPC2": (200, {"Content-Type": "text/xml"}, "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>10</int></value></member><member><name>faultString</name><value><string>BAD_NAME</string></value></member></struct></value></fault></methodResponse>"),
}  # fmt: skip


def exchange(peer):
    seen = []
    for base in (peer.http, "unix://" + peer.unix):
        transport = SupervisorTransport("user", "password", base)
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        seen += [proxy.supervisor.getState(), proxy.supervisor.getState()]
        try:
            proxy.supervisor.startProcess("none")
        except xmlrpc.client.Fault as error:
            seen.append([error.faultCode, error.faultString])
        transport.close()
    return seen
