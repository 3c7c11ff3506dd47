"""One host program, two headers, two libraries: the same words come out.

abi_client.c does what its stdin says.  It is compiled against Debian's
upsclient.h and against ours, and both programs run on Debian's library and on
ours, with a server that misbehaves in the same way each time.
"""

import pathlib
import shutil
import subprocess
from concurrent import futures

import pytest

from harness import CHECKOUT, FakeUpsd

SOURCE = pathlib.Path(__file__).with_name("abi_client.c")
OURS = CHECKOUT / "clients" / "libupsclient"

# What the fake server answers, and what becomes of `GET VAR u <key>`.
ANSWERS = {
    "GET VAR u a": 'VAR u a "x y"',
    "GET VAR u b": 'var U B "q\\"\\\\\\#"',
    "GET VAR u err": "ERR",
    "GET VAR u what": "ERR WHAT",
    "GET VAR u stale": "ERR DATA-STALE",
    "GET VAR u more": "ERR ACCESS-DENIED \"because\"",
    "GET VAR u inv": "ERR INVALID-ARGUMENT",
    "GET VAR u empty": "",
    "GET VAR u short": "VAR u",
    "GET VAR u exact": "VAR u exact",
    "GET VAR u other": 'VAR u else "1"',
    "GET VAR u ok": "OK",
    "GET VAR u begin": "BEGIN LIST",
    "GET VAR u cr": b'VAR u cr "1"\r\n',
    "GET VAR u two": 'VAR u two "1"\nVAR u three "3"',
    "GET VAR u tab": "VAR\tu  tab   1 2 3",
    "GET VAR u eq": "VAR u eq a=b",
    "LIST VAR u": 'BEGIN LIST VAR u\nVAR u a "1"\nVAR u b "2"\nEND LIST VAR u',
    "LIST VAR wrongbegin": "BEGIN LIST VAR x",
    "LIST VAR nobegin": 'VAR nobegin a "1"',
    "LIST VAR shortend": 'BEGIN LIST VAR shortend\nVAR shortend a "1"\nEND LIST',
    "LIST VAR wrongend": "BEGIN LIST VAR wrongend\nEND X",
    "LIST VAR wrongitem": 'BEGIN LIST VAR wrongitem\nVAR other a "1"',
    "LIST VAR stale": 'BEGIN LIST VAR stale\nVAR stale a "1"\nERR DATA-STALE',
    "LIST VAR bare": "BEGIN LIST VAR bare\nVAR",
    "LIST VAR same": "BEGIN LIST VAR same\nVAR same\nEND LIST VAR same",
    "LIST VAR err": "ERR UNKNOWN-UPS",
    'GET VAR u "x y"': 'VAR u "x y" "1"',
    'GET VAR u q\\"\\\\\\#': 'VAR u q\\"\\\\\\# 2',
}
GETS = [key.split()[3] for key in ANSWERS if key.startswith("GET") and '"' not in key]
LISTS = [key.split()[2] for key in ANSWERS if key.startswith("LIST")]


