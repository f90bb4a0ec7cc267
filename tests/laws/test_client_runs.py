"""What pool and fetcher are tested for, an AsyncClient is too: each of their cases runs it, or says here why not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

TESTS = Path(__file__).parents[1]
MADE = {"ConnectionPool", "Fetcher", "fetch_many", "Asker"}
"""What is made by hand where a test names it, and no parameter of the test has that name."""
IN_PROGRAMS = re.compile(r"\b(?:ConnectionPool|Fetcher|fetch_many)(?=\()|\bAsyncClient\b")
FIXTURES = {"client", "fetch_many", "new_fetcher", "new_pool"}
"""Those of tests/support/clients.py: each gives a client, too, to a test with such a parameter."""
RUNS = {"AsyncClient", "Awaiting", "AwaitedFetcher", "AwaitedMany", "AwaitedPool", "each_kind", "KINDS", "async"}
"""What else a client is made by; "async" is a parameter of an Asker."""
WITHOUT = {
    "a loop behind an iterator; a client's is behind Python": (
        "engine/test_fetch.py::test_a_fetcher_that_was_not_made_is_told",
    ),
    "a client has an event loop, and is taken out of it in test_async_client.py": (
        "engine/test_dropped.py",
        "engine/test_lookups.py::test_a_dropped_maker_leaves_no_thread",
        "engine/test_lookups.py::test_an_event_loop_that_cannot_be_had_is_an_error",
        "engine/test_fetch.py::test_closing_closes_every_socket",
        "exchange/test_log.py::test_a_finalizer_may_log",
    ),
    "threads of one pool; a client is one thread's": (
        "engine/test_descriptors.py::test_threads_of_a_pool_wait_for_connections_that_are_being_opened",
        "engine/test_descriptors.py::test_threads_of_a_pool_wait_for_each_other",
        "engine/test_fetch.py::test_another_thread_s_fetcher_is_not_closed",
        "engine/test_fetch.py::test_one_thread_at_a_time",
        "engine/test_left_out_content.py::test_a_pools_threads_wait_for_the_rest",
        "engine/test_pacing.py::test_a_gate_holds_threads_that_wait_for_the_connection",
        "engine/test_pacing.py::test_a_gate_is_the_whole_hosts_in_the_pool",
        "engine/test_pacing.py::test_closing_a_pool_wakes_who_waits_for_a_turn",
        "engine/test_pacing.py::test_no_retry_after_the_end_of_the_whole_time",
        "engine/test_pacing.py::test_rates_of_the_pool",
        "engine/test_places.py::test_a_pool_closes_what_is_unused_for_too_long_at_the_end_of_a_request",
        "engine/test_pool.py::test_500_threads",
        "engine/test_pool.py::test_a_misbehaving_server",
        "exchange/test_following.py::test_one_jar_for_many_threads",
    ),
    "the slots of a pool, which a client has none of": (
        "engine/test_pacing.py::test_turns_that_are_too_late_take_none",
        "engine/test_pool.py::test_closed_by_a_signals_handler",
        "engine/test_pool.py::test_a_signals_handler_sends_over_the_pool_that_it_has_interrupted",
        "engine/test_pool.py::test_a_slot_is_found_whose_finalizer_was_interrupted",
        "engine/test_pool.py::test_last_in_first_out",
        "engine/test_pool.py::test_no_slot_is_lost_when_a_request_is_interrupted_anywhere",
        "engine/test_pool.py::test_waiting_is_bounded",
    ),
    "parts that a thread takes from the socket itself; a client's come through its loop": (
        "exchange/test_streams.py::test_a_part_that_was_put_back_is_what_comes_next",
        "exchange/test_streams.py::test_what_goes_wrong_where_a_part_is_looked_for",
    ),
    "the common exchange of a pool; a loop's is in test_fast_path.py": ("engine/test_at_once.py",),
    "a signal that comes while the loop runs; in a client's the event loop has it": (
        "engine/test_fast_path.py::test_ctrl_c_at_any_time",
        "engine/test_fetch.py::test_ctrl_c_closes_every_socket",
        "engine/test_inputs.py::test_closed_by_a_signal_while_it_waits",
    ),
    "another process or interpreter; a client after a fork is in test_async_client.py, and pickled in test_pool.py": (
        "engine/test_fetch.py::test_pickles_as_its_configuration",
        "engine/test_fetch.py::test_the_child_of_a_fork",
        "engine/test_interpreters.py::test_what_an_interpreter_leaves_behind_is_given_back",
        "engine/test_lookups.py::test_the_child_of_a_fork_has_a_loop_of_its_own",
        "engine/test_pool.py::test_the_child_of_a_fork_uses_nothing_of_the_parents",
        "exchange/test_errors_that_travel.py::test_out_of_a_worker_process",
        "exchange/test_sinks.py::test_a_fork_writes_no_sink_a_second_time",
        "exchange/test_sinks.py::test_a_killed_fetcher_leaves_the_temporary_file_at_worst",
    ),
    "a client's, otherwise built, is test_a_client_gets_every_page_under_a_low_limit there": (
        "engine/test_descriptors.py::test_a_fetcher_gets_every_page_under_a_low_limit",
        "engine/test_descriptors.py::test_a_file_for_the_content_finds_a_descriptor_too",
        "engine/test_descriptors.py::test_a_lookup_without_a_descriptor_is_no_unknown_name",
        "engine/test_descriptors.py::test_a_pool_closes_an_idle_connection_for_another_host",
        "engine/test_descriptors.py::test_with_nothing_at_work_it_is_the_named_error",
    ),
    "what a fetcher's loop keeps of hosts and of what it reads ahead; a client has a loop of the same class": (
        "engine/test_inputs.py::test_a_host_that_was_left_is_met_again",
        "engine/test_inputs.py::test_a_source_sees_how_much_was_taken",
    ),
    "a client's, otherwise built, are in test_async_many.py": (
        "engine/test_fetch.py::test_what_is_buffered_is_bounded",
        "engine/test_inputs.py::test_closed_by_its_input",
    ),
    "a client's, which awaits the second page, is test_a_second_page_that_is_awaited_... there": (
        "engine/test_places.py::test_a_second_page_goes_over_the_connection_of_the_first",
        "engine/test_places.py::test_a_second_page_has_its_place_where_the_queue_is_full",
    ),
    "a client's is in test_async_hooks.py: what reads a stream is awaited": (
        "engine/test_clocks.py::test_a_consumer_of_its_own_kind_inside",
        "engine/test_clocks.py::test_a_hook_that_reads_a_stream",
    ),
    "a client's is the test behind it, of its own": ("exchange/test_kept_messages.py::test_each_parser",),
    "a client's stream goes one way, whether it came whole or not": (
        "exchange/test_streams.py::test_a_stream_that_came_whole_is_as_any_other",
    ),
    "the fetcher's own code: its waits, its engine by hand, its texts": (
        "engine/test_async_client.py::test_the_clock_of_a_loop_that_is_driven_never_goes_back",
        "engine/test_clocks.py::test_a_long_wait_is_several",
        "engine/test_fast_path.py::test_a_finalizer_closes_the_fetcher",
        "engine/test_fast_path.py::test_a_job_that_is_given_up_while_it_is_sent_takes_no_other_with_it",
        "engine/test_look_ahead.py::test_what_follows_is_at_hand_over_many_connections",
        "engine/test_pool.py::test_repr",
    ),
    "a stream of a client has no sink, and ends with its client: test_async_streams.py": (
        "exchange/test_hints.py::test_a_stream_is_asked_for_by_true",
        "engine/test_pool.py::test_closed",
        "exchange/test_sinks.py::test_a_dropped_stream_leaves_no_file",
        "exchange/test_sinks.py::test_a_stream_fills_the_sink_while_it_is_read",
    ),
    "between a result of a client and its consumer the event loop has a round, in which the next request is sent": (
        "exchange/test_cookies.py::test_what_the_consumer_does_to_the_jar_counts_from_then_on",
        "exchange/test_following.py::test_a_jar_that_is_emptied_meanwhile",
    ),
    "a client excuses its caller from the tenth of a second on in which it would have looked": (
        "engine/test_sessions.py::test_a_slow_input_is_in_no_timing",
    ),
    "a client at work looks at the logger every tenth of a second, and not at each result": (
        "exchange/test_log.py::test_it_is_turned_on_in_the_middle",
    ),
}
"""Modules and single tests without a run of the client, by the reason."""


class Said(ast.NodeVisitor):
    """What a piece of a module says: the names that it reads, in programs too; and its parameters, if it has some."""

    def __init__(self, tree: ast.AST) -> None:
        self.names: set[str] = set()
        self.parameters = {argument.arg for argument in tree.args.args} if isinstance(tree, ast.FunctionDef) else set()
        self.visit(tree)

    def visit_Name(self, node: ast.Name) -> None:
        self.names.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.names.add(node.attr)
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.names.add(node.value)
            self.names.update(IN_PROGRAMS.findall(node.value) if "\n" in node.value else ())

    def visit_Call(self, node: ast.Call) -> None:
        if getattr(node.func, "id", None) != "isinstance":  # to tell a client from others makes none
            self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        """Leave annotations out."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        for part in (*node.decorator_list, node.args, *body):
            self.visit(part)


