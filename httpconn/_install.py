"""Putting httpconn in the place of http.client, for a whole process: ``install``, and ``uninstall``.

The classes are replaced as attributes of the one module object ``http.client``, and nothing else is touched: the
module stays what everybody has imported, its exceptions, ``HTTPMessage``, limits and functions are ours by
identity already. Whoever says ``http.client.HTTPConnection`` when a connection is made (urllib.request,
xmlrpc.client, logging) runs on httpconn from then on. Whoever has taken the class itself before
(``from http.client import HTTPConnection``, or a subclass: urllib3, httplib2) keeps what it has, since a class
cannot be exchanged under its subclasses and instances; those modules are found and named.
"""

from __future__ import annotations

import http.client as _standard
import sys
import threading
import warnings
from abc import ABCMeta
from collections.abc import Iterator
from typing import Any, Final

from .connection import HTTPConnection, HTTPSConnection
from .response import HTTPResponse

_OURS: Final[dict[str, type]] = {
    "HTTPConnection": HTTPConnection,
    "HTTPSConnection": HTTPSConnection,
    "HTTPResponse": HTTPResponse,
}
# Taken while this package is imported, so before anything of it can stand in http.client.
_ORIGINALS: Final[dict[str, type]] = {name: vars(_standard)[name] for name in _OURS if name in vars(_standard)}

_lock: Final = threading.Lock()
_replaced: dict[str, Any] = {}
"""What stood in http.client before ``install``: its own classes, or what somebody had put there."""


class InstallWarning(RuntimeWarning):
    """Modules that were imported before ``install()`` hold http.client's classes, and go on using them."""


def install() -> tuple[str, ...]:
    """Make http.client's classes ours; return the names of the modules that were imported too early for it.

    Those hold http.client's own classes and are not affected; an InstallWarning says which and how to mend it.
    Calling it again changes nothing. Objects that exist stay what they are, and an early importer's
    ``isinstance(response, HTTPResponse)`` accepts our responses too.
    """
    with _lock:
        if not _replaced:
            # In one step, so that no thread finds one class replaced and another not.
            _replaced.update({name: vars(_standard)[name] for name in _ORIGINALS})
            vars(_standard).update({name: _OURS[name] for name in _ORIGINALS})
            response_class = _ORIGINALS["HTTPResponse"]
            if isinstance(response_class, ABCMeta):  # it is, by io.BufferedIOBase
                # Cannot be taken back, and need not: a response of ours does what http.client's does.
                response_class.register(HTTPResponse)
        early = _holders_of(_ORIGINALS)
    if early:
        held = ", ".join(f"{module} ({', '.join(names)})" for module, names in early.items())
        warnings.warn(
            f"imported before httpconn.install(), and so still on http.client's own classes: {held}. Call "
            "httpconn.install() before they are imported, in the first lines of the program, or run it by "
            "'python -m httpconn run script.py'",
            InstallWarning,
            stacklevel=2,
        )
    return tuple(early)


def uninstall() -> tuple[str, ...]:
    """Put back what ``install`` has replaced; return the names of the modules that keep our classes.

    Those were imported in between. They go on working on httpconn; to have them on http.client, import them anew.
    A class that somebody else has put into http.client since is left there. Calling it again changes nothing.
    """
    with _lock:
        present = vars(_standard)
        present.update({name: cls for name, cls in _replaced.items() if present.get(name) is _OURS[name]})
        _replaced.clear()
        return tuple(_holders_of(_OURS))


def _holders_of(classes: dict[str, type]) -> dict[str, list[str]]:
    """Return the modules that hold one of *classes* or a subclass, and by which names; ours and http.client left out.

    Holding HTTPResponse itself does not count: connections make responses, who merely names them only asks
    ``isinstance``.
    """
    makers = {id(cls) for name, cls in classes.items() if name != "HTTPResponse"}
    found: dict[str, set[str]] = {}
    # Both copies are made in one step; other threads may be importing.
    for key, module in list(sys.modules.items()):
        if module is _standard or _is_ours(key):
            continue
        try:
            # Past any __getattr__: a lazy module must not be loaded by being looked at.
            attributes = dict(object.__getattribute__(module, "__dict__"))
        except (AttributeError, TypeError):
            continue  # None, or another object that somebody has put there
        # Its own name, since the same module may be listed under others too (requests.packages.urllib3).
        module_name = str(attributes.get("__name__", key))
        for name, value in attributes.items():
            if id(value) in makers:
                found.setdefault(module_name, set()).add(name)
    for cls in set(classes.values()):
        for subclass in _subclasses(cls):
            module_name = subclass.__module__
            if module_name != _standard.__name__ and not _is_ours(module_name) and _is_reachable(subclass):
                found.setdefault(module_name, set()).add(subclass.__qualname__)
    return {module_name: sorted(found[module_name]) for module_name in sorted(found)}


def _is_ours(module_name: str) -> bool:
    return module_name.partition(".")[0] == "httpconn"


def _subclasses(cls: type) -> Iterator[type]:
    """Yield the real subclasses of *cls*, at any depth; those that were registered are none."""
    subclasses: list[type] = type.__subclasses__(cls)
    for subclass in subclasses:
        yield subclass
        yield from _subclasses(subclass)


def _is_reachable(cls: type) -> bool:
    """Return whether *cls* is in use, and not left over from a module that has been imported anew since."""
    found: Any = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        if name == "<locals>":
            return True  # made by a function, which nobody can look into
        found = getattr(found, "__dict__", {}).get(name)
    return found is cls
