"""PyNUT, the Python client of NUT, sees the same on our upsd as on Debian's."""

import subprocess
import sys

import pytest

from harness import DEADLINE
from harness.twins import Twins

# Everything that PyNUT can do, each result or error on one line.
SCRIPT = """
import sys, warnings
warnings.simplefilter("ignore")
import PyNUT

def show(what, *args):
    try:
        result = getattr(nut, what)(*args)
    except (PyNUT.PyNUTError, ValueError) as e:  # it stumbles over a quote in a text
        result = f"{type(e).__name__} {e}"
    if isinstance(result, dict):
        result = sorted(result.items())
    print(what, *args, result)

port = int(sys.argv[1])
nut = PyNUT.PyNUTClient(host="127.0.0.1", port=port, login="admin", password="secret", timeout=60)
show("GetUPSList")
for ups in ("rack", "bare", "stale", "gone", "nosuch"):
    for what in ("GetUPSVars", "GetUPSCommands", "GetRWVars", "ListClients"):
        show(what, ups)
show("SetRWVar", "rack", "ups.id", "new")
show("SetRWVar", "rack", "ups.load", "1")
show("RunUPSCommand", "rack", "load.off")
show("RunUPSCommand", "rack", "nosuch.cmd")
show("FSD", "latched")
nut = PyNUT.PyNUTClient(host="127.0.0.1", port=port, login="mon", password="secret", timeout=60)
show("FSD", "latched")
show("GetUPSVars", "latched")
nut = PyNUT.PyNUTClient(host="127.0.0.1", port=port)
show("GetUPSVars", "bare")
show("RunUPSCommand", "rack", "load.off")
print("ver", nut.ver().startswith(b"Network UPS Tools upsd "))
print("help", nut.help().startswith(b"Commands: "))
"""


@pytest.fixture
def twins(sites, debian):
    return Twins(sites, debian)


def _run(twin, debian):
    result = subprocess.run([sys.executable, "-c", SCRIPT, str(twin.port)], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE,
                            env={"PYTHONPATH": str(debian.python_path), "LC_ALL": "C.UTF-8"})
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_pynut_gets_the_same_answers(twins, debian):
    pytest.importorskip("telnetlib", reason="PyNUT needs telnetlib")
    ours, theirs = _run(twins.ours, debian), _run(twins.theirs, debian)
    assert len(ours) > 30
    assert ours == theirs
