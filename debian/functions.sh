# Put into the maintainer scripts by debian/rules, in place of a line "#FUNCTIONS#".

# The account of the daemons, as Debian's nut has it.
make_account() {
	getent group nut >/dev/null || addgroup --quiet --system nut
	getent passwd nut >/dev/null && return
	adduser --quiet --system --ingroup nut --home /var/lib/nut --no-create-home nut
	# Serial lines.
	adduser --quiet nut dialout
}

# make_config MODE FILE...: what /etc/nut lacks, of the samples. No conffiles: dpkg would ask
# about those of Debian's nut, which an upgrade takes over as the administrator left them.
make_config() {
	mode=$1
	shift
	for file; do
		[ -e "/etc/nut/$file" ] || [ -L "/etc/nut/$file" ] ||
			install -o root -g nut -m "$mode" "/usr/share/nut/conf/$file" "/etc/nut/$file"
	done
}

make_state() {
	install -d -o root -g nut -m 770 /run/nut
}
