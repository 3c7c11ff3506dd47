"""upsweb before a test's upsd, and a browser's part of the talk with it."""

import http.client
import json
import socket
import ssl
import threading
import urllib.parse

from harness import DEADLINE, free_port, wait_until


class Stream:
    """A stream of server-sent events, read in a thread: (name, data) in order."""

    def __init__(self, web, path):
        self.events, self.ended = [], False
        self._connection = web.connection()
        self._connection.request("GET", path)
        self.reply = self._connection.getresponse()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        name = data = None
        try:
            for line in self.reply:
                line = line.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    data = json.loads(line[6:])
                elif not line and name:
                    self.events.append((name, data))
                    name = None
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        self.ended = True

    def wait(self, test, what="an event"):
        """The first event for which test(name, data) is true."""
        def found():
            return next((e for e in list(self.events) if test(*e)), None)
        return wait_until(found, what=lambda: f"{what} in {self.events}")

    def close(self):
        sock = self._connection.sock
        if sock:
            sock.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        self._thread.join(DEADLINE)


class Web:
    def __init__(self, site, *lines, monitor=None, tls=None, wait=True, env=None):
        self.site, self.port, self.tls = site, free_port(), tls
        self.cookie = self.csrf = None
        said = [f"LISTEN 127.0.0.1 {self.port}{' tls' if tls else ''}",
                f"MONITOR {monitor or f'*@127.0.0.1:{site.port}'}", "POLLFREQ 1", *lines]
        site.write("upsweb.conf", "".join(f"{line}\n" for line in said))
        self.process = site.start("upsweb", "-F", *site._as_user, env=env)
        if wait:
            self.wait_ready()

    def wait_ready(self):
        def answers():
            assert self.process.running(), self.process.log()
            try:
                return self.get("/healthz")[0] == 200
            except OSError:
                return False
        wait_until(answers, what=lambda: f"upsweb answers:\n{self.process.log()}")

    def connection(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=DEADLINE,
                                               context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def request(self, method, path, body=None, **headers):
        """(status, headers, text)"""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            headers.setdefault("Cookie", self.cookie)
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
            if self.csrf:
                headers.setdefault("X-CSRF-Token", self.csrf)
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read().decode()
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def json(self, path, **query):
        query = urllib.parse.urlencode(query, doseq=True)
        status, _, text = self.get(path + (f"?{query}" if query else ""))
        assert status == 200, f"{path}: {status} {text}"
        return json.loads(text)

    def post(self, path, **body):
        """(status, answer)"""
        status, headers, text = self.request("POST", f"/api/v1/{path}", body)
        if "Set-Cookie" in headers:
            self.cookie = headers["Set-Cookie"].split(";")[0]
        return status, json.loads(text)

    def login(self, user, password):
        status, answer = self.post("login", user=user, password=password)
        assert status == 200, answer
        self.csrf = answer["csrf"]
        return answer

    def stream(self, path="/api/v1/events"):
        return Stream(self, path)

    def id(self, ups):
        return f"{ups}@127.0.0.1:{self.site.port}"

    def ups(self, ups, **query):
        return next((d for d in self.json("/api/v1/ups", **query)["ups"] if d["ups"] == ups), None)

    def wait_ups(self, ups, test=lambda d: d["condition"] == "ok"):
        """The UPS, once it is there and test(it)."""
        def fits():
            found = self.ups(ups)
            return found if found and test(found) else None
        return wait_until(fits, what=lambda: f"{ups} in {self.json('/api/v1/ups')}")


def trusting(authority):
    """A client's TLS context that believes this authority, for any name."""
    context = ssl.create_default_context(cafile=str(authority))
    context.check_hostname = False
    return context
