"""The machine with USB, our daemons and the simulator, as the cases use it."""

import grp
import pathlib
import re
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(CHECKOUT / "tests" / "lib"), str(CHECKOUT / "tests" / "vm")]

import image  # noqa: E402
from harness.build import find_build, find_shared  # noqa: E402
from harness.usbsim import DEVICES, Device  # noqa: E402
from machine import Failure, Machine, wait_until  # noqa: E402

HERE = pathlib.Path(__file__).parent
NUT_ID = 900
UDEV_GROUPS = ["sgx:x:901:", "kvm:x:902:", "render:x:903:", "input:x:904:"]  # udev's rules name them
# For devices that no rule of ours knows: those with ids for tests, or all where there are no rules.
OWN_RULE = ('SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", ACTION!="remove", '
            'ATTR{{idVendor}}=="{}", MODE="0660", GROUP="{}"\n')


class Skip(Exception):
    """This case cannot be run; the text says why."""


def nut_group():
    """The drivers' group, as the build was configured: udev's rules name it."""
    config = (find_build().root / "config.h").read_text()
    name = re.search(r'#define RUN_AS_GROUP "(.+)"', config)[1]
    try:
        return grp.getgrnam(name)  # udev knows the number of nogroup by itself
    except KeyError:
        return grp.struct_group((name, "x", NUT_ID, []))


def find_rules():
    """The udev rules of the build: files that it made, or that lie there ready."""
    for root in (find_build().root, CHECKOUT):
        found = sorted((root / "scripts" / "udev").glob("*.rules"))
        if found:
            return found
    return []


def device_files():
    """name -> path: our own device files, and the recorded ones where they are."""
    files = {p.stem: p for p in (*DEVICES.glob("*.txt"), *HERE.glob("devices/*.txt"))}
    shared = find_shared()
    if shared:
        files.update({p.stem: p for p in (shared / "facts" / "hid-devices").glob("*.txt")})
    return files


def put_udev(img, rules):
    udev, kmod = image.udev()
    img.program("/bin/udevadm", udev / "bin" / "udevadm", [kmod / "usr/lib/x86_64-linux-gnu"])
    img.link("/lib/systemd/systemd-udevd", "/bin/udevadm")
    for name in image.UDEV_RULES:
        img.put(f"/lib/udev/rules.d/{name}", udev / "lib/udev/rules.d" / name)
    for rule in rules:
        img.put(f"/lib/udev/rules.d/{rule.name}", rule)
    img.put("/lib/udev/rules.d/62-own.rules",
            OWN_RULE.format("1209" if rules else "[!1]*|1209", nut_group().gr_name))