def parts_of(tree: ast.Module) -> dict[str, ast.stmt]:
    """Return what the module defines: functions, classes and names."""
    parts: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            parts[node.name] = node
        elif isinstance(node, ast.Assign):
            parts.update((target.id, node) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            parts[node.target.id] = node
    return parts


def names_without(path: Path) -> Iterator[str]:
    """Yield the tests of a module that make a pool or a fetcher, by what they use of the module too, and no client."""
    parts = parts_of(ast.parse(path.read_text(encoding="utf-8")))
    said = {name: Said(node) for name, node in parts.items()}
    for name, node in parts.items():
        if not isinstance(node, ast.FunctionDef) or not name.startswith("test_"):
            continue
        reached, fixtures, left = {name}, {*said[name].parameters}, [name]
        while left:
            one = left.pop()
            if one in {name, *fixtures}:  # what a helper has as parameters is given to it
                fixtures |= said[one].parameters
            more = (said[one].names | fixtures) & parts.keys() - reached
            reached |= more
            left.extend(more)
        names = {word for part in reached for word in said[part].names - said[part].parameters}
        if names & MADE and not names & (RUNS - parts.keys()) and not fixtures & FIXTURES:
            yield name


def found_without() -> dict[str, list[str]]:
    """Return the tests without a run of the client, by the path of their module."""
    rooms = (TESTS / "engine", TESTS / "exchange")
    modules = sorted(path for room in rooms for path in room.glob("test_*.py"))
    return {f"{path.parent.name}/{path.name}": [*names_without(path)] for path in modules}


def test_each_case_runs_the_client_too() -> None:
    told = [row for rows in WITHOUT.values() for row in rows]
    found = found_without()
    unused = {
        row for row in told if not found.get(row) and row.partition("::")[2] not in found.get(row.split("::")[0], ())
    }
    missing = {
        f"{module}::{name}"
        for module, names in found.items()
        for name in names
        if module not in told and f"{module}::{name}" not in told
    }
    assert not missing, "no client in these: a fixture of tests/support/clients.py, or a row in WITHOUT"
    assert not unused, "rows of tests that run it, or are gone"
    assert len(told) == len({*told})


if __name__ == "__main__":
    for module, names in found_without().items():
        for name in names:
            print(f"{module}::{name}")  # that is what it is for
