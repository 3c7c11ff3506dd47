# What tests share.  Unit tests are declared by the folder whose code they test.
EXTRA_DIST += pytest.ini tests/conftest.py tests/system tests/interop tests/soak tests/abi tests/packages tests/lib tests/vm tests/fuzz/run tests/fuzz/corpus

# Simulated USB devices, for tests of the drivers; see tests/sim/usb/README.md.  Without sanitizers:
# it runs below umockdev's library, which wants to come first.
if HAVE_UMOCKDEV
noinst_PROGRAMS += tests/sim/usb/usbsim tests/sim/usb/usbsim-vhci
endif
tests_sim_usb_usbsim_SOURCES = \
	tests/sim/usb/device.c tests/sim/usb/device.h \
	tests/sim/usb/usbfs.c tests/sim/usb/usbfs.h \
	tests/sim/usb/control.c tests/sim/usb/control.h tests/sim/usb/usbsim.c
tests_sim_usb_usbsim_CFLAGS = $(WARN_CFLAGS) $(UMOCKDEV_CFLAGS)
tests_sim_usb_usbsim_LDFLAGS =
tests_sim_usb_usbsim_LDADD = $(UMOCKDEV_LIBS)
# The same devices for a kernel's own USB stack, in a virtual machine; see tests/vm/README.md.
tests_sim_usb_usbsim_vhci_SOURCES = \
	tests/sim/usb/device.c tests/sim/usb/device.h \
	tests/sim/usb/usbip.c tests/sim/usb/usbip.h \
	tests/sim/usb/control.c tests/sim/usb/control.h tests/sim/usb/vhcisim.c
tests_sim_usb_usbsim_vhci_CFLAGS = $(WARN_CFLAGS) $(UMOCKDEV_CFLAGS)
tests_sim_usb_usbsim_vhci_LDFLAGS = -Wl,--as-needed
tests_sim_usb_usbsim_vhci_LDADD = $(UMOCKDEV_LIBS)
# And for virtual machines from outside (tests/vm/machine).
if HAVE_USBREDIR
noinst_PROGRAMS += tests/sim/usb/usbsim-redir
endif
tests_sim_usb_usbsim_redir_SOURCES = \
	tests/sim/usb/device.c tests/sim/usb/device.h \
	tests/sim/usb/redir.c tests/sim/usb/redir.h \
	tests/sim/usb/control.c tests/sim/usb/control.h tests/sim/usb/redirsim.c
tests_sim_usb_usbsim_redir_CFLAGS = $(WARN_CFLAGS) $(USBREDIR_CFLAGS)
tests_sim_usb_usbsim_redir_LDFLAGS = -Wl,--as-needed
tests_sim_usb_usbsim_redir_LDADD = $(USBREDIR_LIBS)
EXTRA_DIST += tests/sim/usb/run tests/sim/usb/README.md tests/sim/usb/devices tests/sim/usb/scripts
EXTRA_DIST += tests/sim/serial/run tests/sim/serial/serialsim.py tests/sim/serial/devices
EXTRA_DIST += tests/sim/serial/apcsim.py tests/sim/serial/apc
