"""Who gets in at upsd, and what becomes of who does not."""

import os
import signal

from harness import LineClient, wait_until

PASSWORD = "correct horse"
# What crypt(3) makes of it: one that is quick to check, and one that takes a moment.
HASHES = {
    "sha256": "$5$rounds=1000$Xo1hT7vC$tAFEDy6y6VMsmzRDZNVtj8ay42HNyq1GojO9B.c6jgB",
    "yescrypt": "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79",
}


def add_hashed(site, name, text, *lines):
    path = site.conf / "upsd.users"
    before = path.read_text() if path.exists() else ""
    site.write("upsd.users", before + f"[{name}]\n\tpasswordhash = \"{text}\"\n" +
               "".join(f"\t{line}\n" for line in lines))


def reload(upsd):
    seen = upsd.log().count("configuration reloaded")
    upsd.signal(signal.SIGHUP)
    upsd.wait_log(lambda log: log.count("configuration reloaded") > seen)


def children(pid):
    """The processes that a process has started, by name."""
    found = {}
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat") as f:
                name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
            if int(rest.split()[1]) == pid:
                found[name] = int(entry)
        except (OSError, IndexError, ValueError):
            continue
    return found


def test_a_hashed_password_lets_in_who_knows_it(site):
    for kind, text in HASHES.items():
        add_hashed(site, kind, text, "upsmon secondary")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd()
    for kind in HASHES:
        with upsd.client(user=kind, password=f'"{PASSWORD}"') as client:
            assert client.ask("LOGIN ups") == "OK"
        with upsd.client(user=kind, password="wrong") as client:
            assert client.ask("LOGIN ups") == "ERR ACCESS-DENIED"
        with upsd.client(user=kind, password=f'"{HASHES[kind]}"') as client:
            assert client.ask("LOGIN ups") == "ERR ACCESS-DENIED"
    with upsd.client(user="nobody", password=f'"{PASSWORD}"') as client:
        assert client.ask("LOGIN ups") == "ERR ACCESS-DENIED"
    assert PASSWORD not in upsd.log()


def test_commands_behind_a_slow_check_are_answered_in_order(site):
    add_hashed(site, "mon", HASHES["yescrypt"], "upsmon secondary")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd()
    upsd.wait_for("ups", "ups.status", "OL")
    with upsd.client() as client:
        client.send(f'USERNAME mon\nPASSWORD "{PASSWORD}"\nLOGIN none\nLOGIN ups\n'
                    "GET NUMLOGINS ups\nSET VAR ups x y\nVER\n")
        assert [client.line() for _ in range(6)] == [
            "OK", "OK", "ERR UNKNOWN-UPS", "OK", "NUMLOGINS ups 1", "ERR ACCESS-DENIED"]
        assert client.line().startswith("Network UPS Tools")


def test_who_leaves_while_checked_is_forgotten(site):
    add_hashed(site, "mon", HASHES["yescrypt"], "upsmon secondary")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd()
    for _ in range(12):
        with upsd.client() as client:
            client.send(f'USERNAME mon\nPASSWORD "{PASSWORD}"\nLOGIN ups\n')
    with upsd.client(user="mon", password=f'"{PASSWORD}"') as client:
        assert client.ask("LOGIN ups") == "OK"
        wait_until(lambda: client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1")


def test_a_verdict_ends_with_the_users_that_it_was_about(site):
    add_hashed(site, "mon", HASHES["sha256"], "upsmon secondary", "actions = FSD")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd()
    with upsd.client(user="mon", password=f'"{PASSWORD}"') as client:
        assert client.ask("FSD ups") == "OK FSD-SET"
        site.write("upsd.users", "[mon]\npassword = other\nactions = FSD\n")
        reload(upsd)
        assert client.ask("FSD ups") == "ERR ACCESS-DENIED"


def test_a_guard_that_dies_is_replaced(site):
    add_hashed(site, "mon", HASHES["sha256"], "upsmon secondary")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd()
    first = wait_until(lambda: children(upsd.pid).get("nut-guard"))
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: children(upsd.pid).get("nut-guard") not in (None, first))
    with upsd.client(user="mon", password=f'"{PASSWORD}"') as client:
        assert client.ask("LOGIN ups") == "OK"


def test_the_guard_ends_with_upsd(site):
    site.fake_driver("ups")
    upsd = site.start_upsd()
    guard = wait_until(lambda: children(upsd.pid).get("nut-guard"))
    upsd.stop()
    wait_until(lambda: not os.path.exists(f"/proc/{guard}"))


def test_limits_of_a_user_are_kept(site):
    site.add_user("op", "pw", "actions = SET FSD", "instcmds = ALL", "ups = lab-*",
                  "vars = outlet.* ups.id", "cmds = test.* beeper.mute")
    variables = {"ups.status": "OL", "ups.id": "a", "battery.charge.low": "10"}
    for name in ("lab-1", "hall"):
        fake = site.fake_driver(name, variables)
        fake.make_writable("ups.id", "STRING", length=10)
        fake.make_writable("battery.charge.low", "STRING", length=4)
        for command in ("test.panel", "load.off", "beeper.mute"):
            fake.add_command(command)
    upsd = site.start_upsd()
    for name in ("lab-1", "hall"):
        upsd.wait_for(name, "ups.status", "OL")
    with upsd.client(user="op", password="pw") as client:
        assert client.ask("FSD hall") == "ERR ACCESS-DENIED"
        assert client.ask("FSD LAB-1") == "OK FSD-SET"
        assert client.ask("SET VAR hall ups.id b") == "ERR ACCESS-DENIED"
        assert client.ask("SET VAR lab-1 battery.charge.low 5") == "ERR ACCESS-DENIED"
        assert client.ask("SET VAR lab-1 ups.id b") == "OK"
        assert client.ask("INSTCMD lab-1 load.off") == "ERR ACCESS-DENIED"
        assert client.ask("INSTCMD hall test.panel") == "ERR ACCESS-DENIED"
        assert client.ask("INSTCMD lab-1 test.panel") == "OK"
        assert client.ask("INSTCMD lab-1 beeper.mute") == "OK"
        # What may be read is not limited.
        assert client.ask("GET VAR hall ups.status") == 'VAR hall ups.status "OL"'


