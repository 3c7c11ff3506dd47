"""What system and interop tests share: real daemons in private folders.

A test asks for the `site` fixture (tests/conftest.py) and writes, for example:

    def test_a_variable_reaches_the_client(site):
        site.add_dummy("ups", {"ups.status": "OL"})
        upsd = site.start_upsd()
        site.start_driver("ups")
        upsd.wait_for("ups", "ups.status", "OL")
        with upsd.client() as c:
            assert c.ask("GET VAR ups ups.status") == 'VAR ups ups.status "OL"'

Everything started through a site is stopped at the end of the test, its logs
are printed when the test failed, and a report of a sanitizer fails the test.
Waiting is always for a condition, with a generous deadline (DEADLINE).
"""

from .build import Build, find_build, find_shared, CHECKOUT
from .certs import Certificates, TlsClient
from .fakedriver import FakeDriver
from .fakeupsd import FakeUpsd
from .lineclient import LineClient
from .ports import free_port
from .powerhost import PowerHost, fallen
from .process import Process, Upsd, family
from .rack import DEBIAN, OURS, Rack
from .site import Site
from .terminal import Terminal
from .upssched import Upssched
from .wait import DEADLINE, wait_until

__all__ = [
    "Build", "CHECKOUT", "Certificates", "DEADLINE", "DEBIAN", "FakeDriver", "FakeUpsd",
    "LineClient", "OURS", "PowerHost", "Process", "Rack", "Site", "Terminal", "TlsClient", "Upsd",
    "Upssched", "fallen", "family", "find_build", "find_shared", "free_port", "wait_until",
]
