"""Our genericups beside Debian's: every cable, every combination of lines."""

import pytest
from cablepair import COMBINATIONS, Cable, raised
from harness import wait_until


def killed(site, shim, cable, suite):
    result = Cable(site, shim, f"upstype = {cable}", suite=suite).run("-k")
    done = raised(result.stderr + result.stdout)
    # Ours drops and raises lines one by one: what comes of it counts.
    return done[-1] if done and done[-1] == "break" else done[-1:]


@pytest.mark.parametrize("cable", range(24))
def test_killpower_does_the_same(site, debian, lineshim, cable):
    assert killed(site, lineshim, cable, None) == killed(site, lineshim, cable, debian)


@pytest.mark.parametrize("combinations", [
    ["", "CTS DCD", "DCD DSR RI"], pytest.param(COMBINATIONS, marks=pytest.mark.long)],
    ids=["three", "all"])
def test_lines_mean_the_same(site, debian, lineshim, combinations):
    pairs = [[Cable(site, lineshim, f"upstype = {cable}", suite=suite, name=f"{who}{cable}").start()
              for who, suite in (("ours", None), ("theirs", debian))] for cable in range(24)]
    both = [ups for pair in pairs for ups in pair]
    for high in combinations:
        both[0].set(high)
        before = {ups.name: ups.looks() for ups in both}
        # What the fourth look sees is later; what the first saw is published by then.
        for ups in both:
            wait_until(lambda: ups.looks() >= before[ups.name] + 4)
        for ours, theirs in pairs:
            one, other = ours.values(), theirs.values()
            assert set(one["ups.status"].split()) == set(other["ups.status"].split()), \
                f"{ours.name}, {high}"


@pytest.mark.parametrize("cable", [0, 10, 23])
def test_the_same_is_published(site, debian, lineshim, cable):
    dumps = []
    for who, suite in (("ours", None), ("theirs", debian)):
        ups = Cable(site, lineshim, f"upstype = {cable}", suite=suite, name=who,
                    high="CTS DCD").start()
        wait_until(lambda: ups.values().get("ups.status"))
        dumps.append({k: v for k, v in ups.values().items() if not k.startswith("driver.")})
    assert dumps[0] == dumps[1]
