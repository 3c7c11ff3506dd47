"""What nutconf writes is good for NUT itself: there is a way back."""

import os
import re


def test_debians_daemons_run_on_the_files_of_setup(site, debian):
    run_as = ["--run-as", site.user] if os.geteuid() == 0 else []
    site.run("nutconf", "setup", "--yes", "--no-start", "--port", site.port, *run_as, "--device",
             "driver=dummy-ups,port=played.dev", check=True)
    site.write("played.dev", "ups.status: OL\n")
    upsd = site.restart_upsd(suite=debian)
    site.start("dummy-ups", "-a", "ups", "-F", *site._as_user, suite=debian)
    upsd.wait_for("ups", "ups.status", "OL")
    password = re.search(r"password = (\S+)", (site.conf / "upsd.users").read_text())[1]
    with upsd.client(user="monitor", password=password) as client:
        assert client.ask("LOGIN ups") == "OK"
        assert client.ask("PRIMARY ups") in ("OK PRIMARY-GRANTED", "OK MASTER-GRANTED")


def test_debians_upsd_reads_single_settings_as_they_were_meant(site, debian):
    site.run("nutconf", "--set-listen", "127.0.0.1", site.port, "--set-device", "ups", "dummy-ups",
             "played.dev", 'desc=a "b" \\ #c', "--set-user", "mon", 'p"#\\ =', "primary", check=True)
    site.write("played.dev", "ups.status: OL\n")
    upsd = site.restart_upsd(suite=debian)
    site.start("dummy-ups", "-a", "ups", "-F", *site._as_user, suite=debian)
    upsd.wait_for("ups", "ups.status", "OL")
    with upsd.client(user="mon", password='"p\\"\\#\\\\ ="') as client:
        assert client.ask("LOGIN ups") == "OK"
        assert client.ask("GET UPSDESC ups") == 'UPSDESC ups "a \\"b\\" \\\\ \\#c"'
