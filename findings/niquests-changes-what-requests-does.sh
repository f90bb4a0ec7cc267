#!/usr/bin/env bash
# What: requests 2.34.2 alone, and in an environment in which niquests 3.21.2 is installed too, which the program does not import. Both ask a
#   server that sends a 103 (Early Hints) before its page.
# Expected: the same answer twice: a package that is not imported changes nothing.
# Seen: 2026-11-29, Python 3.11.7. Alone, requests gives the 103 as its response, with no content: http.client below urllib3 2 passes over
#   100 only. With niquests installed it gives the 200 and its page; urllib3.__version__ is another one then.
# Why: niquests needs urllib3-future, which is installed as the package urllib3, over the files of urllib3 itself.
# Why it matters: here it is for the better. But every program of the environment that stands on urllib3 (requests, botocore, selenium, docker)
#   runs on another library from then on, or on urllib3 again, by which was installed last; and no import of theirs tells.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cat > "$dir/ask.py" <<'PY'
import json, socket, threading
import requests, urllib3

server = socket.create_server(("127.0.0.1", 0))


def serve():
    connection = server.accept()[0]
    while b"\r\n\r\n" not in connection.recv(65536):
        pass
    connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")
    connection.recv(1)


threading.Thread(target=serve, daemon=True).start()
response = requests.get(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=5)
print(json.dumps([urllib3.__version__, response.status_code, response.text]))
PY
told=()
for packages in "requests==2.34.2 urllib3==2.7.0" "requests==2.34.2 urllib3==2.7.0 niquests==3.21.2"; do
    rm -rf "$dir/v"; python3 -m venv "$dir/v"
    for package in $packages; do "$dir/v/bin/pip" install -q --disable-pip-version-check "$package"; done
    told+=("$(timeout 60 "$dir/v/bin/python" -W ignore "$dir/ask.py")")
    echo "$packages: ${told[-1]}"
done
[[ ${told[0]} == '["2.7.0", 103, ""]' && ${told[1]} == *', 200, "page"]' && ${told[1]} != *'"2.7.0"'* ]]
