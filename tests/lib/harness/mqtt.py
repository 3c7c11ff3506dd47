"""A real mosquitto, and a client that hears all that it says."""

import json
import os
import shutil
import subprocess
import threading

from .ports import free_port
from .process import Process
from .wait import wait_until


class Unavailable(Exception):
    """There is no broker here; the text says why."""


def find(name):
    """A program of mosquitto's: it is in sbin, which is in nobody's PATH."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Unavailable(f"there is no {name}")
    return path


class Mosquitto:
    """A broker on 127.0.0.1.  lines: more of mosquitto.conf; it is kept from one start to the next
    what is retained, if `persistent`."""

    def __init__(self, site, *lines, persistent=False, anonymous=True):
        self.site, self.port = site, free_port()
        self.folder = site.root / f"mosquitto{self.port}"
        self.folder.mkdir()
        self.process = None
        self._starts = 0
        self._program = find("mosquitto")
        # A subscriber that is slow on a busy machine misses nothing.
        text = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(anonymous).lower()}",
                "max_queued_messages 0", *lines]
        if os.geteuid() == 0:
            text.append("user root")
        if persistent:
            text += ["persistence true", f"persistence_location {self.folder}/"]
        (self.folder / "conf").write_text("\n".join(text) + "\n")
        self.start()

    def start(self):
        self._starts += 1
        log = self.site.logs / f"mosquitto{self.port}-{self._starts}.log"
        self.process = Process("mosquitto", [self._program, "-c", self.folder / "conf"],
                               dict(os.environ), log)
        self.site.processes.append(self.process)
        self.process.wait_log("running")
        return self

    def stop(self):
        self.process.stop()

    def pause(self):
        self.process.signal(19)

    def go_on(self):
        self.process.signal(18)


class Listener:
    """A subscriber (mosquitto_sub).  `topics`: what was said last of each, "" once it was taken
    back; `heard`: all, in order, as (topic, payload)."""

    def __init__(self, site, port, *args, filter="#"):
        self.topics, self.heard = {}, []
        self._popen = subprocess.Popen(
            [find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port), "-t", filter, "-q", "1",
             "-F", "%j", *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._popen.stdout:
            message = json.loads(line)
            payload = message.get("payload", "")
            self.heard.append((message["topic"], payload))
            self.topics[message["topic"]] = payload

    def close(self):
        self._popen.kill()
        self._popen.wait()

    def wait(self, topic, payload, what=None):
        """Until that was said last of a topic; payload may be a function."""
        good = payload if callable(payload) else lambda text: text == payload
        wait_until(lambda: topic in self.topics and good(self.topics[topic]),
                   what=lambda: f"{what or topic} is {payload!r}; "
                                f"{self.topics.get(topic)!r} was said; all: "
                                f"{sorted(self.topics)}")
        return self.topics[topic]

    def events(self, topic):
        """The names of the events of a topic, in order."""
        return [json.loads(payload)["event"] for name, payload in list(self.heard)
                if name == topic and payload]


def say(port, topic, payload, *args):
    """Publishes something."""
    subprocess.run([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-t", topic,
                    "-m", payload, "-q", "1", *args], check=True, timeout=60)
