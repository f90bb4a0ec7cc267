"""Cookies as a jar holds them."""

from __future__ import annotations

from http.cookiejar import Cookie
from typing import Any


def cookie(name: str = "n", value: str | None = "1", domain: str = "127.0.0.1", path: str = "/", **more: Any) -> Cookie:
    given: dict[str, Any] = {
        "version": 0, "port": None, "port_specified": False, "domain_specified": domain.startswith("."),
        "domain_initial_dot": domain.startswith("."), "path_specified": True, "secure": False, "expires": None,
        "discard": True, "comment": None, "comment_url": None, "rest": {}, **more,
    }  # fmt: skip
    return Cookie(name=name, value=value, domain=domain, path=path, **given)
