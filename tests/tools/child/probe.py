"""Run programs of ``tests/tools/programs`` in this process; what they have seen is printed, as one line of JSON.

    python probe.py http.client|first|after   < [{"program": path, "http": url, "https": url, "unix": path, "folder": path}]

``first``: ``httpconn.install()`` comes before anything else. ``after``: each program has been imported, and its ``begin``
called, which is where tools are put to work.
"""

import importlib.util
import json
import sys
import traceback
import types
import warnings
from pathlib import Path


def counted(function, key):
    """Have each call of *function* counted, though it stays the function that it is (a tool may look for patches)."""
    calls = []
    assert not function.__code__.co_freevars
    original = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    function.__globals__[f"_tools_{key}"] = lambda self: (calls.append(type(self)), original(self))[1]
    made = {}
    exec(f"def {function.__name__}(self):\n    return _tools_{key}(self)", made)
    function.__code__ = made[function.__name__].__code__
    return calls


def load(path):
    name = "tool_" + Path(path).stem.replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told_of(error):
    return [line.strip() for line in traceback.format_exception(error)][-6:]


def seen_by(module, peer):
    try:
        return {"values": as_json(module.exchange(peer))}
    except Exception as error:
        return {"error": told_of(error)}


def as_json(value):
    """Return *value* of lists, dicts with str, numbers and str."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a program has to make something comparable of {value!r}")


def stay_on_loopback(event, arguments):
    """Let no traffic leave this machine, whatever a tool would like to look up or to report."""
    if event == "socket.connect":
        address = arguments[1]
        is_here = (
            isinstance(address, (str, bytes))
            or str(address[0]).startswith("127.")
            or address[0] in ("::1", "localhost")
        )
    elif event == "socket.getaddrinfo":
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        is_here = host in (None, "", "localhost", "::1", "0.0.0.0", "::") or host.startswith("127.")
    else:
        return
    if not is_here:
        raise PermissionError(
            f"not on loopback: {event} {arguments[1:] if event == 'socket.connect' else arguments[0]}"
        )


def main():
    how = sys.argv[1]
    sys.addaudithook(stay_on_loopback)
    asked = json.load(sys.stdin)
    sys.path[:] = [str(Path(__file__).parent), *(path for path in sys.path if path != str(Path(__file__).parent))]
    output, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    early = []
    if how == "http.client":
        counts = {}
    else:
        import http.client

        theirs = http.client.HTTPConnection.getresponse
        import httpconn

        counts = {
            "http.client": counted(theirs, "theirs"),
            "httpconn": counted(httpconn.HTTPConnection.getresponse, "ours"),
        }
    if how == "first":
        httpconn.install()
    loaded = []
    for each in asked:
        peer = types.SimpleNamespace(**{**each, "folder": Path(each["folder"])})
        try:
            module = load(each["program"])
            if hasattr(module, "begin"):
                module.begin(peer)
            loaded.append((module, peer))
        except Exception as error:
            loaded.append((told_of(error), peer))
    told = ""
    if how == "after":
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            early = httpconn.install()
        told = "\n".join(str(warning.message) for warning in caught if warning.category is httpconn.InstallWarning)
    results = []
    for module, peer in loaded:
        before = {key: len(calls) for key, calls in counts.items()}
        result = {"error": module} if isinstance(module, list) else seen_by(module, peer)
        result["responses"] = {key: len(calls) - before[key] for key, calls in counts.items()}
        results.append(result)
    print(json.dumps({"python": sys.version.split()[0], "early": early, "told": told, "results": results}), file=output)
    output.flush()


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    __import__("os")._exit(0)  # tools leave threads, which may not have ended for minutes
