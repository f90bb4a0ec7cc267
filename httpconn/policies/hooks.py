"""The caller's hooks: what is called with each request before it is sent, and with each response.

A hook may be a coroutine function, where somebody has an event loop to await it in (``AsyncClient``). So all that calls
hooks is written once, as coroutines. Who has none runs these by ``finished``: nothing in them waits then.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeAlias, TypeVar

from ..errors import quote

Hook: TypeAlias = Callable[..., Any]
Hooks: TypeAlias = Hook | Iterable[Hook]

_Result = TypeVar("_Result")


def hooks_of(given: Hooks, name: str) -> tuple[Hook, ...]:
    """Return the hooks that the option *name* has been given. Raises TypeError."""
    hooks = (given,) if callable(given) or not isinstance(given, Iterable) else tuple(given)
    for hook in hooks:
        if not callable(hook):
            raise TypeError(f"expected {name} as a callable, or several, got {type(hook).__name__}")
    return hooks


def is_awaited(hook: Hook) -> bool:
    """Return whether *hook* is a coroutine function, or an object that is called as one."""
    import inspect  # which takes long to load, and most programs have no hooks

    called = hook if inspect.isroutine(hook) else getattr(hook, "__call__", hook)  # noqa: B004 - of an object's class
    return inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(called)


async def call(hook: Hook, argument: object) -> Any:
    """Return what *hook* makes of *argument*. Raises what it raises; TypeError for an awaitable of one that is no
    coroutine function: nobody could know that it has to be awaited."""
    result = hook(argument)
    if result is None or not hasattr(result, "__await__"):
        return result
    if is_awaited(hook):
        return await result
    end = getattr(result, "close", None)
    if end is not None:
        end()  # or it would be told of as forgotten
    raise TypeError(
        f"got one of {type(result).__name__} from the hook {quote(repr(hook))}: one that is to be awaited is a "
        "coroutine function (async def), or marked as one (inspect.markcoroutinefunction)"
    )


def finished(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Return what *coroutine* returns, in which no hook is awaited. Raises what it raises."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: _Result = done.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine waits where there is no event loop")
