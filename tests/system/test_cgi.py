"""upsstats.cgi, upsimage.cgi and upsset.cgi, run as a web server runs them."""

import shutil
import struct

import pytest
from harness import CHECKOUT, wait_until
from harness.certs import backend
from harness.cgi import run_cgi

HOSTILE = '</td><script>alert("1")</script><img src=x onerror=\'a()\'>&lt;\\"@VAR x@ \xe9'
CALM = "calm"
VARIABLES = ("ups.status", "ups.model", "battery.charge", "battery.runtime", "input.voltage",
             "input.transfer.low", "input.transfer.high", "output.voltage", "ups.load",
             "ups.temperature", "ups.alarm", "ups.test.result", "device.mfr")


@pytest.fixture
def cgi(site):
    """Runs a program, with the samples as templates."""
    for name in ("upsstats.html", "upsstats-single.html"):
        shutil.copy(CHECKOUT / "conf" / f"{name}.sample", site.conf / name)
    return lambda name, *args, **kwargs: run_cgi(site, f"{name}.cgi", *args, **kwargs)


def show(site, port, **monitors):
    """Writes a hosts.conf: UPSes of a server and their texts."""
    lines = []
    for ups, text in monitors.items():
        text = text.replace("\\", "\\\\").replace('"', '\\"').replace("#", "\\#")
        lines.append(f'MONITOR {ups}@127.0.0.1:{port} "{text}"\n')
    site.write("hosts.conf", "".join(lines))


def secure(site):
    site.write("upsset.conf", "I_HAVE_SECURED_MY_CGI_DIRECTORY\n")


def served(site, variables, ups="ups", **monitors):
    """A driver's values behind our upsd, shown by hosts.conf; returns the fake driver."""
    fake = site.fake_driver(ups, variables)
    upsd = site.start_upsd()
    fake.wait_link()
    upsd.wait_for(ups, next(iter(variables)), next(iter(variables.values())))
    show(site, site.port, **(monitors or {ups: "Office"}))
    return fake


# ------------------------------------------------------------------- upsstats

def test_all_pages_show_what_the_ups_says(site, cgi):
    served(site, {"ups.status": "OL CHRG", "ups.model": "Smart", "battery.runtime": "3700",
                  "ups.temperature": "25.5", "input.voltage": "230", "input.transfer.low": "200",
                  "input.transfer.high": "250"})
    page = cgi("upsstats").page
    for word in ("Office", "Smart", "ONLINE", "01:01:40", "25.5 °C", "230 V"):
        assert word in page.words
    assert f"upsstats.cgi?host=ups@127.0.0.1:{site.port}" in page.links
    single = cgi("upsstats", {"host": f"ups@127.0.0.1:{site.port}"}).page
    assert "ONLINE" in single.words and "Smart" in single.words
    assert single.images[0]["alt"] == "Input voltage: 230"
    tree = cgi("upsstats", f"host=ups@127.0.0.1:{site.port}&treemode").page
    assert "battery.runtime3700" in tree.words


def test_an_input_out_of_its_limits_is_marked(site, cgi):
    fake = served(site, {"input.voltage": "230", "input.transfer.low": "200",
                         "input.transfer.high": "250"})
    assert ("td", ("class", "data-name")) not in cgi("upsstats").page.shape
    fake.set("input.voltage", "260")
    wait_until(lambda: ("td", ("class", "data-name")) in cgi("upsstats").page.shape,
               what="the mark")
    assert "260 V" in cgi("upsstats").page.words


def test_json_has_every_ups_of_one_server(site, cgi):
    upsd = site.fake_upsd({"a": {"ups.status": "OL"}, "b": {"ups.status": "OB LB FSD"},
                           "c": {"ups.load": "7"}})
    show(site, upsd.port, a="A", b="B", c="C")
    answer = cgi("upsstats", "json")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    a, b, c = answer.json["devices"]
    assert a == {"host": f"a@127.0.0.1:{upsd.port}", "desc": "A", "status_raw": "OL",
                 "status_parsed": ["ONLINE"], "vars": {"ups.status": "OL"}}
    assert b["status_parsed"] == ["ON BATTERY", "LOW BATTERY", "FORCED SHUTDOWN"]
    assert (c["status_raw"], c["vars"]) == ("", {"ups.load": "7"})
    assert upsd.received.count("LOGOUT") == 1  # one connection for all
    assert cgi("upsstats", f"json&host=a@127.0.0.1:{upsd.port}").json == a


