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

        defaults = owner._defaults()
        told = [getattr(base, "__annotations__", {}) for base in owner.__mro__]  # object has none
        kinds = {name: kind for annotations in told[::-1] for name, kind in annotations.items()}
        fields = [
            (name, kinds.get(name, Any), field(default=defaults[name]) if name in defaults else field())
            for name in owner.__match_args__
        ]
        made: Any = make_dataclass(owner.__name__, fields, frozen=True)
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

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        init: Any = cls.__init__
        given = init.__defaults__ or ()
        return dict(zip(cls.__match_args__[len(cls.__match_args__) - len(given) :], given, strict=True))

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


class KeywordRecord(Record):
    """Base class: a subclass's fields are its annotated names and its bases', each with its default, and all are given
    by keyword. Names that begin with an underscore are none."""

    def __init_subclass__(cls) -> None:
        names = dict.fromkeys((*cls.__match_args__, *(name for name in cls.__annotations__ if name[0] != "_")))
        cls.__match_args__ = tuple(names)  # type: ignore[misc]  # to mypy nobody may set it

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        return {name: getattr(cls, name) for name in cls.__match_args__}

    def __init__(self, **given: Any) -> None:
        """Raises TypeError for a name that is no field."""
        values = {**self._defaults(), **given}
        if len(values) > len(self.__match_args__):
            raise TypeError(f"{type(self).__name__} has no {', '.join(given.keys() - {*self.__match_args__})}")
        self._set(*values.values())
