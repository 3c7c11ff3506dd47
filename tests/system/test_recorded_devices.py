"""Recordings of real devices are served by dummy-ups and upsd as they were recorded."""

import pytest

import recorded

PARTS = 6  # so many tests share the recordings, and a machine's memory


@pytest.mark.parametrize("part", range(PARTS))
def test_every_recording_is_served_as_it_is(site, shared, part):
    paths = recorded.files(shared)[part::PARTS]
    upsd, names = recorded.serve(site, paths)
    assert not recorded.problems(upsd, names, paths)