def test_hostile_values_and_descriptions_stay_text(site, cgi):
    pages = ("", "host=ups@127.0.0.1:{}", "host=ups@127.0.0.1:{}&treemode")
    shapes = []
    upsd = site.fake_upsd({"ups": {}})
    for value in (CALM, HOSTILE):
        upsd.upses["ups"] = dict.fromkeys(VARIABLES, value)
        show(site, upsd.port, ups=value.encode("ascii", "replace").decode())
        answers = [cgi("upsstats", page.format(upsd.port)) for page in pages]
        shapes.append([answer.page.shape for answer in answers])
        assert value in answers[2].page.words
        reply = cgi("upsstats", f"json&host=ups@127.0.0.1:{upsd.port}").json
        assert reply["vars"] == dict.fromkeys(VARIABLES, value)
    assert shapes[0] == shapes[1]


def test_what_a_visitor_sends_stays_text_when_it_is_refused(site, cgi):
    show(site, site.port, ups="Office")
    for name, query in (("upsstats", {"host": HOSTILE}),
                        ("upsstats", {"template_list": HOSTILE})):
        answer = cgi(name, query)
        assert (answer.status, answer.code) == (403, 1)
        assert HOSTILE in answer.page.words
        assert {tag for tag, _ in answer.page.shape} <= {
            tag for name in ("html", "head", "meta", "title", "style", "body", "p")
            for tag in (name, "/" + name)}
    answer = cgi("upsstats", {"host": HOSTILE, "json": ""})
    assert answer.status == 403
    assert answer.json == {"error": f"Access to host {HOSTILE} is not authorized."}


def test_every_answer_forbids_scripts_storing_and_guessing(site, cgi):
    upsd = site.fake_upsd({"ups": {"ups.load": "1"}})
    show(site, upsd.port, ups="Office")
    secure(site)
    host = f"host=ups@127.0.0.1:{upsd.port}"
    for answer in (cgi("upsstats"), cgi("upsstats", host), cgi("upsstats", host + "&treemode"),
                   cgi("upsstats", "json"), cgi("upsstats", "host=no"), cgi("upsset"),
                   cgi("upsimage", host + "&display=ups.load"), cgi("upsimage", "host=no")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["pragma"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "script-src" not in policy
        assert "frame-ancestors 'self'" in policy and "form-action 'self'" in policy


def test_a_ups_without_values_says_why(site, cgi):
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}, "ok": {"ups.status": "OL"}})
    upsd.set_error("ups", "DATA-STALE")
    show(site, upsd.port, ups="Office", ok="Other")
    page = cgi("upsstats").page
    assert "[error: Data stale]" in page.words and "ONLINE" in page.words
    stale, good = cgi("upsstats", "json").json["devices"]
    assert (stale["status_raw"], stale["vars"]) == ("", {"error": "Data stale"})
    assert good["vars"] == {"ups.status": "OL"}
    tree = cgi("upsstats", f"host=ups@127.0.0.1:{upsd.port}&treemode")
    assert (tree.status, "Error: Data stale" in tree.page.words) == (200, True)


def test_a_server_that_is_away_does_not_spoil_the_page_of_another(site, cgi):
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}})
    site.write("hosts.conf", 'MONITOR gone@127.0.0.1:1 "Gone"\nMONITOR lost@127.0.0.1:1 "Lost"\n'
                             f'MONITOR ups@127.0.0.1:{upsd.port} "Office"\n')
    page = cgi("upsstats").page
    assert page.words.count("Connection refused") == 2 and "ONLINE" in page.words
    gone, _, office = cgi("upsstats", "json").json["devices"]
    assert gone["error"].startswith("Connection failed: Connection failure: Connection refused")
    assert "vars" not in gone and office["status_raw"] == "OL"


def test_a_server_that_hangs_up_half_way_is_told(site, cgi):
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}})
    upsd.answers["LIST VAR ups"] = b'BEGIN LIST VAR ups\nVAR ups ups.status "OL"\nnonsense\n'
    show(site, upsd.port, ups="Office", other="Other")
    devices = cgi("upsstats", "json").json["devices"]
    assert "error" in devices[0]["vars"]


