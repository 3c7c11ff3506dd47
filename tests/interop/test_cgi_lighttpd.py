"""The CGI programs behind Debian's lighttpd, as a browser meets them."""

import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request

import pytest
from harness import CHECKOUT, Process, free_port, wait_until
from harness.cgi import Page

CONFIG = """
server.document-root = "{root}/www"
server.bind = "127.0.0.1"
server.port = {port}
server.modules = ("mod_setenv", "mod_cgi", "mod_access", "mod_alias")
alias.url = ("/cgi-bin/nut/" => "{root}/cgi/")
cgi.assign = (".cgi" => "")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html")
setenv.add-environment = ({environment})
$HTTP["url"] =~ "/upsset\\.cgi$" {{
	$HTTP["useragent"] =~ "stranger" {{ url.access-deny = ("") }}
}}
"""


class Web:
    """A lighttpd that serves our programs of a site."""

    def __init__(self, site, program):
        self.site, self.port = site, free_port()
        (site.root / "www").mkdir()
        (site.root / "cgi").mkdir()
        shutil.copy(CHECKOUT / "data/www/index.html", site.root / "www")
        for name in ("upsstats.cgi", "upsimage.cgi", "upsset.cgi"):
            try:
                os.symlink(site.suite.program(name), site.root / "cgi" / name)
            except LookupError:
                pytest.skip(f"{name} is not built: no libgd")
        for name in ("upsstats.html", "upsstats-single.html"):
            shutil.copy(CHECKOUT / "conf" / f"{name}.sample", site.conf / name)
        wanted = ("NUT_CONFPATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")
        environment = ", ".join(f'"{name}" => "{value}"' for name, value in
                                site.environment().items() if name in wanted)
        config = site.root / "lighttpd.conf"
        config.write_text(CONFIG.format(root=site.root, port=self.port, environment=environment))
        self.process = Process("lighttpd", [program, "-D", "-f", str(config)], site.environment(),
                               site.logs / "lighttpd.log", cwd=site.root)
        site.processes.append(self.process)
        wait_until(lambda: self.get("/").status == 200,
                   what=lambda: f"lighttpd answers:\n{self.process.log()}")

    def get(self, path, form=None, **headers):
        """The answer, also one that is an error; `body` is what was read."""
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
        except urllib.error.HTTPError as e:
            answer = e
        answer.body = answer.read()
        return answer


@pytest.fixture
def web(site):
    program = shutil.which("lighttpd", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        pytest.skip("no lighttpd")
    return Web(site, program)


@pytest.fixture
def fake(site):
    """A UPS behind our upsd, shown by hosts.conf and open to upsset."""
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    fake = site.fake_driver("ups", {"ups.status": "OL", "ups.load": "23", "ups.id": "<b>old</b>"})
    upsd = site.start_upsd()
    fake.wait_link()
    fake.make_writable("ups.id", "STRING", length=20)
    fake.add_command("test.battery.start")
    upsd.wait_for("ups", "ups.load", "23")
    site.write("hosts.conf", f'MONITOR ups@127.0.0.1:{site.port} "Office & Co"\n')
    site.write("upsset.conf", "I_HAVE_SECURED_MY_CGI_DIRECTORY\n")
    return fake


def test_a_browser_finds_its_way_from_the_first_page_to_the_bars(web, fake):
    first = Page(web.get("/").body.decode())
    answer = web.get(first.links[0])
    assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Page(answer.body.decode())
    assert "Office & Co" in page.words and "ONLINE" in page.words
    links = ["/cgi-bin/nut/" + link for link in page.links]
    single = Page(web.get(links[0]).body.decode())
    image = web.get("/cgi-bin/nut/" + single.images[0]["src"])
    assert image.headers["Content-Type"] == "image/png"
    assert image.body.startswith(b"\x89PNG\r\n\x1a\n")
    assert "<b>old</b>" in Page(web.get(links[1]).body.decode()).words
    assert json.loads(web.get(links[2]).body)["vars"]["ups.load"] == "23"


def test_the_status_of_an_error_reaches_the_browser(web, fake):
    answer = web.get("/cgi-bin/nut/upsstats.cgi?host=none")
    assert (answer.status, "[none]" in answer.body.decode()) == (403, True)
    assert answer.headers["Content-Security-Policy"]
    assert web.get("/cgi-bin/nut/upsstats.cgi?" + "&".join(["a"] * 65)).status == 400
    image = web.get("/cgi-bin/nut/upsimage.cgi?host=none&display=x")
    assert (image.status, image.headers["Content-Type"]) == (403, "image/png")


def test_forms_lead_from_the_login_to_a_setting_and_a_command(web, fake):
    path = "/cgi-bin/nut/upsset.cgi"
    origin = {"Origin": f"http://127.0.0.1:{web.port}"}
    form = {**Page(web.get(path).body.decode()).values, "username": "admin", "password": "secret"}
    form = {**Page(web.get(path, form, **origin).body.decode()).values}
    form["function"] = "showsettings"
    text = web.get(path, form, **origin).body.decode()
    settings = Page(text[:text.index("</form>")]).values
    assert settings["UPSVAR_ups.id"] == "<b>old</b>"
    settings["UPSVAR_ups.id"] = "new & <i>"
    page = Page(web.get(path, settings, **origin).body.decode())
    assert "set ups.id to new & <i> (was <b>old</b>) OK" in page.words
    form["function"] = "showcmds"
    text = web.get(path, form, **origin).body.decode()
    command = Page(text[:text.index("</form>")]).values
    command["upscommand"] = "test.battery.start"
    page = Page(web.get(path, command, **origin).body.decode())
    assert "Response: OK" in page.words
    assert [line.split()[:2] for line in fake.received if line.startswith(("SET", "INST"))] == [
        ["SET", "ups.id"], ["INSTCMD", "test.battery.start"]]


def test_a_form_of_another_site_and_a_stranger_are_kept_out(web, fake):
    form = {"username": "admin", "password": "secret", "function": "docmd",
            "monups": f"ups@127.0.0.1:{web.site.port}", "upscommand": "test.battery.start"}
    path = "/cgi-bin/nut/upsset.cgi"
    assert web.get(path, form, Origin="http://evil.example").status == 403
    assert web.get(path, form, **{"User-Agent": "stranger"}).status == 403
    assert not [line for line in fake.received if line.startswith("INSTCMD")]
