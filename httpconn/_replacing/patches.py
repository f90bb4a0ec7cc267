"""What others have put on http.client's classes, or on ours in their place: found, and carried over to the other ones.

Tracers wrap methods of the class that they find in http.client. A wrapper is made anew around the counterpart of the
method that it wraps, where it shows what that is: a function that has it in its closure (sentry, most recipes), or an
object with ``__wrapped__`` and ``_self_wrapper`` (wrapt's, and so ddtrace, newrelic, OpenTelemetry). A value that is no
method (``debuglevel``) is carried over as it is. Whatever else there is, is not, and is handed back to be named: it
would call the other class's method on a connection that is none of that class.
"""

from __future__ import annotations

import http.client as _standard
from collections.abc import Callable, Iterator
from types import CellType, FunctionType

from .._wire.annotations import Any, Final
from .._wire.records import Record
from ..connection import HTTPConnection, HTTPSConnection
from ..response import HTTPResponse
from .early import ORIGINALS, names_in

OURS: Final[dict[str, type]] = {
    name: cls
    for name, cls in (
        ("HTTPConnection", HTTPConnection),
        ("HTTPSConnection", HTTPSConnection),
        ("HTTPResponse", HTTPResponse),
    )
    if name in ORIGINALS
}
_OWN: Final = {name: dict(vars(cls)) for name, cls in OURS.items()}
"""What our own classes have. Of http.client's this cannot be known: they may have been patched before us."""
_MISSING: Final = object()

_Swap = Callable[[FunctionType], Any]
"""Given a function, returns what stands for it on the other side; None where it is not one of the class's own."""


class Patch(Record):
    __slots__ = ("class_name", "name", "value")
    __match_args__ = ("class_name", "name", "value")

    class_name: str
    name: str
    value: Any

    def __init__(self, class_name: str, name: str, value: Any) -> None:
        self._set(class_name, name, value)

    def __str__(self) -> str:
        return f"{self.class_name}.{self.name} (by {_module_of(self.value)})"


class _Pair(Record):
    """One patch on both sides."""

    __slots__ = ("began_at", "ours", "standard")
    __match_args__ = ("standard", "ours", "began_at")

    standard: Any
    ours: Any
    began_at: _Side

    def __init__(self, standard: Any, ours: Any, began_at: _Side) -> None:
        self._set(standard, ours, began_at)


class _Side:
    """http.client's classes, or ours."""

    classes: dict[str, type]

    def own(self, class_name: str, name: str) -> Any:
        """Return what the class has under *name* by itself, or _MISSING."""
        raise NotImplementedError

    def swap(self, function: FunctionType) -> Any:
        """Return the other side's counterpart of a function that is a class's own here, or None."""
        raise NotImplementedError

    def present(self, class_name: str, name: str) -> Any:
        return vars(self.classes[class_name]).get(name, _MISSING)

    def is_patched(self, class_name: str, name: str) -> bool:
        return self.present(class_name, name) is not self.own(class_name, name)

    def patches(self) -> Iterator[Patch]:
        for class_name, cls in self.classes.items():
            for name, value in list(vars(cls).items()):
                if _may_be_patched(name, value) and self.is_patched(class_name, name):
                    yield Patch(class_name, name, value)

    def put(self, class_name: str, name: str, value: Any) -> None:
        if value is not _MISSING:
            setattr(self.classes[class_name], name, value)
        elif self.present(class_name, name) is not _MISSING:
            delattr(self.classes[class_name], name)


class _Standard(_Side):
    classes = ORIGINALS

    def own(self, class_name: str, name: str) -> Any:
        value = self.present(class_name, name)
        ours = _OWN[class_name].get(name, _MISSING)
        if name == "response_class" and value is not _MISSING:
            return ORIGINALS["HTTPResponse"]
        if ours is not _MISSING and not _is_method(ours):
            # Class attributes are the same in both.
            return value if value is _MISSING or (type(value) is type(ours) and value == ours) else ours
        qualified_name = f"{class_name}.{name}"
        if type(value) is FunctionType and _is_standard(value) and value.__qualname__ == qualified_name:
            return value  # as nearly all are
        function = self._bottom(value, qualified_name)
        if function is getattr(value, "__func__", value):
            return value
        return _MISSING if function is None else type(value)(function) if _is_static(value) else function

    def _bottom(self, value: Any, qualified_name: str) -> FunctionType | None:
        found: list[FunctionType] = []
        _rebuilt(value, lambda function: found.append(function) if _is_standard(function) else None)
        return next((function for function in found if function.__qualname__ == qualified_name), None)

    def swap(self, function: FunctionType) -> Any:
        if not _is_standard(function):
            return None
        class_name, _, name = function.__qualname__.partition(".")
        own = _OWN.get(class_name, {}).get(name)
        return getattr(own, "__func__", own)


class _Ours(_Side):
    classes = OURS

    def own(self, class_name: str, name: str) -> Any:
        return _OWN[class_name].get(name, _MISSING)

    def swap(self, function: FunctionType) -> Any:
        for class_name, own in _OWN.items():
            for name, value in own.items():
                if getattr(value, "__func__", value) is function:
                    standard = _STANDARD.own(class_name, name)
                    return None if standard is _MISSING else getattr(standard, "__func__", standard)
        return None


_STANDARD: Final = _Standard()
_ON_OURS: Final = _Ours()

_pairs: dict[tuple[str, str], _Pair] = {}