def test_only_templates_that_are_listed_and_marked_are_filled_in(site, cgi):
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}})
    site.write("hosts.conf", f'MONITOR ups@127.0.0.1:{upsd.port} "Office"\n'
                             "CUSTOM_TEMPLATE_LIST wall.html\nCUSTOM_TEMPLATE_LIST plain.html\n"
                             "CUSTOM_TEMPLATE_LIST missing.html\nCUSTOM_TEMPLATE_SINGLE one.html\n")
    site.write("wall.html", "@NUT_UPSSTATS_TEMPLATE@wall @FOREACHUPS@@HOSTLINK@@ENDFOR@\n")
    site.write("plain.html", "secret @NUT_UPSSTATS_TEMPLATE@\n")
    site.write("one.html", "@NUT_UPSSTATS_TEMPLATE@one @HOSTDESC@\n")
    host = f"host=ups@127.0.0.1:{upsd.port}"
    wall = cgi("upsstats", "template_list=wall.html&template_single=one.html&refresh=9")
    assert wall.text.startswith("wall ")
    assert wall.page.links == [f"upsstats.cgi?{host}&template_list=wall.html"
                               "&template_single=one.html&refresh=9"]
    assert cgi("upsstats", host + "&template_single=one.html").text == "one Office\n"
    for refused in ("plain.html", "upsd.users", "../conf/wall.html", "one.html", ""):
        answer = cgi("upsstats", {"template_list": refused})
        assert (answer.status, "secret" in answer.text) == (403, False)
    missing = cgi("upsstats", "template_list=missing.html")
    assert (missing.status, "cannot be read" in missing.text) == (500, True)


def test_a_missing_template_names_its_sample(site, cgi):
    show(site, site.port, ups="Office")
    (site.conf / "upsstats.html").unlink()
    answer = cgi("upsstats")
    assert (answer.status, answer.code) == (500, 1)
    assert "upsstats.html.sample" in answer.text and "upsstats.html" in answer.log


@pytest.mark.parametrize("hosts, said", [(None, "can't open hosts.conf"),
                                         ("# nothing\n", "no hosts to monitor"),
                                         ("MONITOR\n", "no hosts to monitor")])
@pytest.mark.parametrize("program", ["upsstats", "upsimage", "upsset"])
def test_a_hosts_conf_that_cannot_be_used_is_told(site, cgi, hosts, said, program):
    secure(site)
    if hosts is not None:
        site.write("hosts.conf", hosts)
    answer = cgi(program, "host=x")
    assert (answer.status, answer.code) == (500, 1)
    assert said in answer.page.words and str(site.conf) not in answer.text


def test_a_broken_address_is_refused_and_a_long_value_is_not_there(site, cgi):
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}})
    show(site, upsd.port, ups="Office")
    for broken in ("host=%", "host=%zz", "a=%00", "&".join(["a=1"] * 65)):
        assert cgi("upsstats", broken).status == 400
    assert "Office" in cgi("upsstats", "host=" + "x" * 129).page.words
    assert cgi("upsstats", "host=" + "x" * 128).status == 403
    assert "http-equiv" not in cgi("upsstats", "refresh=0").text.lower()
    assert '<META HTTP-EQUIV="Refresh" CONTENT="5">' in cgi("upsstats", "refresh=5").text


def test_debugging_never_reaches_the_page(site, cgi):
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}})
    show(site, upsd.port, ups="Office")
    assert cgi("upsstats", "json", NUT_DEBUG_LEVEL="6").json == cgi("upsstats", "json").json


def test_a_server_that_wants_a_login_of_readers_gets_that_of_nutauth_conf(site, cgi):
    site.add_user("reader", '"secret word"')
    fake = site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd(conf="READ_NEEDS_LOGIN yes\n")
    fake.wait_link()
    show(site, site.port, ups="Office")
    assert "Username required" in cgi("upsstats").page.words
    site.write("nutauth.conf", 'user = reader\npassword = "secret word"\n', 0o600)
    wait_until(lambda: "ONLINE" in cgi("upsstats").page.words,
               what=lambda: f"the state:\n{upsd.log()}")


# ------------------------------------------------------------------- upsimage

