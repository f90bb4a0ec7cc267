"""Records that do not change: what a frozen dataclass does, its functions included."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys

import pytest

from httpconn import Limits
from httpconn._wire.grammar import FinalCountsToo
from httpconn._wire.records import Record


@dataclasses.dataclass(frozen=True, slots=True)
class ByDataclass:
    line_bytes: int = 65_536
    field_lines: int = 100
    head_bytes: int = 1_048_576
    interim_responses: int = 100
    trailer_lines: int = 100
    chunk_overhead_bytes: int = 16_384
    body_bytes: int | None = None


def test_it_is_what_a_dataclass_is() -> None:
    ours, theirs = Limits(7, body_bytes=9), ByDataclass(7, body_bytes=9)
    assert repr(ours) == repr(theirs).replace("ByDataclass", "Limits")
    parameters = dict(inspect.signature(Limits).parameters)
    assert parameters.pop("unknown").kind is inspect.Parameter.VAR_KEYWORD  # which only refuses
    assert parameters == dict(inspect.signature(ByDataclass).parameters)
    assert Limits.__match_args__ == ByDataclass.__match_args__
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert dataclasses.is_dataclass(ours)
    told = [
        [(field.name, field.default, field.type) for field in dataclasses.fields(kind)]
        for kind in (Limits, ByDataclass)
    ]
    assert told[0] == told[1]
    match ours:
        case Limits(7, field_lines=100):
            pass
        case _:
            pytest.fail("it does not match")


def test_a_dataclass_of_it() -> None:
    @dataclasses.dataclass(frozen=True)
    class More(Limits):
        extra: int = 3

    more = More(7, extra=4)
    assert (more.line_bytes, more.field_lines, more.extra) == (7, 100, 4)
    for limits in more, Limits():
        with pytest.raises(dataclasses.FrozenInstanceError):
            limits.line_bytes = 8  # type: ignore[misc]
        with pytest.raises(dataclasses.FrozenInstanceError):
            del limits.line_bytes


def test_equal_by_value_and_class() -> None:
    assert Limits(line_bytes=7) == Limits(7) != Limits(8)
    assert hash(Limits(7)) == hash(Limits(line_bytes=7))
    assert Limits() != FinalCountsToo()
    assert Limits() != (65_536, 100, 1_048_576, 100, 100, 16_384, None)


@pytest.mark.parametrize("kind", [Limits, FinalCountsToo])
def test_copies(kind: type[Limits]) -> None:
    limits = kind(7, body_bytes=9)
    changed = [dataclasses.replace(limits, field_lines=8), limits.__replace__(field_lines=8)]
    if sys.version_info >= (3, 13):
        changed.append(copy.replace(limits, field_lines=8))
    assert changed == [kind(7, 8, body_bytes=9)] * len(changed)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(limits, protocol)) == limits
    assert copy.copy(limits) == copy.deepcopy(limits) == limits
    with pytest.raises(TypeError):
        limits.__replace__(lines=8)


def test_it_does_not_change() -> None:
    limits = Limits()
    for name in ("line_bytes", "other"):
        with pytest.raises(AttributeError, match=name):
            setattr(limits, name, 1)
    with pytest.raises(AttributeError, match="line_bytes"):
        del limits.line_bytes
    assert limits == Limits()


def test_each_value_has_a_field() -> None:
    class Short(Record):
        __slots__ = ("a",)
        __match_args__ = ("a",)

        def __init__(self) -> None:
            self._set(1, 2)

    with pytest.raises(ValueError, match="longer"):
        Short()