@pytest.fixture(scope="module")
def hosts(build, debian, tmp_path_factory):
    """{whose header: program}."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no compiler")
    if build.sanitized:
        pytest.skip("a library with sanitizers does not load into a plain program")
    folder = tmp_path_factory.mktemp("abi")
    headers = {"debian": next(debian.root.rglob("upsclient.h")).parent, "ours": OURS}
    # A bare machine has Debian's library only here, and what that needs too.
    beside = "-Wl,-rpath-link," + debian.environment()["LD_LIBRARY_PATH"]
    for whose, include in headers.items():
        subprocess.run([compiler, "-Wall", "-o", folder / whose, SOURCE, f"-I{include}",
                        debian.libraries / "libupsclient.so.6", beside], check=True)
    return {whose: folder / whose for whose in headers}


def run(site, suite, host, *calls):
    """What a host program prints when it makes these calls (words: TAB between)."""
    script = "".join("\t".join(call) + "\n" for call in calls)
    result = subprocess.run([host], input=script, env=site.environment(suite), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert result.returncode == 0, (result.returncode, result.stdout, result.stderr)
    return result.stdout


def same(site, build, debian, hosts, *calls):
    """Runs both programs on both libraries, at once; returns what all of them print."""
    with futures.ThreadPoolExecutor() as pool:
        runs = {f"{whose} header, {suite.name} library":
                pool.submit(run, site, suite, host, *calls)
                for whose, host in hosts.items() for suite in (debian, build)}
        outputs = {combination: done.result() for combination, done in runs.items()}
    expected = outputs["debian header, debian library"]
    for combination, output in outputs.items():
        assert output == expected, combination
    return expected


@pytest.fixture
def server(site):
    fake = site.fake_upsd({"u": {}})
    fake.answers.update(ANSWERS)
    return fake


def connect(server, *more):
    return ("connect", "127.0.0.1", str(server.port), *more)


def test_layouts_and_strangers(site, build, debian, hosts):
    out = same(site, build, debian, hosts, ("layout",), ("bad",), ("init",), ("init",),
               ("cleanup",), ("cleanup",), ("init",))
    assert out.startswith("layout: 744 368 8 20 32 400 736\n")


def test_every_number_has_the_same_text(site, build, debian, hosts, server):
    out = same(site, build, debian, hosts, connect(server), ("texts",), ("disconnect",))
    assert "31: Connection failure: No such file or directory\n" in out


@pytest.mark.parametrize("key", GETS)
def test_get(site, build, debian, hosts, server, key):
    same(site, build, debian, hosts, connect(server, "0"), ("get", "VAR", "u", key),
         ("disconnect",), ("disconnect",))


@pytest.mark.parametrize("key", LISTS)
def test_list(site, build, debian, hosts, server, key):
    same(site, build, debian, hosts, connect(server), ("list", "VAR", key), ("disconnect",))


def test_words_with_blanks_and_quotes(site, build, debian, hosts, server):
    out = same(site, build, debian, hosts, connect(server), ("get", "VAR", "u", "x y"),
               ("get", "VAR", "u", 'q"\\#'), ("get",), ("disconnect",))
    assert "  [x y]\n" in out


def test_raw_lines(site, build, debian, hosts, server):
    out = same(site, build, debian, hosts, connect(server), ("send", "GET VAR u a"), ("read",),
               ("send", "GET VAR u what"), ("read",), ("send", "GET VAR u two"), ("read", "5"),
               ("read",), ("read",), ("read", "1"), ("read", "0"), ("get", "VAR", "u", "a"),
               ("disconnect",), ("get", "VAR", "u", "a"), ("send", "X"), ("read",))
    assert "  [ERR WHAT]\n" in out


def test_a_connection_that_ends(site, build, debian, hosts, server):
    """Each of the four host programs gets LOGOUT's answer, then the end."""
    out = same(site, build, debian, hosts, connect(server), ("send", "LOGOUT"), ("read",),
               ("read",), ("get", "VAR", "u", "a"), ("disconnect",))
    assert 'read: -1 error 38 "Server disconnected" closed\n' in out


def test_connecting(site, build, debian, hosts, server):
    closed = FakeUpsd()
    closed.close()
    same(site, build, debian, hosts, connect(server, "1"), ("disconnect",),
         connect(server, "4"), ("disconnect",), connect(server, "0", "60"), ("disconnect",),
         ("connect", "127.0.0.1", str(closed.port)), ("get", "VAR", "u", "a"), ("disconnect",),
         connect(server, "2"), ("get", "VAR", "u", "a"), ("disconnect",))


def test_a_silent_server_is_given_up(site, build, debian, hosts, server):
    server.answers["GET VAR u mute"] = None
    same(site, build, debian, hosts, connect(server), ("get", "VAR", "u", "mute"),
         ("get", "VAR", "u", "a"), ("disconnect",))


def test_splitting_names(site, build, debian, hosts):
    names = ["ups", "ups@h", "ups@h:1", "ups@h:65535", "ups@[::1]", "ups@[::1]:5", "ups@h:",
             "ups@h:0", "ups@h:65536", "ups@h:x", "ups@", "ups@[::1", "ups@[::1]:",
             "ups@h:-5"]
    addresses = ["h", "h:1", "[::1]", "[::1]:5", "[fe80::1%eth0]:7", "h:", "h:0", "h:99999",
                 "[::1"]
    same(site, build, debian, hosts, *(("splitname", name) for name in names),
         *(("splitaddr", address) for address in addresses))


def symbols(library):
    nm = shutil.which("nm")
    if not nm:
        pytest.skip("no nm")
    out = subprocess.run([nm, "-D", "--defined-only", library], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    return sorted(line.split()[-1] for line in out.splitlines())


def test_the_same_symbols_are_exported_without_versions(build, debian):
    ours = symbols(build.root / "clients" / ".libs" / "libupsclient.so.6")
    assert ours == symbols(debian.libraries / "libupsclient.so.6")
    assert len(ours) == 19


def test_the_structure_is_the_same_on_32_bits(debian, tmp_path):
    source = tmp_path / "layout.c"
    source.write_text("""#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>
#include <upsclient.h>
#define AT(field) offsetof(UPSCONN_t, field)
int layout[] = {sizeof(PCONF_CTX_t), sizeof(UPSCONN_t), AT(port), AT(fd), AT(upserror),
    AT(syserrno), AT(upsclient_magic), AT(pc_ctx), AT(errbuf), AT(ssl), AT(readbuf), AT(readidx)};
""")
    objects = []
    for whose, include in (("debian", next(debian.root.rglob("upsclient.h")).parent),
                           ("ours", OURS)):
        objects.append(tmp_path / f"{whose}.o")
        result = subprocess.run(["gcc", "-m32", "-c", "-S", "-o", objects[-1], source,
                                 f"-I{include}"], capture_output=True, text=True)
        if result.returncode:
            pytest.skip(f"no 32-bit compiler here: {result.stderr[-200:]}")
    assert objects[0].read_text() == objects[1].read_text()
