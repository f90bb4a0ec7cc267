"""pyvmomi: the content of a service over TLS, by a class of connections of its own; gzip is asked for."""

import ssl

from pyVmomi import SoapStubAdapter, vim, vmodl

REPLIES = {
    "POST /sdk RetrieveServiceContent": (200, {"Content-Type": "text/xml; charset=utf-8", "Set-Cookie": 'vmware_soap_session="a"; Path=/; HttpOnly'}, ['<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><RetrieveServiceContentResponse xmlns="urn:vim25"><returnval><rootFolder type="Folder">group-d1</rootFolder><propertyCollector type="PropertyCollector">pc</propertyCollector>', "<about><name>V</name><fullName>V 8</fullName><vendor>v</vendor><version>8.0</version><build>1</build><osType>x</osType><productLineId>p</productLineId><apiType>a</apiType><apiVersion>8.0</apiVersion></about></returnval></RetrieveServiceContentResponse></soapenv:Body></soapenv:Envelope>"]),
    "POST /sdk CurrentTime": (500, {"Content-Type": "text/xml; charset=utf-8"}, '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>not now</faultstring><detail><RuntimeFaultFault xmlns="urn:vim25" xsi:type="RuntimeFault"/></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>'),
}  # fmt: skip


def exchange(peer):
    port = int(peer.https.rpartition(":")[2])
    stub = SoapStubAdapter(
        "127.0.0.1", port, path="/sdk", sslContext=ssl.create_default_context(), version="vim.version.version9"
    )
    service = vim.ServiceInstance("ServiceInstance", stub)
    content = service.RetrieveServiceContent()
    seen = [content.about.fullName, content.rootFolder._moId, stub.cookie]
    try:
        service.CurrentTime()
    except vmodl.RuntimeFault as error:
        seen.append(error.msg)
    return seen
