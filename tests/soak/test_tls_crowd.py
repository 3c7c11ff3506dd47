"""TLS crowds too large for the fast lane."""

import pytest
import tlscrowd

from harness.certs import backend


@pytest.fixture(autouse=True)
def needs_tls(site):
    if not backend(site):
        pytest.skip("this build has no TLS")


def test_a_renewal_under_load_drops_none_of_five_hundred_clients(site, certs):
    tlscrowd.renew_under_load(site, certs, 500)
