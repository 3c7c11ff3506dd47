"""The sandbox of the drivers, and what still works in it."""

import os
import pwd

import pytest

from harness import LineClient, wait_until


def variables(site, ups):
    with LineClient(site.socket(ups)) as c:
        c.send("DUMPALL")
        return c.until("DUMPDONE")


def wait_load(site, load):
    wait_until(lambda: f'SETINFO ups.load "{load}"' in variables(site, "ups"),
               what=lambda: variables(site, "ups"))


def play(site, path, *lines):
    """dummy-ups with a file of its own folder; returns the process, in its sandbox."""
    path.parent.mkdir()
    path.write_text("ups.status: OL\nups.load: 1\n")
    site.add_ups("ups", "dummy-ups", path, "pollinterval = 1", *lines)
    driver = site.start_driver("ups")
    wait_load(site, 1)
    return driver


def replace(path, text):
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return {line.split(":")[0]: line.split(":")[1].split() for line in lines}


def need_sandbox(driver, what):
    log = driver.log()
    if f"{what}" not in log[log.index("sandbox"):]:
        pytest.skip(f"no {what} here")


def test_a_driver_closes_its_sandbox_once_it_has_its_device(site):
    driver = play(site, site.root / "far" / "ups.dev")
    assert status(driver.pid)["NoNewPrivs"] == ["1"]
    need_sandbox(driver, "seccomp")
    assert status(driver.pid)["Seccomp"] == ["2"]


def test_a_file_put_anew_is_read_in_the_sandbox(site):
    path = site.root / "far" / "ups.dev"
    play(site, path)
    replace(path, "ups.status: OL\nups.load: 2\n")
    wait_load(site, 2)


def test_a_file_reached_by_a_link_is_read_in_the_sandbox(site):
    folder = site.root / "real"
    folder.mkdir()
    (folder / "ups.dev").write_text("ups.status: OL\nups.load: 3\n")
    (site.conf / "ups.dev").symlink_to(folder / "ups.dev")
    site.add_ups("ups", "dummy-ups", "ups.dev", "pollinterval = 1")
    site.start_driver("ups")
    wait_load(site, 3)
    replace(folder / "ups.dev", "ups.status: OL\nups.load: 4\n")
    wait_load(site, 4)


def lead_away(site, path):
    """The driver's file becomes a link to a folder that nobody has told of."""
    other = site.root / "other"
    other.mkdir()
    (other / "ups.dev").write_text("ups.status: OL\nups.load: 66\n")
    link = path.with_suffix(".link")
    link.symlink_to(other / "ups.dev")
    link.rename(path)


def test_a_file_of_another_folder_is_out_of_reach(site):
    path = site.root / "far" / "ups.dev"
    need_sandbox(play(site, path), "landlock")
    lead_away(site, path)
    wait_until(lambda: "DATASTALE" in variables(site, "ups"))
    assert 'SETINFO ups.load "66"' not in variables(site, "ups")


@pytest.mark.parametrize("everywhere", [False, True])
def test_the_sandbox_can_be_switched_off(site, everywhere):
    path = site.root / "far" / "ups.dev"
    if everywhere:
        path.parent.mkdir()
        path.write_text("ups.status: OL\nups.load: 1\n")
        site.add_ups("ups", "dummy-ups", path, "pollinterval = 1")
        site.write_ups_conf("sandbox = no")
        driver = site.start_driver("ups")
        wait_load(site, 1)
    else:
        driver = play(site, path, "sandbox = no")
    assert "there is no sandbox" in driver.log()
    lead_away(site, path)
    wait_load(site, 66)


def test_the_switch_takes_yes_or_no(site):
    site.add_dummy("ups", {"ups.status": "OL"}, "sandbox = perhaps")
    result = site.run("dummy-ups", "-a", "ups", "-F", *site._as_user)
    assert result.returncode == 1
    assert "it takes yes or no" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")
def test_started_by_root_a_driver_keeps_nothing_of_it(site):
    nobody = pwd.getpwnam("nobody")
    path = site.add_dummy("ups", {"ups.status": "OL", "ups.load": "1"})
    path.chmod(0o644)
    (site.conf / "ups.conf").chmod(0o644)
    os.chown(site.state, nobody.pw_uid, nobody.pw_gid)
    driver = site.start_driver("ups", "-u", "nobody")
    wait_load(site, 1)
    now = status(driver.pid)
    assert set(now["Uid"]) == {str(nobody.pw_uid)}
    assert set(now["Gid"]) == {str(nobody.pw_gid)}
    assert "0" not in now["Groups"]
    assert now["CapEff"] == ["0000000000000000"]
    assert now["CapPrm"] == ["0000000000000000"]