def png_size(answer):
    assert answer.headers["content-type"] == "image/png"
    assert answer.body[:16] == b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" and answer.body.endswith(b"\xaeB`\x82")
    return struct.unpack(">II", answer.body[16:24])


def test_values_become_bars(site, cgi):
    upsd = site.fake_upsd({"ups": {"ups.load": "23", "input.voltage": "230", "x": "1"}})
    show(site, upsd.port, ups="Office")
    host = f"host=ups@127.0.0.1:{upsd.port}&display="
    assert png_size(cgi("upsimage", host + "ups.load")) == (100, 350)
    assert png_size(cgi("upsimage", host + "input.voltage&width=68&height=0x90")) == (68, 144)
    low = cgi("upsimage", host + "ups.load").body
    upsd.set("ups", "ups.load", "99")
    assert cgi("upsimage", host + "ups.load").body != low


@pytest.mark.parametrize("query, status", [("", 400), ("host={}", 400), ("host=no&display=x", 403),
                                           ("host={}&display=ups.status", 404),
                                           ("host={}&display=ups.load", 200),
                                           ("host={}&display=input.frequency", 200),
                                           ("host={}&display=battery.voltage", 200),
                                           ("host={}&display=output.voltage", 200)])
def test_errors_are_pictures_too(site, cgi, query, status):
    upsd = site.fake_upsd({"ups": {"ups.load": "nan", "input.frequency": "50",
                                   "battery.voltage": "1e308", "output.voltage": "230",
                                   "output.voltage.nominal": "1e9"}})
    show(site, upsd.port, ups="Office")
    answer = cgi("upsimage", query.format(f"ups@127.0.0.1:{upsd.port}"))
    assert (answer.status, png_size(answer)) == (status, (100, 350))


def test_a_server_that_is_away_is_a_picture(site, cgi):
    site.write("hosts.conf", 'MONITOR ups@127.0.0.1:1 "Office"\n')
    assert png_size(cgi("upsimage", "host=ups@127.0.0.1:1&display=ups.load")) == (100, 350)


# --------------------------------------------------------------------- upsset

@pytest.fixture
def settings(site, cgi):
    """upsset in front of our upsd, with users and a driver; calls a function of it."""
    secure(site)
    site.add_user("admin", r'"pass \"word\" &<"', "actions = SET", "instcmds = ALL")
    fake = served(site, {"ups.id": "old", "ups.delay": "20", "ups.mode": "odd",
                         "ups.note": "caf\udce9", "ups.status": "OL"})
    fake.make_writable("ups.id", "STRING", length=12)
    fake.make_writable("ups.delay", "NUMBER")
    fake.make_writable("ups.mode", "ENUM", enum=("on", HOSTILE.replace("\xe9", "")))
    fake.make_writable("ups.note", "STRING", length=20)
    fake.add_command("beeper.off")

    def call(function, **fields):
        form = {"username": "admin", "password": 'pass "word" &<', "function": function,
                "monups": f"ups@127.0.0.1:{site.port}", **fields}
        return cgi("upsset", form=form)

    call.fake = fake
    wait_until(lambda: "beeper.off" in call("showcmds").text and
               "ups.note" in call("showsettings").text, what="the driver's commands")
    return call


def orders(fake):
    return [line for line in fake.received if line.startswith(("SET", "INSTCMD"))]


def test_without_the_safety_word_nothing_works(site, cgi):
    upsd = site.fake_upsd({"ups": {}})
    show(site, upsd.port, ups="Office")
    form = {"username": "a", "password": "b", "function": "docmd", "upscommand": "x",
            "monups": f"ups@127.0.0.1:{upsd.port}"}
    for text in (None, "", "#I_HAVE_SECURED_MY_CGI_DIRECTORY\n", "I_HAVE_SECURED\n"):
        if text is not None:
            site.write("upsset.conf", text)
        answer = cgi("upsset", form=form)
        assert (answer.status, answer.code) == (403, 1)
        assert "upsset.conf" in answer.text
    assert upsd.received == []


def test_a_visitor_logs_in_and_chooses(site, cgi):
    secure(site)
    show(site, site.port, ups="Office", other=HOSTILE.encode("ascii", "replace").decode())
    login = cgi("upsset").page
    assert login.values["function"] == "pickups"
    form = {**login.values, "username": 'a"><b>', "password": "&amp;'\""}
    choice = cgi("upsset", form=form).page
    assert choice.values["username"] == form["username"]
    assert choice.values["password"] == form["password"]
    assert choice.options["monups"] == [f"{u}@127.0.0.1:{site.port}" for u in ("ups", "other")]
    assert choice.options["function"] == ["showsettings", "showcmds"]
    assert ("b", ()) not in choice.shape and ("script", ()) not in choice.shape


def test_settings_are_shown_as_what_they_are(settings):
    page = settings("showsettings").page
    assert page.values["UPSVAR_ups.id"] == "old" and page.values["UPSVAR_ups.delay"] == "20"
    # What is set stays chosen though the driver does not list it.
    assert page.values["UPSVAR_ups.mode"] == "odd"
    assert page.options["UPSVAR_ups.mode"] == ["odd", "on", HOSTILE.replace("\xe9", "")]


def test_a_page_that_is_sent_back_as_it_is_sets_nothing(settings):
    page = settings("showsettings").page
    form = {name: value for name, value in page.values.items() if name.startswith("UPSVAR_")}
    assert len(form) == 4
    answer = settings("savesettings", **form)
    assert "Updated 0 settings." in answer.page.words
    assert orders(settings.fake) == []


def test_what_was_changed_is_set_and_its_result_told(settings):
    fields = {"UPSVAR_ups.id": 'new "x" #', "UPSVAR_ups.delay": "20", "UPSVAR_ups.none": "1",
              "UPSVAR_": "x"}
    page = settings("savesettings", **fields).page
    assert 'set ups.id to new "x" # (was old) OK' in page.words
    assert "cannot read ups.none: Variable not supported by UPS" in page.words
    assert "Updated 1 setting." in page.words
    assert len(orders(settings.fake)) == 1
    assert 'SET ups.id "new \\"x\\" \\#"' in orders(settings.fake)[0]


def test_a_driver_that_fails_is_told(settings):
    settings.fake.result = lambda words: 4
    page = settings("savesettings", **{"UPSVAR_ups.id": "x"}).page
    assert "set ups.id to x (was old) ERR" in page.words and "Updated 0 settings." in page.words
    page = settings("docmd", upscommand="beeper.off").page
    assert "Sending command: beeper.off Response: ERR" in page.words


def test_a_command_is_run(settings):
    page = settings("showcmds").page
    assert page.options["upscommand"] == ["", "beeper.off"]
    page = settings("docmd", upscommand="beeper.off").page
    assert "Sending command: beeper.off Response: OK" in page.words
    assert orders(settings.fake)[0].startswith("INSTCMD beeper.off")
    assert "No command was chosen." in settings("docmd", upscommand="").page.words
    assert len(orders(settings.fake)) == 1


def test_a_wrong_password_sets_and_runs_nothing(settings):
    for function, fields in (("savesettings", {"UPSVAR_ups.id": "x"}),
                             ("docmd", {"upscommand": "beeper.off"})):
        page = settings(function, password="wrong", **fields).page
        assert "ERR ACCESS-DENIED" in page.words
    assert orders(settings.fake) == []


def test_no_field_adds_words_or_lines_to_the_protocol(site, cgi):
    secure(site)
    upsd = site.fake_upsd({"ups": {"ups.id": "x"}})
    show(site, upsd.port, ups="Office")
    evil = 'x" ups\r\nFSD ups\n y'
    form = {"username": evil, "password": evil, "function": "docmd", "upscommand": evil,
            "monups": f"ups@127.0.0.1:{upsd.port}"}
    cgi("upsset", form=form)
    cgi("upsset", form={**form, "function": "savesettings", "UPSVAR_ups.id": evil,
                        f"UPSVAR_{evil}": "1"})
    assert {line.split()[0] for line in upsd.received} <= {
        "STARTTLS", "USERNAME", "PASSWORD", "SET", "INSTCMD", "GET", "LOGOUT"}
    quoted = '"x\\" ups  FSD ups  y"'
    for line in (f"USERNAME {quoted}", f"PASSWORD {quoted}", f"INSTCMD ups {quoted}",
                 f"SET VAR ups ups.id {quoted}"):
        assert line in upsd.received


def test_only_the_upses_of_hosts_conf_and_the_functions_there_are(site, cgi):
    secure(site)
    show(site, site.port, ups="Office")
    form = {"username": "a", "password": "b", "function": "docmd", "monups": "other@127.0.0.1"}
    assert cgi("upsset", form=form).status == 403
    del form["monups"]
    assert cgi("upsset", form=form).status == 403
    answer = cgi("upsset", form={**form, "function": HOSTILE})
    assert (answer.status, HOSTILE in answer.page.words) == (400, True)


def test_half_a_value_is_never_set(site, cgi):
    secure(site)
    upsd = site.fake_upsd({"ups": {"ups.id": "x"}})
    show(site, upsd.port, ups="Office")
    whole = (f"username=a&password=b&function=savesettings&monups=ups%40127.0.0.1%3A{upsd.port}"
             "&UPSVAR_ups.id=230")
    answer = cgi("upsset", body=whole[:-1].encode(), CONTENT_LENGTH=str(len(whole)))
    assert "Updated 0 settings." in answer.page.words
    # Of our own forms a server may eat the last byte.
    answer = cgi("upsset", body=f"{whole}&zzz=sentine".encode(),
                 CONTENT_LENGTH=str(len(whole) + len("&zzz=sentinel")))
    assert "Updated 1 setting." in answer.page.words


@pytest.mark.parametrize("environment, status", [
    ({"HTTP_ORIGIN": "http://evil.example", "HTTP_HOST": "ups.example"}, 403),
    ({"HTTP_ORIGIN": "null", "HTTP_HOST": "ups.example"}, 403),
    ({"HTTP_SEC_FETCH_SITE": "cross-site"}, 403),
    ({"HTTP_SEC_FETCH_SITE": "same-site"}, 403),
    ({"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "https://other"}, 200),
    ({"HTTP_ORIGIN": "https://ups.example:8443", "HTTP_HOST": "ups.example:8443"}, 200),
    ({"HTTP_ORIGIN": "https://ups.example", "HTTP_HOST": "127.0.0.1:80",
      "HTTP_X_FORWARDED_HOST": "ups.example"}, 200),
    ({}, 200),
    ({"CONTENT_TYPE": "text/plain"}, 415),
    ({"CONTENT_LENGTH": "999999999"}, 413),
    ({"CONTENT_LENGTH": "-1"}, 413)])
def test_forms_of_other_sites_and_of_other_kinds_are_refused(site, cgi, environment, status):
    secure(site)
    show(site, site.port, ups="Office")
    form = {"username": "a", "password": "b", "function": "pickups"}
    assert cgi("upsset", form=form, **environment).status == status


def test_a_password_is_not_in_the_log(settings):
    answer = settings("docmd", upscommand="x", password="hidden-word")
    assert "hidden-word" not in answer.log


# ------------------------------------------------------------------------ TLS

def test_what_nutauth_conf_demands_of_tls_is_obeyed(site, cgi, certs):
    if not backend(site):
        pytest.skip("this build has no TLS")
    site.fake_driver("ups", {"ups.status": "OL"})
    site.add_user("admin", "secret", "instcmds = ALL")
    secure(site)
    site.write("hosts.conf", f'MONITOR ups@localhost:{site.port} "Office"\n')
    upsd = site.start_upsd("-D", conf=certs.upsd_lines(site, "selfsigned"))
    upsd.wait_for("ups", "ups.status", "OL")
    home = {"HOME": str(site.root)}
    anchors = f"CERTPATH = {certs.root}/nss" if backend(site) == "NSS" else \
        f"CERTPATH = {certs.pem('ca')}"
    form = {"username": "admin", "password": "secret", "function": "docmd", "upscommand": "x",
            "monups": f"ups@localhost:{site.port}"}
    site.write("nutauth.conf", f"CERTVERIFY = 1\n{anchors}\n", 0o600)
    page = cgi("upsstats", **home).page
    assert "its certificate cannot be verified" in page.words and "ONLINE" not in page.words
    page = cgi("upsset", form=form, **home).page
    assert "its certificate cannot be verified" in page.words and "Response" not in page.words
    site.write("nutauth.conf", "FORCESSL = 1\n", 0o600)
    assert "ONLINE" in cgi("upsstats", **home).page.words
    assert "ERR CMD-NOT-SUPPORTED" in cgi("upsset", form=form, **home).page.words
    assert "[D1:tls] 127.0.0.1: TLSv1." in upsd.log()


def test_a_nutauth_conf_that_cannot_be_used_stops_everything(site, cgi):
    """It may demand TLS, and what it demands must not be passed over."""
    upsd = site.fake_upsd({"ups": {"ups.status": "OL"}})
    show(site, upsd.port, ups="Office")
    site.write("nutauth.conf", "[]\nFORCESSL = 1\n", 0o600)
    answer = cgi("upsstats")
    assert "nutauth.conf cannot be used" in answer.page.words
    assert "nutauth.conf:1" in answer.log and str(site.conf) not in answer.text
    assert upsd.received == []
