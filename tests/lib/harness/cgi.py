"""CGI programs, run as a web server runs them, and what their pages consist of."""

import html.parser
import json
import re
import subprocess
import urllib.parse

import pytest

from .wait import DEADLINE


class Answer:
    """What a CGI program answered: status, headers (names in lower case), body, and how it ended."""

    def __init__(self, result):
        # NUT ends its lines by LF alone.
        head, self.body = re.split(rb"\r?\n\r?\n", result.stdout, maxsplit=1)
        self.headers = {}
        for line in head.decode().splitlines():
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.status = int(self.headers.get("status", "200").split()[0])
        self.code = result.returncode
        self.log = result.stderr.decode(errors="replace")

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def page(self):
        return Page(self.text)


class Page(html.parser.HTMLParser):
    """A page taken apart: `shape` (its tags and the names of their attributes, in order), `words`
    (all text, joined), `values` ({name: value} of inputs and of chosen options), `links`."""

    def __init__(self, text):
        super().__init__()
        self.shape, self.links, self.values, self.images = [], [], {}, []
        self.options = {}
        self._select = None
        self._pieces = []
        self.feed(text)
        self.close()
        self.words = " ".join("".join(self._pieces).split())

    def handle_starttag(self, tag, attrs):
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        attributes = dict(attrs)
        if tag == "a":
            self.links.append(attributes.get("href"))
        elif tag == "img":
            self.images.append(attributes)
        elif tag == "input" and "name" in attributes:
            self.values[attributes["name"]] = attributes.get("value", "")
        elif tag == "select":
            self._select = attributes["name"]
            self.options[self._select] = []
        elif tag == "option":
            self.options[self._select].append(attributes["value"])
            if "selected" in attributes or len(self.options[self._select]) == 1:
                self.values[self._select] = attributes["value"]

    def handle_endtag(self, tag):
        self.shape.append(("/" + tag, ()))

    def handle_data(self, data):
        self._pieces.append(data)


def run_cgi(site, name, query=None, form=None, body=None, suite=None, **environment):
    """Runs a CGI program with a query (a text or a dict), or with a form that is posted (a dict, or
    bytes as `body`)."""
    suite = suite or site.suite
    try:
        program = suite.program(name)
    except LookupError:
        pytest.skip(f"{name} is not built: no libgd")
    env = site.environment(suite)
    if isinstance(query, dict):
        query = urllib.parse.urlencode(query)
    if query is not None:
        env["QUERY_STRING"] = query
    if form is not None:
        body = urllib.parse.urlencode(form).encode()
    env["REQUEST_METHOD"] = "GET" if body is None else "POST"
    if body is not None:
        env["CONTENT_LENGTH"] = str(len(body))
        env["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    env.update(environment)
    return Answer(subprocess.run([str(program)], env=env, input=body or b"", capture_output=True,
                                 cwd=site.root, timeout=DEADLINE, check=False))
