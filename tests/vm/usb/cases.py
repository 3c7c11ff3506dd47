"""What is tried on the machine.  A case returns a text for its line, or nothing."""

from site_usb import Skip, wait_until

ON_BATTERY, ON_LINE = "01 14", "01 11"


def go_on_battery(sim, index=1):
    device = sim.device(index)
    device.set("feature", 1, ON_BATTERY)
    device.interrupt(ON_BATTERY)


def a_driver_takes_the_interface_from_the_kernel_and_gives_it_back(vm):
    sim = vm.simulate("plain")
    assert vm.sh("ls /dev/hidraw0")
    vm.start("ups")
    vm.wait_upsc("ups", "OL")
    assert sim.state()["driver"] == "usbfs", sim.state()
    assert vm.sh("ls /dev | grep hidraw", check=False) == ""
    vm.stop("ups")
    sim.settled(driver="usbhid")
    assert vm.sh("ls /dev/hidraw0")


ALL = [case for name, case in list(globals().items())
       if getattr(case, "__module__", None) == __name__ and not name.startswith(("go_", "_"))]
