"""The playground that ./quickstart ends in, without a terminal."""

import subprocess

from harness import CHECKOUT


def test_the_story_of_a_power_failure_is_told_to_its_end_and_leaves_nothing(site, build):
    # As root the story is told by another user, who must be able to remove the folder.
    place = site.root / "tmp"
    place.mkdir()
    place.chmod(0o1777)
    result = subprocess.run([CHECKOUT / "scripts" / "playground" / "enter", build.root],
                            env=site.environment(TMPDIR=str(place)), stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=240)
    story = result.stdout
    assert result.returncode == 0, story + result.stderr
    assert "OB DISCHRG LB" in story, story
    assert story.index("SHUTDOWNCMD runs") < story.index("told:") < story.index("upsc demo@"), story
    assert not list(place.iterdir()), "its folder is still there"
