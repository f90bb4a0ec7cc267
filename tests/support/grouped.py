"""Many small cases in one test: pytest takes longer for a test than most of these do, and there are ten thousand."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

SIZE = 24


def in_groups(names: str, rows: Iterable[tuple[str, Any]], size: int = SIZE) -> Callable[[Any], Any]:
    """Have a test run for each of *rows*, (id, value), of which *size* are one test for pytest.

    As ``pytest.mark.parametrize(names, ...)``: for several names a value is a tuple. What fails tells the id of its
    case; the rest of its group does not run then. A case cannot be skipped.
    """
    listed = [*rows]
    groups = [listed[at : at + size] for at in range(0, len(listed), size)]
    own = [name.strip() for name in names.split(",")]

    def decorate(test: Callable[..., Any]) -> Any:
        @functools.wraps(test)
        def run(*args: Any, group: list[tuple[str, Any]], **given: Any) -> None:
            for case, value in group:
                values = value if len(own) > 1 else (value,)
                try:
                    test(*args, **dict(zip(own, values, strict=True)), **given)
                except pytest.skip.Exception as skipped:
                    raise TypeError(f"{case}: one case of a group cannot be skipped") from skipped
                except BaseException as error:
                    error.add_note(f"{names}: {case}")
                    raise

        signature = inspect.signature(test)
        kept = [parameter for name, parameter in signature.parameters.items() if name not in own]
        group = inspect.Parameter("group", inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = signature.replace(parameters=[*kept, group])  # type: ignore[attr-defined]
        ids = [f"{group[0][0]} and {len(group) - 1} more" for group in groups]
        return pytest.mark.parametrize("group", groups, ids=ids)(run)

    return decorate
