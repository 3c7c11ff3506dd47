"""Recordings of real devices are served by dummy-ups and upsd as they were recorded."""

import pytest

import recorded

PARTS = 6  # so many tests share the recordings, and a machine's memory


@pytest.mark.parametrize("part", range(PARTS))
def test_every_recording_is_served_as_it_is(site, shared, part):
    paths = recorded.files(shared)[part::PARTS]
    upsd, names = recorded.serve(site, paths)
    problems = []
    for name, path in zip(names, paths):
        problems += [f"{path.name}: {line}" for line in
                     recorded.differences(recorded.values(path), recorded.served(upsd, name))]
    assert not problems, "\n".join(problems)