def test_a_user_of_other_addresses_does_not_get_in(site):
    site.add_user("here", "pw", "upsmon secondary", "from = 192.0.2.1 127.0.0.0/8")
    site.add_user("local", "pw", "upsmon secondary", "from = local")
    site.add_user("there", "pw", "upsmon secondary", "from = 192.0.2.0/24 2001:db8::/32")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd()
    for user, answer in (("here", "OK"), ("local", "OK"), ("there", "ERR ACCESS-DENIED")):
        with upsd.client(user=user, password="pw") as client:
            assert client.ask("LOGIN ups") == answer


def test_refusals_wait_and_nobody_else_does(site):
    site.add_user("mon", "pw", "upsmon secondary")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd()
    upsd.wait_for("ups", "ups.status", "OL")
    # So many refusals at once that the last ones are still held back when others ask.
    with upsd.client(user="mon", password="bad") as guesser:
        guesser.send("LOGIN ups\n" * 8)
        with upsd.client(user="mon", password="pw") as other:
            assert other.ask("GET VAR ups ups.status") == 'VAR ups ups.status "OL"'
            assert other.ask("LOGIN ups") == "OK"
        for _ in range(8):
            assert guesser.line() == "ERR ACCESS-DENIED"
    # One notice for a burst, however slow the machine.
    assert 1 <= upsd.log().count("wrong user name, password or address") < 8
    assert "Access denied: mon@127.0.0.1:" in upsd.log()
    assert "bad" not in upsd.log()


def test_reading_needs_a_user_where_the_admin_says_so(site):
    site.add_user("reader", "pw")
    add_hashed(site, "hashed", HASHES["sha256"])
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd(conf="READ_NEEDS_LOGIN yes\n")
    questions = ("LIST UPS", "GET VAR ups ups.status", "SUBSCRIBE ups")
    with upsd.client() as client:
        for question in questions:
            assert client.ask(question) == "ERR USERNAME-REQUIRED"
        assert client.ask("USERNAME reader") == "OK"
        for question in questions:
            assert client.ask(question) == "ERR PASSWORD-REQUIRED"
        assert client.ask("VER").startswith("Network UPS Tools")
        assert client.ask("PING") != "ERR USERNAME-REQUIRED"
    with upsd.client(user="reader", password="bad") as client:
        assert client.ask("LIST UPS") == "ERR ACCESS-DENIED"
    for user, password in (("reader", "pw"), ("hashed", f'"{PASSWORD}"')):
        with upsd.client(user=user, password=password) as client:
            assert client.list("UPS")
            wait_until(lambda: client.ask("GET VAR ups ups.status") ==
                       'VAR ups ups.status "OL"')


def test_our_clients_read_where_reading_needs_a_user(site):
    site.add_user("mon", "pw", "upsmon secondary")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd(conf="READ_NEEDS_LOGIN yes\n")
    site.start_upsmon(f"MONITOR ups@127.0.0.1:{site.port} 1 mon pw secondary")
    with upsd.client(user="mon", password="pw") as client:
        wait_until(lambda: client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1")
    ups = f"ups@127.0.0.1:{site.port}"
    assert site.run("upsc", ups, "ups.status").stdout == ""
    path = site.write("nutauth.conf", f"[127.0.0.1:{site.port}]\nuser = mon\npass = pw\n",
                      mode=0o600)
    for args in (("ups.status",), ()):
        result = site.run("upsc", ups, *args, env={"NUT_AUTHCONF_FILE": str(path)}, check=True)
        assert result.stdout in ("OL\n", "ups.status: OL\n")


def test_an_account_of_this_machine_may_stand_in_for_a_password(site):
    path = site.root / "upsd.sock"
    site.write("upsd.users",
               f"[me]\npeer = {os.getuid()}\nupsmon secondary\n"
               f"[other]\npeer = {os.getuid() + 1}\nupsmon secondary\n"
               f"[both]\npeer = {os.getuid() + 1}\npassword = pw\nupsmon secondary\n")
    site.fake_driver("ups", {"ups.status": "OL"})
    upsd = site.start_upsd(conf=f"LISTEN unix:{path}\n")
    with LineClient(path) as client:
        assert client.ask("USERNAME me") == "OK"
        assert client.ask("LOGIN ups") == "OK"
    with LineClient(path) as client:
        client.login("me", "anything")
        assert client.ask("LOGIN ups") == "OK"
    with LineClient(path) as client:
        assert client.ask("USERNAME other") == "OK"
        assert client.ask("LOGIN ups") == "ERR PASSWORD-REQUIRED"
    with LineClient(path) as client:
        client.login("both", "pw")
        assert client.ask("LOGIN ups") == "OK"
    with upsd.client() as client:
        assert client.ask("USERNAME me") == "OK"
        assert client.ask("LOGIN ups") == "ERR PASSWORD-REQUIRED"
