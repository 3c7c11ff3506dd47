"""The page of upsweb in a real browser: Debian's Chromium, driven by its chromedriver."""

import os
import shutil
import time

import pytest
from harness import wait_until
from web import Web

webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium is not installed")
from selenium.common import exceptions  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [pytest.mark.once,
              pytest.mark.skipif(not CHROMIUM or not DRIVER,
                                 reason="chromium and chromium-driver are not installed")]

VALUES = {"ups.status": "OL CHRG", "battery.charge": "98", "battery.runtime": "1800",
          "ups.load": "23", "input.voltage": "230.1", "output.voltage": "230"}
NASTY = "</script><img src=x onerror=\"document.title='pwned'\"><b>'&"


class Browser:
    def __init__(self, folder):
        self.expected = ()
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--window-size=1280,900", "--no-proxy-server", f"--user-data-dir={folder}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_page_load_timeout(60)

    def open(self, web, place=""):
        self.driver.get(f"http://127.0.0.1:{web.port}/{place}")

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def texts(self, css):
        """Read in one go: elements come and go meanwhile."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", css)

    def run(self, script, *args):
        return self.driver.execute_script(script, *args)

    def wait_text(self, css, text):
        return wait_until(lambda: next((t for t in self.texts(css) if text in t), None),
                          what=lambda: f"{text!r} in {self.texts(css)}")

    def press(self, text, within="body"):
        """Found and pressed in one go: the page draws anew whenever it likes."""
        script = """const b = [...document.querySelectorAll(arguments[1] + ' button')]
            .find(b => b.textContent.trim() === arguments[0]); b?.click(); return !!b;"""
        wait_until(lambda: self.run(script, text, within), what=lambda: f"button {text}")

    def type(self, css, *keys):
        def typed():
            try:
                self.all(css)[0].send_keys(*keys)
                return True
            except (IndexError, exceptions.StaleElementReferenceException,
                    exceptions.ElementNotInteractableException):
                return False
        wait_until(typed, what=css)

    def errors(self):
        """What the browser complained of, apart from what the test brought about."""
        return [e for e in self.driver.get_log("browser") if e["level"] == "SEVERE"
                and not any(text in e["message"] for text in self.expected)]

    def look(self, width, height, dark=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def shoot(self, name):
        """For the eye: CHESTNUT_SHOTS names a folder for the pictures."""
        if os.environ.get("CHESTNUT_SHOTS"):
            self.driver.save_screenshot(f"{os.environ['CHESTNUT_SHOTS']}/{name}.png")


@pytest.fixture
def browser(site, tmp_path):
    made = Browser(tmp_path / "profile")
    yield made
    errors = made.errors()
    made.driver.quit()
    assert not errors


@pytest.fixture
def driver(site):
    fake = site.fake_driver("rack", dict(VALUES))
    fake.commands = ["beeper.mute", "load.off"]
    fake.extra = {"ups.beeper.status": ["SETFLAGS ups.beeper.status RW",
                                        "ADDENUM ups.beeper.status enabled",
                                        "ADDENUM ups.beeper.status disabled"]}
    fake.variables["ups.beeper.status"] = "enabled"
    site.add_user("admin", "secret", "actions = SET", "instcmds = ALL")
    site.start_upsd()
    return fake


@pytest.fixture
def web(site, driver):
    shown = Web(site, "CONTROL yes", f"HISTORY {site.state}/history.db")
    shown.wait_ups("rack", lambda d: d["condition"] == "ok" and d["charge"])
    return shown


def test_a_card_turns_red_when_the_power_fails(browser, web, driver):
    browser.open(web)
    browser.wait_text(".card.ok .state", "on line, charging")
    wait_until(lambda: "live" in browser.texts("#link")[0])
    # The moment is taken in the page itself, so that the test's own slowness does not count.
    browser.run("""window.turned = new Promise(done => new MutationObserver(() =>
        document.querySelector('.card.crit') && done(Date.now()))
        .observe(document.body, {subtree: true, attributes: true, childList: true}))""")
    failed = time.time()
    driver.set("ups.status", "OB DISCHRG")
    turned = browser.driver.execute_async_script("window.turned.then(arguments[0])") / 1000
    print(f"red after {turned - failed:.3f} s")
    browser.wait_text(".card.crit .state", "on battery, discharging")
    wait_until(lambda: browser.driver.title.startswith("(1)"))
    assert "on battery" in browser.texts("#said")[0]
    browser.shoot("crit")


def test_charts_draw_and_zoom(browser, web, driver):
    browser.open(web, f"#/ups/{web.id('rack')}")
    browser.wait_text("h2", "rack")
    for n in range(4):
        driver.set("input.voltage", str(229 + n))
        driver.set("battery.charge", str(90 + n))
        web.wait_ups("rack", lambda d, n=n: d["charge"] == str(90 + n))
    wait_until(lambda: len(browser.all(".chart polyline")) >= 5)
    wait_until(lambda: "93 %" in " ".join(browser.texts("figcaption")))
    browser.press("1 h")
    wait_until(lambda: browser.run("return [...document.querySelectorAll('figure')].some(f => !f.hidden && "
                                   "f.querySelector('polyline'))"))
    assert "Charge" in browser.run("return document.querySelector('svg.chart').getAttribute('aria-label')")
    browser.type("svg.chart", Keys.ARROW_LEFT)
    wait_until(lambda: "at" in browser.texts("figcaption")[0])
    browser.type("svg.chart", "+")
    wait_until(lambda: not browser.all("[aria-label=Time] [aria-pressed=true]"))
    browser.press("Live")
    browser.shoot("charts")


def test_a_command_needs_a_login_and_then_works(browser, web, driver):
    browser.expected = ("401",)  # the refused login
    browser.open(web, f"#/ups/{web.id('rack')}")
    browser.wait_text("td.name", "battery.charge")
    assert not browser.all("[aria-label=Commands]")
    browser.press("Log in")
    browser.type("input[name=user]", "admin")
    browser.type("input[name=password]", "wrong", Keys.ENTER)
    browser.wait_text("dialog .answer.bad", "does not know")
    browser.type("input[name=password]", "secret", Keys.ENTER)
    browser.press("beeper.mute")
    browser.wait_text("[aria-label=Commands] .answer.good", "done")
    assert any(line.startswith("INSTCMD beeper.mute") for line in driver.received)
    browser.press("load.off")
    browser.wait_text("dialog", "may take the power")
    assert not any("load.off" in line for line in driver.received)
    browser.press("load.off", "dialog")
    wait_until(lambda: any("load.off" in line for line in driver.received))
    browser.type("[data-setting='ups.beeper.status']", "disabled")
    browser.press("Set", "[aria-label=Settings]")
    wait_until(lambda: any(line.startswith("SET ups.beeper.status") for line in driver.received))
    browser.wait_text("[aria-label=Events] td", "beeper.mute")
    browser.shoot("control")
    browser.press("Log out admin")
    wait_until(lambda: not browser.all("[aria-label=Commands]"))


def test_texts_of_a_ups_stay_texts(site, browser, web, driver):
    browser.expected = ("404",)  # a UPS that is not there
    for name in ("device.model", "device.mfr", "ups.alarm", "ups.test.result"):
        driver.set(name, NASTY)
    driver.set("ups.status", "OB <img/src=x/onerror=document.title='pwned'>")
    browser.open(web)
    browser.wait_text(".card .alarm", NASTY)
    browser.open(web, f"#/ups/{web.id('rack')}")
    browser.wait_text("td.value", NASTY)
    browser.open(web, "#/events")
    browser.wait_text("td", "alarm")
    for place in ("#/ups/%3Cimg%20src=x%20onerror=alert(1)%3E", "#/ups/%", "#/nothing/%zz"):
        browser.open(web, place)
        wait_until(lambda: browser.all("main *"))
    assert not browser.all("img, main b i, iframe") and "pwned" not in browser.driver.title


def test_three_hundred_devices_stay_smooth(site, browser):
    for n in range(300):
        site.add_dummy(f"ups{n:03}", {**VALUES, "battery.charge": str(n % 101)})
    master = site.fake_driver("ups000", dict(VALUES))
    others = [site.fake_driver(f"ups{n:03}", dict(VALUES)) for n in range(1, 300)]
    site.start_upsd(conf="MAXCONN 1000\n")
    shown = Web(site)
    browser.open(shown)
    wait_until(lambda: len(browser.all(".card.ok")) == 300)
    browser.run("""window.frames_seen = []; let last = performance.now();
        (function tick(now) { frames_seen.push(now - last); last = now; requestAnimationFrame(tick); })(last)""")
    for turn in range(5):
        for n, fake in enumerate([master, *others]):
            fake.set("ups.load", str((turn * 7 + n) % 100))
    browser.wait_text(".card", f"{(4 * 7) % 100} %")
    frames = sorted(browser.run("return frames_seen"))
    print(f"{len(frames)} frames, median {frames[len(frames) // 2]:.0f} ms, worst {frames[-1]:.0f} ms")
    search = browser.all("#search")[0]
    search.send_keys("ups29")
    wait_until(lambda: len(browser.all(".card")) == 10)
    search.clear()
    search.send_keys("nothing like it")
    browser.wait_text(".none", "No UPS fits")
    browser.shoot("many")


@pytest.mark.parametrize("width, dark", [(1280, False), (1280, True), (390, False), (390, True)])
def test_it_fits_the_screen_in_light_and_dark(browser, web, width, dark):
    browser.look(width, 844, dark)
    browser.open(web)
    browser.wait_text(".card.ok", "98 %")
    for place, css in (("", ".card"), (f"#/ups/{web.id('rack')}", "td.name"), ("#/events", "td")):
        browser.open(web, place)
        wait_until(lambda c=css: browser.all(c))
        wide = browser.run("return document.documentElement.scrollWidth")
        assert wide <= width, f"{place} is {wide} wide"
        browser.shoot(f"{width}-{'dark' if dark else 'light'}-{place.split('/')[-2] if '/' in place else 'cards'}")
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(int(n) for n in paper[4:-1].split(",")) < 200) == dark


def test_it_is_used_by_keys_and_heard(browser, web):
    browser.open(web)
    browser.wait_text(".card", "98 %")
    body = browser.all("body")[0]
    body.send_keys("/")
    wait_until(lambda: browser.run("return document.activeElement.id") == "search")
    browser.type("#search", Keys.ESCAPE)
    browser.run("document.activeElement.blur()")
    body.send_keys("?")
    browser.wait_text("dialog", "search")
    browser.press("Close", "dialog")
    browser.type(".card a", Keys.ENTER)
    browser.wait_text("td.name", "battery.charge")
    browser.all("body")[0].send_keys(Keys.ESCAPE)
    wait_until(lambda: browser.all(".card"))
    unnamed = browser.run("""return [...document.querySelectorAll('a,button,input,select')].filter(e =>
        !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).map(e => e.outerHTML)""")
    assert unnamed == []
    assert browser.run("return document.documentElement.lang") == "en"


def test_it_works_again_after_the_daemon_was_restarted(site, browser, web, driver):
    browser.expected = ("ERR_",)  # each try that finds nobody
    browser.open(web)
    browser.wait_text(".card.ok", "98 %")
    port = web.port
    web.process.stop()
    wait_until(lambda: "no link" in browser.texts("#link")[0])
    again = site.start("upsweb", "-F", *site._as_user)
    again.wait_log(str(port))
    driver.set("battery.charge", "55")
    browser.wait_text(".card", "55 %")
    wait_until(lambda: "live" in browser.texts("#link")[0])


def test_without_script_there_is_a_table(browser, web):
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.open(web)
    table = browser.all("main table")[0]
    assert "98 %" in table.text and "on line" in table.text
    assert not browser.all(".card")
