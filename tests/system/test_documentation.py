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
    programs = {name for kind in ("bin", "sbin", "driver", "cgi")
                for name in _make_list(makefile, f"{kind}_PROGRAMS")}
    assert programs
    described = {page.rsplit(".", 1)[0] for page in _pages()}
    assert programs - described == set()


def test_every_sample_file_has_a_manual_page():
    # UPSmon.conf-rack.sample is one more of UPSmon.conf, upsstats-single.html of upsstats.html.
    samples = {re.sub(r"(?<=[.]conf)-\w+$|-single(?=[.]html$)", "", path.name[:-len(".sample")])
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


def _text_of_tests():
    return "".join(path.read_text() for kind in ("unit", "system", "interop", "soak")
                   for path in sorted((CHECKOUT / "tests" / kind).glob("*"))
                   if path.suffix in (".c", ".py"))


def test_every_test_that_the_safety_page_names_exists():
    page, tests = (CHECKOUT / "docs/upsmon-safety.md").read_text(), _text_of_tests()
    named = re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+){2,})`", page)
    assert len(named) > 40
    defined = set(re.findall(r"(?:^def|static void) (\w+)\(", tests, re.M))
    files = {path.stem for path in (CHECKOUT / "tests").rglob("test_*.*")}
    assert [name for name in named if name not in defined | files] == []
    assert [words for words in re.findall(r'"([^"\n]{12,})"', page) if words not in tests] == []


def test_rehearsals_in_the_documentation_are_what_the_program_prints(site):
    page = (CHECKOUT / "docs/man/upsmon.8.adoc").read_text()
    shown = re.findall(r"^\$ upsmon (--rehearse.*) -f (\S+)\n(.*?)^----$", page, re.M | re.S)
    assert shown
    for options, path, output in shown:
        result = site.run("upsmon", *options.split(), "-f", CHECKOUT / "conf/examples" / path)
        assert result.stdout == output
