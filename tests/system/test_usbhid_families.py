"""Each family of usbhid-ups on simulated devices that have every path of its rows (made out of
the recorded facts): what is published, told, set and commanded is what the facts say."""

import pytest

import hidfacts
from harness.build import CHECKOUT

FAMILIES = list(hidfacts.FAMILIES)

# Names that the driver publishes otherwise, on purpose (docs/maps.md).
NAMES = {"timelimitexp": "timelimitexpired"}


class Driver:
    """usbhid-ups on one made device."""

    def __init__(self, site, sim, *lines):
        self.site, self.sim = site, sim
        site.add_ups("ups", "usbhid-ups", "auto", "pollinterval = 1", *lines)
        self.env = {**sim.env(site), "NUT_DATAPATH": str(CHECKOUT / "data")}

    def run(self, *args):
        return self.site.run("usbhid-ups", "-a", "ups", *self.site._as_user, *args, env=self.env)

    def dump(self):
        """What is published after one reading."""
        result = self.run("-d", "1")
        assert result.returncode == 0, result.stderr
        lines = (line.partition(": ") for line in result.stdout.splitlines())
        return {name: value for name, _, value in lines}


def same(made, row, values):
    """What is wrong about a row's value; of one that makes nothing the next row takes the name."""
    wanted, got = made.text(row, values), values.get(row.name)
    return "" if wanted in (None, got) else f"{row.name} is {got!r}, not {wanted!r} ({row.path})"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_of_a_family_is_published(site, usbsim, shared, family):
    facts = hidfacts.Facts(shared, family)
    wrong, seen = [], 0
    for number, (rows, hidden) in enumerate(facts.variants()):
        made = hidfacts.Made(facts, hidden)
        sim = usbsim(made.write(site.root / f"{number}.txt"))
        values = Driver(site, sim).dump()
        wrong += [same(made, row, values) for row in rows]
        seen += len(rows)
        sim.close()
    assert [w for w in wrong if w] == []
    assert seen
