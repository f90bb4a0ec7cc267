"""docs/reference.md, made from signatures and docstrings:   python -m tests.docs.reference

It reads the sources of the checkout, where attributes have their texts behind them.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference.md"

HEAD = """\
# Options and attributes

<!-- made by python -m tests.docs.reference: change the docstrings instead -->

"""

OPTIONS = (
    ("Options of a pool, a fetcher and a client", "_exchange/settings.py", "Settings",
     "Of `ConnectionPool`, `Fetcher`, `fetch_many` and `AsyncClient`: they count for all its requests."),
    ("More options of a fetcher and a client", "_exchange/settings.py", "FetchSettings",
     "`ordered` is one of `AsyncClient.fetch_many`. Of a fetcher and `fetch_many`, `max_connections` is 256 if nothing is said."),
)  # fmt: skip

CLASSES = (
    ("pool.py", "ConnectionPool"), ("fetch.py", "Fetcher"), ("fetch.py", "fetch_many"), ("aio.py", "AsyncClient"),
    ("model.py", "Request"), ("model.py", "Response"), ("aio.py", "AsyncResponse"),
    ("model.py", "Timeout"), ("policies/retries.py", "Retry"), ("model.py", "Timings"), ("model.py", "TLSInfo"),
    ("policies/auth.py", "Bearer"), ("policies/auth.py", "Digest"), ("_wire/grammar.py", "Limits"),
    ("pool.py", "PoolStats"), ("fetch.py", "FetchStats"), ("aio.py", "ClientStats"),
    ("rows.py", "fetch_rows"), ("rows.py", "host_key"), ("rows.py", "rows_schema"),
    ("_wire/references.py", "urljoin"), ("_io/addresses.py", "public_only"), ("writers/__init__.py", "open"),
    ("_install.py", "install"), ("_install.py", "uninstall"),
)  # fmt: skip
"""In the order of the page: the module, and the class or function in it."""

COMPILED_FIELDS = {"Response": ("_exchange/response_fields.py", "ResponseFields")}
"""Where a class has properties from that are asked for so often that they are compiled."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def found(module: str, name: str) -> ast.ClassDef | Function:
    tree = ast.parse((ROOT / "httpconn" / module).read_text(encoding="utf-8"))
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return next(node for node in tree.body if isinstance(node, kinds) and node.name == name)


def text_of(node: ast.ClassDef | Function) -> str:
    """Return the docstring as Markdown: code in single backticks, an argument's *name* as code too."""
    return as_markdown(ast.get_docstring(node) or "")


def as_markdown(text: str) -> str:
    text = re.sub(r"``([^`]+)``", r"`\1`", inspect.cleandoc(text))
    return re.sub(r"(?<![\w*`])\*(\w+)\*(?![\w*])", r"`\1`", text)


def attributes(node: ast.ClassDef) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, type, default and text of what the class declares in public."""
    for at, member in enumerate(node.body):
        if not isinstance(member, ast.AnnAssign) or not isinstance(member.target, ast.Name):
            continue
        name, kind = member.target.id, ast.unparse(member.annotation)
        if name.startswith("_") or kind.startswith("ClassVar"):
            continue
        told = node.body[at + 1] if at + 1 < len(node.body) else None
        is_text = isinstance(told, ast.Expr) and isinstance(told.value, ast.Constant)
        text = as_markdown(str(told.value.value)) if is_text else ""  # type: ignore[union-attr]  # as is_text says
        yield name, kind, default_of(member.value), re.sub(r"\s+", " ", text)


def default_of(value: ast.expr | None) -> str:
    if value is None:
        return ""
    if isinstance(value, ast.Call):
        made = {key.arg: key.value for key in value.keywords}
        value = made.get("default", made.get("default_factory", value))
    names = {"DEFAULT_TIMEOUT": "Timeout(10, 30, 300, 60)", "DEFAULT_MAX_RATIO": "250", "_limits": "Limits(field_lines=256)",
             "DEFAULT_MAX_LOOKUPS": "128", "DEFAULT_REDIRECTS": "10", "64 * MIB": "64 MiB", "256 * MIB": "256 MiB"}  # fmt: skip
    shown = ast.unparse(value)
    return names.get(shown, shown)


def given(name: str) -> dict[str, str]:
    """Return the types of the options as a caller gives them, which a Settings has in one form of several."""
    node = found("_exchange/settings.py", name)
    assert isinstance(node, ast.ClassDef)
    return {option: kind for option, kind, _, _ in attributes(node)}


def table(node: ast.ClassDef, kinds: Mapping[str, str] = {}) -> str:
    rows = [(name, kinds.get(name, kind), default, text) for name, kind, default, text in attributes(node)]
    has_defaults = any(default for _, _, default, _ in rows)
    lines = ["| | default | |" if has_defaults else "| | |", "|---|---|---|" if has_defaults else "|---|---|"]
    for name, kind, default, text in rows:
        shown = f"`{default}`" if default else ""
        told = f"{text} *{kind.replace(' | ', ' or ')}*".strip()
        lines.append(f"| `{name}` | {shown} | {told} |" if has_defaults else f"| `{name}` | {told} |")
    return "\n".join(lines) + "\n"


def signature(node: Function) -> str:
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("self")
    arguments = re.sub(r"\*\*options: Unpack\[(\w+)\]", "**options", arguments)
    before = (
        "await "
        if isinstance(node, ast.AsyncFunctionDef) or (node.returns and "Coroutine" in ast.unparse(node.returns))
        else ""
    )
    return f"{before}{node.name}({arguments})"


def members(node: ast.ClassDef) -> Iterator[str]:
    for member in node.body:
        if not isinstance(member, Function) or member.name.startswith("_"):
            continue
        decorators = {ast.unparse(one) for one in member.decorator_list}
        if any(one == "overload" or one.endswith(".setter") for one in decorators):
            continue
        shown = member.name if "property" in decorators else signature(member)
        yield f"**`{shown}`**\n\n{text_of(member)}\n"


def section(module: str, name: str) -> str:
    node = found(module, name)
    title = f"writers.{name}" if module.startswith("writers") else name
    if not isinstance(node, ast.ClassDef):
        return f"## {title}\n\n`{signature(node)}`\n\n{text_of(node)}\n"
    parts = [f"## {title}\n\n{text_of(node)}\n"]
    if [*attributes(node)]:
        parts.append(table(node))
    constructor = next(
        (one for one in reversed(node.body) if isinstance(one, Function) and one.name == "__init__"), None
    )
    if constructor is not None:
        parts.insert(1, f"`{signature(constructor).replace('__init__', name)}`\n")
    if name in COMPILED_FIELDS:
        fields = found(*COMPILED_FIELDS[name])
        assert isinstance(fields, ast.ClassDef)
        parts += members(fields)
    return "\n".join([*parts, *members(node)])


def page() -> str:
    parts = [HEAD.rstrip("\n")]
    kinds = {**given("Options"), **given("FetchOptions")}
    for title, module, name, text in OPTIONS:
        node = found(module, name)
        assert isinstance(node, ast.ClassDef)
        parts.append(f"## {title}\n\n{text}\n\n{table(node, kinds)}".rstrip("\n"))
    parts += [section(module, name).rstrip("\n") for module, name in CLASSES]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
