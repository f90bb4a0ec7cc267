"""docker over a Unix socket: JSON, logs in frames, a stream of JSON lines, an attached socket's upgrade left out."""

import docker

REPLIES = {
    "GET /version": (200, {"Content-Type": "application/json"}, '{"ApiVersion": "1.45", "Version": "27.0", "MinAPIVersion": "1.24"}'),
    "GET /v1.45/_ping": (200, {"Content-Type": "text/plain"}, "OK"),
    "GET /v1.45/version": (200, {"Content-Type": "application/json"}, '{"ApiVersion": "1.45", "Version": "27.0"}'),
    "GET /v1.45/containers/json": (200, {"Content-Type": "application/json"}, ['[{"Id": "abc", ', '"Names": ["/one"]}]']),
    "GET /v1.45/containers/abc/json": (200, {"Content-Type": "application/json"}, '{"Id": "abc", "Name": "/one", "Config": {"Tty": false}, "State": {"Status": "running"}}'),
    "GET /v1.45/containers/abc/logs": (200, {"Content-Type": "application/vnd.docker.multiplexed-stream"}, [b"\x01\0\0\0\0\0\0\x04out\n", b"\x02\0\0\0\0\0\0\x04err\n"]),
    "GET /v1.45/events": (200, {"Content-Type": "application/json"}, ['{"Type": "container", "Action": "start"}\n', '{"Type": "container", "Action": "die"}\n']),
    "POST /v1.45/images/create": (200, {"Content-Type": "application/json"}, ['{"status": "Pulling"}\r\n', '{"status": "Done"}\r\n']),
    "POST /v1.45/containers/abc/stop": (204, {}, ""),
    "GET /v1.45/containers/missing/json": (404, {"Content-Type": "application/json"}, '{"message": "No such container: missing"}'),
}  # fmt: skip


def exchange(peer):
    with_socket = docker.DockerClient(base_url="unix://" + peer.unix, version="auto")
    with_port = docker.DockerClient(base_url=peer.http.replace("http", "tcp"), version="auto")
    return [used(with_socket), used(with_port)]


def used(client):
    api = client.api
    seen = [
        client.ping(),
        client.version()["Version"],
        api.containers(),
        [api.logs("abc"), list(api.logs("abc", stream=True))],
    ]
    seen.append(list(client.events(decode=True)))
    seen.append(list(api.pull("image", stream=True, decode=True)))
    container = client.containers.get("abc")
    seen += [container.name, container.status, container.stop(timeout=1)]
    try:
        client.containers.get("missing")
    except docker.errors.NotFound as error:
        seen.append(error.explanation)
    client.close()
    return seen
