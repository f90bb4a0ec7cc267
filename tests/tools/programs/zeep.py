"""zeep: a WSDL that is fetched, a call, a fault."""

import zeep

REPLIES = {
    "GET /t.wsdl": (200, {"Content-Type": "text/xml"}, '<?xml version="1.0"?><definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t" name="T"><types><x:schema targetNamespace="urn:t" elementFormDefault="qualified"><x:element name="Add"><x:complexType><x:sequence><x:element name="a" type="x:int"/><x:element name="b" type="x:int"/></x:sequence></x:complexType></x:element><x:element name="AddResponse"><x:complexType><x:sequence><x:element name="sum" type="x:int"/></x:sequence></x:complexType></x:element></x:schema></types><message name="In"><part name="parameters" element="t:Add"/></message><message name="Out"><part name="parameters" element="t:AddResponse"/></message><portType name="P"><operation name="Add"><input message="t:In"/><output message="t:Out"/></operation></portType><binding name="B" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Add"><s:operation soapAction="urn:t#Add" style="document"/><input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation></binding><service name="S"><port name="P" binding="t:B"><s:address location="http://127.0.0.1:1/"/></port></service></definitions>'),
    "POST /soap >1<": (200, {"Content-Type": "text/xml; charset=utf-8"}, ['<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><AddResponse xmlns="urn:t">', "<sum>3</sum></AddResponse></e:Body></e:Envelope>"]),
    "POST /soap": (500, {"Content-Type": "text/xml; charset=utf-8"}, '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>e:Server</faultcode><faultstring>too much</faultstring></e:Fault></e:Body></e:Envelope>'),
}  # fmt: skip


def exchange(peer):
    client = zeep.Client(peer.http + "/t.wsdl")
    service = client.create_service("{urn:t}B", peer.http + "/soap")
    seen = [service.Add(a=1, b=2)]
    try:
        service.Add(a=9, b=9)
    except zeep.exceptions.Fault as error:
        seen.append([error.code, error.message])
    return seen
