"""Records that do not change: what ``dataclass(frozen=True, slots=True)`` would make, and cheaper to import.

The dataclasses module brings ``inspect`` with it and compiles text, which together takes more than the import of all
that http.client needs of ours.
"""

from __future__ import annotations

from .annotations import Any, Self


class _OfDataclass:
    """What the dataclasses module asks a class for, by its functions or to derive one. Made when it does."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type[Record]) -> Any:
        from dataclasses import field, make_dataclass

        init: Any = owner.__init__
        names, given = owner.__match_args__, init.__defaults__ or ()
        values = [*(field() for _ in names[len(given) :]), *(field(default=value) for value in given)]
        made: Any = make_dataclass(
            owner.__name__,
            [(name, owner.__annotations__.get(name, Any), value) for name, value in zip(names, values, strict=True)],
            frozen=True,
        )
        return getattr(made, self._name)


def _frozen(text: str) -> Exception:
    from dataclasses import FrozenInstanceError  # an AttributeError

    return FrozenInstanceError(text)


class Record:
    """Base class: a subclass names its fields in ``__match_args__``, and hands their values to ``_set`` when made."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()
    __dataclass_fields__ = _OfDataclass()
    __dataclass_params__ = _OfDataclass()

    def _set(self, *values: Any) -> None:
        for name, value in zip(self.__match_args__, values, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise _frozen(f"cannot assign to field {name!r}: a {type(self).__name__} does not change")

    def __delattr__(self, name: str) -> None:
        raise _frozen(f"cannot delete field {name!r}: a {type(self).__name__} does not change")

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __replace__(self, /, **changes: Any) -> Self:
        """Return a copy with other values, as ``copy.replace`` does from Python 3.13 on. Raises TypeError."""
        return type(self)(**{**dict(zip(self.__match_args__, self._values(), strict=True)), **changes})

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__qualname__}({told})"

    def __getstate__(self) -> list[Any]:
        return [*self._values()]

    def __setstate__(self, state: list[Any]) -> None:
        self._set(*state)
