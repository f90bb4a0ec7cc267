"""What the interpreter and an editor show of the package: its help, the texts of what is public, and fields."""

from __future__ import annotations

import copy
import http.client
import inspect
import pickle
import pydoc
import re
import typing

import pytest

import httpconn
from httpconn import AsyncClient, AsyncResponse, ConnectionPool, Fetcher, HTTPMessage, Request, Response

from ..support.sites import Asker, Site, each_kind

HELP = httpconn.__doc__ or ""


def test_help_begins_with_what_there_is() -> None:
    shown = pydoc.plain(pydoc.render_doc(httpconn)).splitlines()
    assert any("fetch_many" in line for line in shown[:12])


def test_help_names_what_there_is() -> None:
    named = set(re.findall(r"``(\w+)", HELP))
    assert {name for name in named if not hasattr(httpconn, name)} <= {"http", "await", "OSError"}
    told_elsewhere = {
        "Defect",
        "Timings",
        "TLSInfo",
        "AsyncResponse",
        "PoolStats",
        "FetchStats",
        "ClientStats",
        "responses",
    }
    public = {
        name
        for name in httpconn.__all__
        if not (inspect.isclass(value := getattr(httpconn, name)) and issubclass(value, BaseException))
    }
    assert public - told_elsewhere <= named


def test_its_programs_are_programs() -> None:
    for program in re.findall(r"\n\n((?:    .*\n|\n)+)", HELP):
        compile(inspect.cleandoc(program), "help", "exec")


def test_hints_are_found_at_run_time() -> None:
    """Tools that read them (pydantic, an injector) know nothing of what is imported for a type checker alone."""
    for name in httpconn.__all__:
        public = getattr(httpconn, name)
        if not inspect.isclass(public):
            continue
        typing.get_type_hints(public)
        for member in vars(public).values():
            if inspect.isfunction(member):
                typing.get_type_hints(member)


@pytest.mark.parametrize("shown", [Response, AsyncResponse, Request, ConnectionPool, Fetcher, AsyncClient])
def test_whatever_is_public_has_a_text(shown: type) -> None:
    assert shown.__doc__
    for name, member in inspect.getmembers(shown):
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            assert inspect.getdoc(member), f"{shown.__name__}.{name}"


@pytest.mark.parametrize("name", ["get", "head", "options", "post", "put", "patch", "delete", "download"])
@pytest.mark.parametrize("shown", [ConnectionPool, AsyncClient])
def test_no_option_is_anything(shown: type, name: str) -> None:
    """Editors read the names of options off the annotation: ``Any`` would say none."""
    [options] = [
        one for one in inspect.signature(getattr(shown, name)).parameters.values() if one.kind is one.VAR_KEYWORD
    ]
    assert str(options.annotation).startswith("Unpack[")


def test_a_stream_is_a_pools() -> None:
    from httpconn._exchange.settings import RequestOptions, StreamableOptions

    options = set(inspect.signature(Request).parameters) - {"method", "url", "unknown"}
    assert set(RequestOptions.__annotations__) == options
    assert {*RequestOptions.__annotations__, *StreamableOptions.__annotations__} == options | {"stream"}


@each_kind
def test_fields_show_what_is_in_them(kind: str) -> None:
    with Site({"/": (200, {"X-One": "1", "X-Two": "2"}, b"")}) as site, Asker(kind) as ask:
        headers = ask(f"http://127.0.0.1:{site.port}/").headers
    assert repr(headers) == "<Fields [('Content-Length', '0'), ('X-One', '1'), ('X-Two', '2')]>"
    assert isinstance(headers, HTTPMessage)
    assert HTTPMessage is http.client.HTTPMessage
    for again in (pickle.loads(pickle.dumps(headers)), copy.deepcopy(headers)):
        assert (repr(again), again.items()) == (repr(headers), headers.items())