def make_image(kernel_modules, rules):
    build = find_build()
    img = image.Image()
    img.program("/bin/busybox", "/bin/busybox")
    img.put("/init", HERE / "init")
    img.put("/agent", CHECKOUT / "tests/vm/agent")
    for module in image.USB_MODULES:
        file = next(kernel_modules.glob(f"{module}.ko*"))
        img.put(f"/modules/{file.name}", file)
    img.put("/modules/order", " ".join(m.split("/")[-1] + ".ko" for m in image.USB_MODULES))
    for name in ("usbhid-ups", "probe-usb", "upsd", "upsc", "usbsim-vhci"):
        img.program(f"/nut/{name}", build.program(name), [build.root / "clients" / ".libs"])
    img.link("/nut/apcupsd", "probe-usb")  # for a program that is none of ours
    img.tree("/data", CHECKOUT / "data")
    for name, path in device_files().items():
        img.put(f"/devices/{name}.txt", path)
    img.put("/etc/passwd", f"root:x:0:0::/root:/bin/sh\nnut:x:{NUT_ID}:{nut_group().gr_gid}::/:/bin/sh\n"
                           "nobody:x:65534:65534::/:/bin/sh\n")
    group = nut_group()
    groups = [line for line in pathlib.Path("/etc/group").read_text().splitlines()
              if not line.startswith(f"{group.gr_name}:")]
    img.put("/etc/group",
            "\n".join([*groups, f"{group.gr_name}:x:{group.gr_gid}:", *UDEV_GROUPS, ""]))
    img.put("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
    img.put("/etc/hosts", "127.0.0.1 localhost\n")
    put_udev(img, rules)
    return img


class Sim(Device):
    """The simulator in the machine; its first device, as the harness's UsbSim is."""

    def __init__(self, vm, count):
        super().__init__(self, 1)
        self.vm, self.count = vm, count

    def device(self, index):
        return Device(self, index)

    def ask(self, line):
        self.vm.line.send(line)
        answer = []
        while True:
            said = self.vm.line.line()
            if said == "OK":
                return answer
            if said.startswith("ERR"):
                raise Failure(f"simulator: {line}: {said}")
            answer.append(said)

    def settled(self, index=1, driver="usbhid"):
        """Waits until the kernel and udev are through with a device."""
        device = self.device(index)
        wait_until(lambda: device.state()["driver"] == driver,
                   lambda: f"device {index} has {driver}: {device.state()}\n{self.vm.sh('dmesg | tail')}")
        self.vm.sh("udevadm settle -t 20")


class UsbVm(Machine):
    """The machine: one simulator, one upsd, the drivers of a case."""

    def __init__(self, console):
        kernel, modules = image.kernel()
        self.rules = find_rules()
        super().__init__(kernel, make_image(modules, self.rules), console)
        self.sim = None
        self.gid = nut_group().gr_gid
        self.drivers = {}
        self._sections = {}
        self.sh(f"mkdir -p /run/nut /run/other /etc/nut; chown {NUT_ID}:{self.gid} /run/nut /run/other")
        self.write("/etc/nut/env", "export NUT_CONFPATH=/etc/nut NUT_STATEPATH=/run/nut "
                   "NUT_ALTPIDPATH=/run/nut NUT_PIDPATH=/run/nut NUT_DATAPATH=/data LC_ALL=C")
        self.write("/etc/nut/upsd.conf", "LISTEN 127.0.0.1 3493\nMAXAGE 10")
        self.write("/etc/nut/upsd.users", "[admin]\npassword = admin\ninstcmds = ALL")
        # upsd needs no more than the names; what else there is, each case writes.
        for name, driver in (("ups", "usbhid-ups"), ("two", "usbhid-ups"), ("probe", "probe-usb")):
            self.section(name, driver=driver)
        self.sh(f"chown -R 0:{self.gid} /etc/nut; chmod 640 /etc/nut/*")
        self.spawn("upsd", "/nut/upsd -F -u nut")

    # ---------------------------------------------------------------- processes

    def spawn(self, name, command, env=""):
        """Starts a program; returns its pid.  It logs to /run/log/NAME."""
        return int(self.sh(f". /etc/nut/env; {env}\n{command} >/run/log/{name} 2>&1 & echo $!"))

    def log(self, name):
        return self.sh(f"cat /run/log/{name}")

    def wait_log(self, name, text):
        return wait_until(lambda: re.search(text, self.log(name)),
                          lambda: f"{text!r} in the log of {name}:\n{self.log(name)}")

    def kill(self, pid, signal="TERM"):
        """Ends a process and waits until it has ended."""
        self.sh(f"kill -{signal} {pid}", check=False)
        wait_until(lambda: self.ended(pid), lambda: f"the end of {pid}")

    def ended(self, pid):
        return self.sh(f"grep -s State: /proc/{pid}/status", check=False)[:8] in ("", "State:\tZ")

    # ---------------------------------------------------------------- a case

    def simulate(self, *names):
        """Plugs devices in, a file each; returns when they are there."""
        for name in names:
            if name not in device_files():
                raise Skip(f"no device file {name} ({'set CHESTNUT_SHARED' if not find_shared() else 'here'})")
        files = " ".join(f"/devices/{name}.txt" for name in names)
        self.line.forget()
        self.sim_pid = self.spawn("sim", f"sh -c 'exec /nut/usbsim-vhci /run/sim.ctl {files} "
                                         "</dev/ttyS2 >/dev/ttyS2'")
        if self.line.line() != "ready":
            raise Failure("the simulator does not start: " + self.log("sim"))
        self.sim = Sim(self, len(names))
        for i in range(1, len(names) + 1):
            self.sim.settled(i)
        return self.sim

    def section(self, name, *lines, driver="usbhid-ups"):
        self._sections[name] = [f"driver = {driver}", "port = auto", "pollinterval = 1", *lines]
        self.write("/etc/nut/ups.conf", "".join(
            f"[{n}]\n" + "".join(f"\t{line}\n" for line in section)
            for n, section in self._sections.items()))

    def driver_command(self, name, *args):
        program = self._sections[name][0].split(" = ")[1]
        return " ".join([f"/nut/{program} -a {name}", *args])

    def start(self, name, *lines, args=("-u nut",), driver="usbhid-ups", env=""):
        """Starts a driver, by the account nut, with further lines for its section."""
        self.section(name, *lines, driver=driver)
        self.drivers[name] = self.spawn(name, self.driver_command(name, "-F", *args), env)
        return self.drivers[name]

    def stop(self, name):
        self.kill(self.drivers.pop(name))

    def run(self, name, *args):
        """Runs a driver to its end; returns what it printed and said."""
        return self.sh(f". /etc/nut/env; {self.driver_command(name, *args)}", check=False)

    def ask(self, *lines):
        """What upsd answers to these lines; a client that needs less of the machine than upsc."""
        text = "".join(f"{line}\\n" for line in (*lines, "LOGOUT"))
        return self.sh(f"printf '{text}' | nc 127.0.0.1 3493", check=False).splitlines()[:-1]

    def value(self, name, variable="ups.status"):
        """The value of a variable, or upsd's error."""
        answer = (self.ask(f"GET VAR {name} {variable}") or ["no answer"])[-1]
        found = re.fullmatch(r'VAR \S+ \S+ "(.*)"', answer)
        return found[1] if found else answer

    def order(self, name, command, value):
        """INSTCMD; returns the last answer."""
        return self.ask("USERNAME admin", "PASSWORD admin",
                        f'INSTCMD {name} {command} "{value}"')[-1]

    def wait_value(self, name, value, variable="ups.status"):
        wait_until(lambda: self.value(name, variable) == value,
                   lambda: f"{name} {variable} is {self.value(name, variable)!r}, not {value!r}; "
                           f"log:\n{self.log(name)}")

    def wait_stale(self, name):
        self.wait_value(name, "ERR DATA-STALE")

    def end_case(self):
        """Stops what the case has started, however it ended."""
        for pid in self.drivers.values():
            self.kill(pid)
        self.drivers.clear()
        if self.sim:
            self.kill(self.sim_pid)
            wait_until(lambda: self.sh("ls -d /sys/bus/usb/devices/[0-9]*-[1-9]* 2>/dev/null", check=False) == "",
                       "the devices are gone")
        self.sim = None
