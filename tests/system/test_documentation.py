"""Nothing is installed without its manual page, and every page is sound."""

import re
import shutil
import subprocess

import pytest
from harness import CHECKOUT


def _make_list(makefile, name):
    found = re.search(rf"^{name} =((?:[^\n]*\\\n)*[^\n]*)", makefile, re.M)
    return [re.sub(r"\$\(EXEEXT\)", "", word).split("/")[-1]
            for word in (found.group(1).replace("\\\n", " ").split() if found else [])
            if not word.startswith("$(am__")]


def _pages():
    return {path.name[:-len(".adoc")]: path for path in (CHECKOUT / "docs/man").glob("*.adoc")}


def test_every_installed_program_has_a_manual_page(build):
    makefile = (build.root / "Makefile").read_text()
    programs = {name for kind in ("bin", "sbin", "driver")
                for name in _make_list(makefile, f"{kind}_PROGRAMS")}
    assert programs
    described = {page.rsplit(".", 1)[0] for page in _pages()}
    assert programs - described == set()


def test_every_sample_file_has_a_manual_page():
    # UPSmon.conf-rack.sample is one more of UPSmon.conf.
    samples = {re.sub(r"(?<=[.]conf)-\w+$", "", path.name[:-len(".sample")])
               for path in (CHECKOUT / "conf").glob("*.sample")}
    described = {page.rsplit(".", 1)[0] for page in _pages()}
    assert samples - described == set()


def test_every_manual_page_is_entered_in_the_build(build):
    entered = set(_make_list((build.root / "Makefile").read_text(), "man_pages"))
    assert set(_pages()) == entered


def test_manual_pages_are_made_without_a_warning(site):
    if not shutil.which("asciidoctor"):
        pytest.skip("no asciidoctor")
    result = subprocess.run(["asciidoctor", "-b", "manpage", "-D", site.root, *_pages().values()],
                            capture_output=True, text=True, timeout=240)
    assert (result.returncode, result.stderr) == (0, "")
