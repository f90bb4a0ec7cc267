"""Recorded exchanges with tools of others, on http.client, under httpconn, and with ``install`` behind the tool.

For: one program a tool (``programs/``), what a process with such a program does (``child/``), the server that answers
(``peer.py``), the tools with their versions and what is known of them (``table.py``), comparing (``compare.py``), the
run over all of them (``run.py``), their own suites (``suites.py``), and the page (``page.py``).

Not for: what runs in the suite without a tool that has to be installed for it (``tests/dropin``).
"""
