#!/bin/sh
# Installs what the build and the tests need.  Does nothing, and needs no root,
# where everything is there already.
#
#   scripts/deps.sh              for ./run-tests: everything
#   scripts/deps.sh --build      for ./quickstart: only what the build needs
#   scripts/deps.sh --vm         for tests/vm: an emulator, and what packages need, too
#   scripts/deps.sh --packages   for scripts/build-debs, build-rpms, analyse, cross-build and
#                                tests/packages
#   scripts/deps.sh --peers DIR  fetches Debian's NUT packages into DIR, for the
#                                tests against it; installs nothing
set -eu

build="gcc make autoconf automake libtool bison pkg-config libevent-dev libssl-dev libseccomp-dev"
build="$build libcurl4-openssl-dev libsystemd-dev"
build="$build libusb-1.0-0-dev"
build="$build libsnmp-dev"
build="$build libmosquitto-dev"
build="$build libsqlite3-dev libjansson-dev"
build="$build libgd-dev libavahi-client-dev"
tests="clang libclang-rt-dev libcmocka-dev asciidoctor git ca-certificates xz-utils
	python3 python3-pytest python3-pytest-xdist python3-pytest-timeout procps
	openssl libnss3-dev libnss3-tools"
tests="$tests python3-aiosmtpd dbus-daemon python3-dbusmock iproute2 util-linux"
tests="$tests umockdev libumockdev-dev usbutils udev"
tests="$tests snmpd snmp snmptrapd"
tests="$tests mosquitto mosquitto-clients"
tests="$tests lighttpd"
tests="$tests python3-jsonschema"
# Whose tests are skipped without; not every release has them as packages.
extras="openrc shellcheck systemd avahi-daemon chromium chromium-driver python3-selenium"
extras="$extras python3-pcp python3-requests python3-prometheus-client prometheus collectd-core monitoring-plugins-basic"
extras="$extras abigail-tools augeas-tools augeas-lenses apparmor zsh fish logrotate"
# The layouts of libupsclient are checked for 32 bits too.
[ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ] || tests="$tests libc6-dev-i386"
# For tests/vm; nothing else needs them, and they are large.
vm="qemu-system-x86 busybox-static libusbredirparser-dev"
packages="dpkg-dev debhelper dh-apparmor fakeroot lintian mmdebstrap libwrap0-dev libnss3-dev rpm
	cppcheck clang-tools qemu-user-static"
peers="nut-server nut-client nut-snmp nut-cgi libupsclient6 libupsclient-dev python3-nut
	libnutscan2 libnss3 libnspr4 libusb-1.0-0 libwrap0 libnsl2 libtirpc3 libltdl7"
peers="$peers apcupsd libusb-0.1-4 pcp libnutclient2 libnutclient-dev libups-nut-perl"

say() { echo "deps.sh: $*" >&2; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		say "root is needed for: $*"
		return 1
	fi
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"
}

missing() {
	for package in "$@"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
			echo "$package"
	done
}

# A bare image has no package lists at all.
have_lists() { ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; }

install_all() {
	lacking=$(missing "$@")
	[ -n "$lacking" ] || return 0
	say "installing:" $lacking
	have_lists || apt update >/dev/null
	# Old lists name packages that the mirror no longer has: refresh, and once more.
	# shellcheck disable=SC2086
	apt install --no-install-recommends $lacking >/dev/null || {
		apt update >/dev/null
		apt install --no-install-recommends $lacking >/dev/null
	}
}

install_some() {
	lacking=$(missing "$@")
	# shellcheck disable=SC2086
	[ -z "$lacking" ] || apt install --no-install-recommends $lacking >/dev/null 2>&1 ||
		say "not to be had, tests that need them are skipped:" $lacking
}

fetch_peers() {
	mkdir -p "$1"
	cd "$1"
	have_lists || apt update >/dev/null
	# Some of these are libraries that other releases name otherwise: what is
	# there is fetched, and the tests find out whether the programs run.
	for package in $peers; do
		ls "$package"_*.deb >/dev/null 2>&1 && continue
		apt-cache show "$package" >/dev/null 2>&1 || continue
		apt-get -q download "$package" >/dev/null 2>&1 ||
			{ apt update >/dev/null && apt-get -q download "$package" >/dev/null; }
	done
}

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
	[ "${1:-}" = --peers ] && { say "no apt here: the tests against Debian's NUT are skipped"; exit 1; }
	# Elsewhere packages have other names: look for the commands themselves.
	lacking=
	for tool in cc make autoconf automake libtoolize bison pkg-config; do
		command -v "$tool" >/dev/null 2>&1 || lacking="$lacking $tool"
	done
	pkg-config --exists libevent_core 2>/dev/null || lacking="$lacking libevent(headers)"
	if [ "${1:-}" != --build ]; then
		for tool in clang python3 asciidoctor; do
			command -v "$tool" >/dev/null 2>&1 || lacking="$lacking $tool"
		done
		pkg-config --exists cmocka 2>/dev/null || lacking="$lacking cmocka(headers)"
		python3 -c 'import pytest, xdist, pytest_timeout' 2>/dev/null ||
			lacking="$lacking pytest+xdist+timeout"
	fi
	[ -z "$lacking" ] && exit 0
	say "this system has no apt; please install:$lacking"
	say "(Debian calls them: $build${1:+}$([ "${1:-}" = --build ] || echo " $tests"))"
	exit 1
fi

case "${1:-}" in
--peers) fetch_peers "${2:?--peers wants a folder}" ;;
--build) install_all $build ;;
--vm) install_all $build $tests $packages $vm ;;
--packages) install_all $build $tests $packages ;;
'') install_all $build $tests && install_some $extras ;;
*) say "unknown option $1"; exit 2 ;;
esac
