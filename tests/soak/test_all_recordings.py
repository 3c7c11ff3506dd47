"""Every recording of a device, as Debian's programs see it."""

import pytest

import recorded

PARTS = 9


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("ours", ["upsd", "driver"])
def test_every_recording_is_served_across_the_suites(site, shared, build, debian, ours, part):
    upsd_suite, driver_suite = (build, debian) if ours == "upsd" else (debian, build)
    paths = recorded.files(shared)[part::PARTS]
    upsd, names = recorded.serve(site, paths, upsd_suite, driver_suite)
    assert not recorded.problems(upsd, names, paths, upsd_suite, driver_suite)