def carry_over() -> list[Patch]:
    """Put onto our classes what is patched on http.client's; return the patches for which that cannot be done."""
    return _carry(_STANDARD, _ON_OURS)


def carry_back() -> list[Patch]:
    """Put onto http.client's classes what was patched on ours meanwhile; take off ours what ``carry_over`` put there.

    Returns the patches that cannot be carried. A patch that was taken off ours meanwhile is taken off http.client's.
    """
    left = _carry(_ON_OURS, _STANDARD)
    for (class_name, name), pair in list(_pairs.items()):
        if pair.began_at is _STANDARD:
            if _ON_OURS.present(class_name, name) is pair.ours:
                _ON_OURS.put(class_name, name, _ON_OURS.own(class_name, name))
            del _pairs[class_name, name]
    return left


def _carry(source: _Side, target: _Side) -> list[Patch]:
    def on(side: _Side, pair: _Pair) -> Any:
        return pair.standard if side is _STANDARD else pair.ours

    for (class_name, name), pair in list(_pairs.items()):
        if not source.is_patched(class_name, name) and target.present(class_name, name) is on(target, pair):
            target.put(class_name, name, target.own(class_name, name))
            del _pairs[class_name, name]
    left = []
    for patch in source.patches():
        key = patch.class_name, patch.name
        known = _pairs.get(key)
        present = target.present(*key)
        is_known = known is not None and present is on(target, known)
        if known is not None and is_known and patch.value is on(source, known):
            continue
        made = _carried(patch, source)
        if made is _MISSING or not (is_known or not target.is_patched(*key)):
            left.append(patch)  # it cannot be, or there is another one
            continue
        target.put(*key, made)
        standard, ours = (patch.value, made) if source is _STANDARD else (made, patch.value)
        _pairs[key] = _Pair(standard, ours, known.began_at if known is not None and is_known else source)
    return left


def _carried(patch: Patch, source: _Side) -> Any:
    """Return what the other side gets for *patch*, or _MISSING."""
    if _is_method(patch.value):
        made = _rebuilt(patch.value, source.swap)
        return _MISSING if made is None else made
    own = _OWN[patch.class_name].get(patch.name, _MISSING)
    return _MISSING if _is_method(own) else patch.value


def _rebuilt(value: Any, swap: _Swap, made: dict[int, Any] | None = None) -> Any:
    """Return *value*, a wrapper, made anew around what *swap* gives for the method in it; None where there is none.

    *made* is what has been made on the way: wrappers may refer to each other.
    """
    made = {} if made is None else made
    if type(value) is FunctionType and (swapped := swap(value)) is not None:
        return swapped
    if id(value) not in made:
        made[id(value)] = None
        if type(value) is FunctionType:
            made[id(value)] = _rebuilt_function(value, swap, made)
        elif _is_static(value):
            inner = _rebuilt(value.__func__, swap, made)
            made[id(value)] = None if inner is None else type(value)(inner)
        elif not isinstance(value, type) and hasattr(value, "_self_wrapper"):
            inner = _rebuilt(getattr(value, "__wrapped__", None), swap, made)
            enabled = getattr(value, "_self_enabled", None)
            options = () if enabled is None else (enabled,)
            made[id(value)] = None if inner is None else type(value)(inner, value._self_wrapper, *options)
    return made[id(value)]


def _rebuilt_function(function: FunctionType, swap: _Swap, made: dict[int, Any]) -> FunctionType | None:
    named = [function.__globals__.get(name) for name in names_in(function.__code__)]
    if any(type(value) is FunctionType and swap(value) is not None for value in named):
        return None  # it has the method from its module, where it would stay
    cells = list(function.__closure__ or ())
    for index, cell in enumerate(cells):
        try:
            inner = _rebuilt(cell.cell_contents, swap, made)
        except ValueError:
            continue  # an empty cell
        if inner is not None:
            cells[index] = CellType(inner)
    if all(cell is before for cell, before in zip(cells, function.__closure__ or (), strict=True)):
        return None
    again = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells)
    )
    for name in ("__kwdefaults__", "__module__", "__qualname__", "__doc__", "__annotations__"):
        setattr(again, name, getattr(function, name))
    again.__dict__.update(function.__dict__)
    if (wrapped := _rebuilt(function.__dict__.get("__wrapped__"), swap, made)) is not None:
        again.__dict__["__wrapped__"] = wrapped  # as functools.wraps sets it
    return again


def _is_standard(function: FunctionType) -> bool:
    return function.__globals__ is vars(_standard)


def _is_static(value: Any) -> bool:
    return type(value) in (staticmethod, classmethod)


def _is_method(value: Any) -> bool:
    return (callable(value) and not isinstance(value, type)) or hasattr(type(value), "__get__")


def _may_be_patched(name: str, value: Any) -> bool:
    """Return whether *name* is one that programs set, and not what every class has (``__doc__``, ``__dict__``)."""
    is_special = name.startswith("__") and name.endswith("__")
    return name != "_abc_impl" and (callable(value) if is_special else True)


def _module_of(value: Any) -> str:
    """Return the name of the module that *value* was probably put there by."""
    if _is_static(value):
        value = value.__func__
    wrapper = getattr(value, "_self_wrapper", value)
    wrapper = getattr(wrapper, "func", wrapper)  # of a functools.partial
    if type(wrapper) is FunctionType:
        return str(wrapper.__globals__.get("__name__"))
    return str(getattr(wrapper, "__module__", None) or type(wrapper).__module__)
