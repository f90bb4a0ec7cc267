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
import warnings
from _thread import allocate_lock

from ._replacing import early, patches
from ._replacing.early import ORIGINALS as _ORIGINALS
from ._replacing.patches import OURS as _OURS
from ._wire.annotations import Any, Final

_lock: Final = allocate_lock()
_replaced: dict[str, Any] = {}
"""What stood in http.client before ``install``: its own classes, or what somebody had put there."""

_REMEDY: Final = (
    "Call httpconn.install() before that: in the first lines of the program, as 'python -m httpconn run script.py' "
    "does, or before what a launcher imports"
)


class InstallWarning(RuntimeWarning):
    """What goes on using http.client's classes: early importers, a tool's class in the module, patches left behind."""


def install(*, force: bool = False) -> tuple[str, ...]:
    """Make http.client's classes ours; return the names of the modules that were imported too early for it.

    Those hold http.client's own classes and are not affected; an InstallWarning says which and how to mend it.
    Calling it again changes nothing, but for what could not be done the first time. Objects that exist stay what they
    are, and ``isinstance(response, HTTPResponse)`` accepts the responses of both, whichever class it asks for.

    A class that a tool has put into http.client (a recorder) stays there, unless *force* is True. What tracers have
    patched on http.client's classes is patched on ours as well where that can be done. An InstallWarning names what was
    left, with its module.
    """
    with _lock:
        left = _put_in_place(force)
        # What stands in the way for the time of this call: methods that ask whose response it is are no patches.
        early.unguard()
        uncarried = patches.carry_over()
        if _replaced:
            early.adopt()
    held = _holders_of(_ORIGINALS)
    told = [
        *_told_of_left(left, "install(force=True) replaces it"),
        *_told_of_uncarried(uncarried, "httpconn's", "Make them again after httpconn.install()"),
    ]
    if held:
        names = ", ".join(f"{module} ({', '.join(names)})" for module, names in held.items())
        told.append(f"imported before httpconn.install(), and still on http.client's own classes: {names}. {_REMEDY}")
    _warn(told)
    return tuple(held)


def uninstall() -> tuple[str, ...]:
    """Put back what ``install`` has replaced; return the names of the modules that keep our classes.

    Those were imported in between. They go on working on httpconn; to have them on http.client, import them anew.
    A class that somebody else has put into http.client since is left there, and what was patched on ours since is
    patched on http.client's; an InstallWarning names both where it cannot be. Calling it again changes nothing.
    """
    with _lock:
        present = vars(_standard)
        left = {
            name: present[name]
            for name in _replaced
            if name in present and present[name] not in (_OURS[name], _replaced[name])
        }
        early.release()
        uncarried = patches.carry_back() if _replaced else []
        present.update({name: cls for name, cls in _replaced.items() if present.get(name) is _OURS[name]})
        _replaced.clear()
        holders = tuple(_holders_of(_OURS))
    _warn(
        [
            *_told_of_left(left, "take it out before httpconn.uninstall()"),
            *_told_of_uncarried(uncarried, "http.client's", "Make them again after httpconn.uninstall()"),
        ]
    )
    return holders


def _put_in_place(force: bool) -> dict[str, Any]:
    """Put our classes into http.client, in one step, so that no thread finds one replaced and another not.

    Returns what was left there. http.client's responses stay where one of the two connections does: it makes them.
    """
    present = vars(_standard)
    left = {
        name: present[name]
        for name in _ORIGINALS
        if not force and present[name] is not _ORIGINALS[name] and not _is_made_from_ours(present[name], name)
    }
    names = [name for name in _ORIGINALS if name not in left and name not in _replaced]
    if left and "HTTPResponse" in names:
        names.remove("HTTPResponse")
    _replaced.update({name: present[name] for name in names})
    present.update({name: _OURS[name] for name in names})
    return left


def _is_made_from_ours(cls: Any, name: str) -> bool:
    return isinstance(cls, type) and _OURS[name] in cls.__mro__ and not early.is_early(cls)


def _told_of_left(left: dict[str, Any], remedy: str) -> list[str]:
    return [
        f"http.client.{name} is {getattr(cls, '__module__', type(cls).__module__)}."
        f"{getattr(cls, '__qualname__', type(cls).__qualname__)}, which was put there by a tool, and was left: {remedy}"
        for name, cls in left.items()
    ]


def _told_of_uncarried(uncarried: list[patches.Patch], whose: str, remedy: str) -> list[str]:
    if not uncarried:
        return []
    return [f"patched, and could not be patched on {whose} classes too: {', '.join(map(str, uncarried))}. {remedy}"]


def _warn(told: list[str]) -> None:
    if told:
        warnings.warn("; ".join(told), InstallWarning, stacklevel=3)


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
        for subclass in early.subclasses(cls):
            module_name = subclass.__module__
            if module_name != _standard.__name__ and not _is_ours(module_name) and _is_reachable(subclass):
                found.setdefault(module_name, set()).add(subclass.__qualname__)
    return {module_name: sorted(found[module_name]) for module_name in sorted(found)}


def _is_ours(module_name: str) -> bool:
    return module_name.partition(".")[0] == "httpconn"


def _is_reachable(cls: type) -> bool:
    """Return whether *cls* is in use, and not left over from a module that has been imported anew since."""
    found: Any = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        if name == "<locals>":
            return True  # made by a function, which nobody can look into
        found = getattr(found, "__dict__", {}).get(name)
    return found is cls
