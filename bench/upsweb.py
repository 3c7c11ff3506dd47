#!/usr/bin/python3
"""What upsweb costs: many UPSes of many servers, many open pages.

    bench/upsweb.py [--build DIR] [--servers 100] [--upses 10] [--pages 100]
    bench/upsweb.py --sites 20 [--upses 10]
    bench/upsweb.py --broker [--servers 100] [--upses 10]

The second form is a fleet: at each site one upsd and one upsweb, and one
Prometheus (which has to be installed) that asks them all.  The third is upsmqtt
before all servers, and mosquitto.

One process stands for all servers (asyncio, with push), another reads the
streams of the pages.  Printed are the memory and the CPU time of upsweb for a
UPS, for a page, and for a change that a page is told of, and how long the
addresses take to answer.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

VALUES = {"battery.charge": "98", "battery.charge.low": "20", "battery.runtime": "1800",
          "battery.voltage": "27.3", "device.mfr": "ACME", "device.model": "Power 1500",
          "device.serial": "AB12345678", "device.type": "ups", "driver.name": "usbhid-ups",
          "driver.version": "2.8.0", "input.frequency": "50.0", "input.transfer.high": "265",
          "input.transfer.low": "180", "input.voltage": "230.1", "input.voltage.nominal": "230",
          "output.frequency": "50.0", "output.voltage": "229.6", "ups.beeper.status": "enabled",
          "ups.delay.shutdown": "20", "ups.delay.start": "30", "ups.firmware": "1.2",
          "ups.load": "23", "ups.mfr": "ACME", "ups.model": "Power 1500", "ups.power.nominal": "1500",
          "ups.realpower": "310", "ups.status": "OL CHRG", "ups.temperature": "25.4",
          "ups.test.result": "Done and passed", "ups.timer.shutdown": "-1"}


# ----------------------------------------------------------------------- servers

class Servers:
    """All upsds: port i has the UPSes u0 ... of server i."""

    def __init__(self, first_port, servers, upses):
        self.first_port, self.servers = first_port, servers
        self.names = [f"u{i}" for i in range(upses)]
        self.subscribed = {}

    async def serve(self):
        for i in range(self.servers):
            await asyncio.start_server(lambda r, w, i=i: self.talk(i, r, w), "127.0.0.1",
                                       self.first_port + i, backlog=1024)

    async def talk(self, server, reader, writer):
        try:
            while line := await reader.readline():
                writer.write(self.answer(server, line.decode().split(), writer).encode())
        except OSError:
            pass

    def answer(self, server, words, writer):
        what, ups = words[0], words[-1]
        if what == "SUBSCRIBE":
            ups = words[1]
            self.subscribed[server, ups] = writer
            return (f"OK SUBSCRIBE {ups}\n" +
                    "".join(f'EVENT VAR {ups} {name} "{value}"\n' for name, value in VALUES.items()) +
                    f"EVENT STATE {ups} OK\nEVENT SYNC {ups}\n")
        if what == "LIST":
            return ("BEGIN LIST UPS\n" + "".join(f'UPS {u} "server {server}"\n' for u in self.names) +
                    "END LIST UPS\n")
        if what == "PING":
            return "PONG\n"
        if what == "GET":
            return f'UPSDESC {ups} "server {server}"\n'
        return {"VER": "Network UPS Tools upsd 2.8.0 - x\n", "NETVER": "1.3\n", "PROTVER": "1.3\n",
                "STARTTLS": "ERR FEATURE-NOT-CONFIGURED\n"}.get(what, "OK\n")

    def change(self, n, variable, value):
        """A value of UPS number n, of all of them, changes."""
        server, ups = n % self.servers, self.names[n // self.servers % len(self.names)]
        self.subscribed[server, ups].write(f'EVENT VAR {ups} {variable} "{value}"\n'.encode())


def run_servers(first_port, servers, upses, orders):
    """The process; `orders` is a pipe: ("changes", how many, a second) or None to end."""
    all_servers = Servers(first_port, servers, upses)

    async def work():
        await all_servers.serve()
        orders.send("ready")
        while True:
            while not orders.poll():
                await asyncio.sleep(0.01)
            order = orders.recv()
            if order is None:
                return
            _, count, rate = order
            begin = time.monotonic()
            for n in range(count):
                # The time is in the value, in microseconds: the pages see how old it is.
                all_servers.change(n * 7, "ups.load", str(int(time.monotonic() * 1e6)))
                await asyncio.sleep(max(0, begin + (n + 1) / rate - time.monotonic()))
            orders.send("done")
    asyncio.run(work())


# ------------------------------------------------------------------------- pages

def run_pages(port, pages, orders):
    """Reads the streams; after each order, sends the ages of the changes seen since, in ms."""
    ages, ready = [], 0

    async def page():
        nonlocal ready
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        writer.write(b"GET /api/v1/events HTTP/1.0\r\n\r\n")
        while line := await reader.readline():
            if line.startswith(b"event: ready"):
                ready += 1
            at = line.find(b'"load":"')
            if at > 0 and len(load := line[at + 8:line.index(b'"', at + 8)]) > 8:
                ages.append(time.monotonic() * 1e3 - int(load) / 1e3)

    async def work():
        tasks = [asyncio.create_task(page()) for _ in range(pages)]
        while ready < pages:
            await asyncio.sleep(0.01)
        orders.send("ready")
        while True:
            while not orders.poll():
                await asyncio.sleep(0.02)
            if orders.recv() is None:
                break
            await asyncio.sleep(1)
            orders.send(list(ages))
            ages.clear()
        for task in tasks:
            task.cancel()
    asyncio.run(work())


# ------------------------------------------------------------------------ upsweb

class Web:
    def __init__(self, build, folder, ports):
        self.port = free_port()
        conf = pathlib.Path(folder, "upsweb.conf")
        conf.write_text(f"LISTEN 127.0.0.1 {self.port}\n" +
                        "".join(f"MONITOR *@127.0.0.1:{port}\n" for port in ports))
        env = dict(os.environ, NUT_CONFPATH=folder, NUT_ALTPIDPATH=folder, NUT_STATEPATH=folder,
                   NUT_DATAPATH=str(pathlib.Path(__file__).resolve().parents[1] / "data"),
                   LD_LIBRARY_PATH=f"{build}/clients/.libs")
        program = pathlib.Path(build, "clients/upsweb/upsweb")
        user = ["-u", "root"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([program, "-F", *user], env=env, stderr=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)

    def cpu_us(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e3

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as reply:
            return reply.read()

    def wait_ok(self, count):
        while True:
            try:
                if sum(d["condition"] == "ok" for d in json.loads(self.get("/api/v1/ups"))["ups"]) == count:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                sys.exit("upsweb has ended")
            time.sleep(0.1)

    def measure(self, path, times=50):
        before, took = self.cpu_us(), []
        for _ in range(times):
            begin = time.monotonic()
            size = len(self.get(path))
            took.append((time.monotonic() - begin) * 1e3)
        took.sort()
        print(f"{path:28} {size / 1024:8.0f} KiB   p50 {took[times // 2]:7.1f} ms   "
              f"p99 {took[times * 99 // 100]:7.1f} ms   CPU {(self.cpu_us() - before) / times / 1e3:6.2f} ms")


def free_port(count=1):
    """The first of so many free ports in a row."""
    for first in range(20000, 60000, count + 13):
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for s in sockets:
                s.close()
    sys.exit("no free ports")


def start(target, *args):
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=target, args=(*args, there), daemon=True)
    process.start()
    return here


def cost(pid):
    """(CPU seconds, MiB) of a process of several threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return ((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
            int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20)


def measure_fleet(build, first, sites, upses, seconds=60, interval=5):
    """One upsweb a site, and a Prometheus that asks each of them."""
    with tempfile.TemporaryDirectory() as folder:
        webs = []
        for i in range(sites):
            pathlib.Path(folder, str(i)).mkdir()
            webs.append(Web(build, f"{folder}/{i}", [first + i]))
            webs[-1].wait_ok(upses)
        port = free_port()
        targets = ", ".join(f'"127.0.0.1:{web.port}"' for web in webs)
        pathlib.Path(folder, "p.yml").write_text(
            f"global: {{scrape_interval: {interval}s}}\nscrape_configs:\n"
            f"- job_name: upsweb\n  static_configs: [{{targets: [{targets}]}}]\n")
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/p.yml", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
        try:
            time.sleep(3 * interval)  # series are made at first, which costs more
            webs_before, before = sum(web.cpu_us() for web in webs), cost(prometheus.pid)[0]
            time.sleep(seconds)
            scrapes = sites * seconds / interval
            used, memory = cost(prometheus.pid)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as reply:
                series = next(float(line.split()[1]) for line in reply.read().decode().splitlines()
                              if line.startswith("prometheus_tsdb_head_series "))
            print(f"{sites} sites of {upses} UPSes, each asked every {interval} s: upsweb "
                  f"{(sum(web.cpu_us() for web in webs) - webs_before) / scrapes / 1e3:.2f} ms of "
                  f"CPU a scrape, {webs[0].rss_kib() / 1024:.1f} MiB; Prometheus "
                  f"{(used - before) / scrapes * 1e3:.2f} ms a scrape, {memory:.0f} MiB, "
                  f"{series / sites / upses:.0f} series a UPS")
        finally:
            prometheus.terminate()
            prometheus.wait()
            for web in webs:
                web.process.terminate()
                web.process.wait()


def measure_broker(build, servers, first, count, upses, changes, rate):
    """upsmqtt, which tells mosquitto of all UPSes."""
    with tempfile.TemporaryDirectory() as folder:
        port, heard = free_port(), pathlib.Path(folder, "heard")
        pathlib.Path(folder, "m.conf").write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        pathlib.Path(folder, "upsmqtt.conf").write_text(
            f"BROKER 127.0.0.1:{port}\n" +
            "".join(f"MONITOR *@127.0.0.1:{first + i}\n" for i in range(count)))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running = [subprocess.Popen(["mosquitto", "-c", f"{folder}/m.conf"], **quiet)]
        time.sleep(1)
        with open(heard, "wb") as file:
            running.append(subprocess.Popen(["mosquitto_sub", "-p", str(port), "-t", "#", "-v"],
                                            stdout=file))
        env = dict(os.environ, NUT_CONFPATH=folder, NUT_ALTPIDPATH=folder,
                   LD_LIBRARY_PATH=f"{build}/clients/.libs")
        user = ["-u", "root"] if os.geteuid() == 0 else []
        running.append(subprocess.Popen([build / "clients/upsmqtt/upsmqtt", "-F", *user], env=env,
                                        **quiet))
        broker, bridge = running[0].pid, running[2].pid

        def settle():
            """The number of messages, once no more come."""
            lines, before = 0, -1
            while lines != before or not lines:
                time.sleep(3)
                before, lines = lines, heard.read_bytes().count(b"\n")
            return lines
        try:
            messages = settle()
            print(f"{count * upses} UPSes of {count} servers at a broker: {messages} messages, "
                  f"upsmqtt {cost(bridge)[0]:.1f} s of CPU, {cost(bridge)[1]:.0f} MiB; mosquitto "
                  f"{cost(broker)[0]:.1f} s, {cost(broker)[1]:.0f} MiB")
            before = cost(bridge)[0], cost(broker)[0]
            servers.send(("changes", changes, rate))
            servers.recv()
            more = settle() - messages
            print(f"{changes} changes: {more} messages, upsmqtt "
                  f"{(cost(bridge)[0] - before[0]) / changes * 1e3:.2f} ms of CPU a change, mosquitto "
                  f"{(cost(broker)[0] - before[1]) / changes * 1e3:.2f} ms")
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--servers", type=int, default=100)
    parser.add_argument("--upses", type=int, default=10)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--rate", type=int, default=100, help="changes a second")
    parser.add_argument("--sites", type=int, default=0)
    parser.add_argument("--broker", action="store_true")
    o = parser.parse_args()
    build, total = pathlib.Path(o.build).resolve(), o.servers * o.upses
    first = free_port(o.sites or o.servers)
    servers = start(run_servers, first, o.sites or o.servers, o.upses)
    servers.recv()
    if o.broker:
        measure_broker(build, servers, first, o.servers, o.upses, o.changes, o.rate)
        servers.send(None)
        return
    if o.sites:
        measure_fleet(build, first, o.sites, o.upses)
        servers.send(None)
        return
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        web = Web(build, folder, range(first, first + o.servers))
        try:
            web.wait_ok(total)
            print(f"{total} UPSes of {o.servers} servers, {len(VALUES)} variables each: all known "
                  f"after {time.monotonic() - begin:.1f} s, {web.cpu_us() / 1e3:.0f} ms of CPU, "
                  f"{web.rss_kib() / 1024:.0f} MiB ({web.rss_kib() / total:.1f} KiB a UPS)")
            before, begin = web.cpu_us(), time.monotonic()
            time.sleep(5)
            print(f"idle: {(web.cpu_us() - before) / 1e4 / (time.monotonic() - begin):.2f} % of a core")
            for path in ("/api/v1/ups", f"/api/v1/ups/u0@127.0.0.1:{first}", "/", "/metrics",
                         "/healthz?strict"):
                web.measure(path, 5 if path == "/metrics" else 50)
            memory = web.rss_kib()
            pages = start(run_pages, web.port, o.pages)
            pages.recv()
            print(f"{o.pages} pages: {(web.rss_kib() - memory) / o.pages:.1f} KiB a page")
            before = web.cpu_us()
            servers.send(("changes", o.changes, o.rate))
            servers.recv()
            pages.send("ages")
            ages = sorted(pages.recv())
            told = len(ages)
            print(f"{o.changes} changes at {o.rate}/s to {o.pages} pages: {told} told, p50 "
                  f"{statistics.median(ages):.1f} ms, p99 {ages[told * 99 // 100]:.1f} ms, CPU "
                  f"{(web.cpu_us() - before) / told:.1f} us each")
            pages.send(None)
        finally:
            web.process.send_signal(signal.SIGTERM)
            web.process.wait()
    servers.send(None)


if __name__ == "__main__":
    main()
