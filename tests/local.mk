# What tests share.  Unit tests are declared by the folder whose code they test.
EXTRA_DIST += pytest.ini tests/conftest.py tests/system tests/interop tests/soak tests/lib tests/fuzz/run tests/fuzz/corpus

# Simulated USB devices, for tests of the drivers; see tests/sim/usb/README.md.  Without sanitizers:
# it runs below umockdev's library, which wants to come first.
if HAVE_UMOCKDEV
noinst_PROGRAMS += tests/sim/usb/usbsim
endif
tests_sim_usb_usbsim_SOURCES = \
	tests/sim/usb/device.c tests/sim/usb/device.h \
	tests/sim/usb/usbfs.c tests/sim/usb/usbfs.h \
	tests/sim/usb/usbsim.c
tests_sim_usb_usbsim_CFLAGS = $(WARN_CFLAGS) $(UMOCKDEV_CFLAGS)
tests_sim_usb_usbsim_LDFLAGS =
tests_sim_usb_usbsim_LDADD = $(UMOCKDEV_LIBS)
EXTRA_DIST += tests/sim/usb/run tests/sim/usb/README.md tests/sim/usb/devices tests/sim/usb/scripts
