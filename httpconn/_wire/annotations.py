"""What annotations are made of: the names of ``typing``, for type checkers; at run time stand-ins that cost nothing.

``import httpconn`` is to cost little more than ``import http.client``, which does without ``typing``: a tenth of
it. So what is imported with the package takes these names from here, and what comes later from ``typing`` itself.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any as Any
    from typing import BinaryIO as BinaryIO
    from typing import Final as Final
    from typing import Never as Never
    from typing import Protocol as Protocol
    from typing import Self as Self
    from typing import TypeAlias as TypeAlias
    from typing import TypeGuard as TypeGuard
    from typing import TypeVar as TypeVar
    from typing import overload as overload
else:
    # Annotations are not evaluated; what else the names stand for there are a base class, a call and a decorator.
    Any = BinaryIO = Final = Never = Protocol = Self = TypeAlias = TypeGuard = object

    def TypeVar(name, **options):  # as typing has it
        return object

    def overload(function):
        return function
