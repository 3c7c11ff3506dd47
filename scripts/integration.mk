# What shells, augeas, AppArmor, avahi, logrotate and ufw know of us; configure says where.
guests =

completed = upsc upscmd upsrw upslog upsmon upsd upsdrvctl upssched upsmqtt upsweb \
	nut-trust nut-verify nutcert nut-passwd nut-mapcheck nut-upsmon-mkconf nut-scanner nutconf
completions = scripts/completion/nut.bash scripts/completion/nut.zsh scripts/completion/nut.fish
guests += $(completions)
EXTRA_DIST += $(completions:=.in)
dist_nutdata_SCRIPTS = scripts/completion/complete-words

# Shells load a completion by the name of the program.
if HAVE_BASHCOMP
install_hooks += install-bash-completion
install-bash-completion: scripts/completion/nut.bash
	$(MKDIR_P) '$(DESTDIR)$(bashcompdir)'
	$(INSTALL_DATA) scripts/completion/nut.bash '$(DESTDIR)$(bashcompdir)/upsc'
	for name in $(completed); do \
		test $$name = upsc || ln -sf upsc '$(DESTDIR)$(bashcompdir)/'$$name || exit 1; \
	done
uninstall_hooks += uninstall-bash-completion
uninstall-bash-completion:
	for name in $(completed); do rm -f '$(DESTDIR)$(bashcompdir)/'$$name; done
endif
if HAVE_FISHCOMP
install_hooks += install-fish-completion
install-fish-completion: scripts/completion/nut.fish
	$(MKDIR_P) '$(DESTDIR)$(fishcompdir)'
	$(INSTALL_DATA) scripts/completion/nut.fish '$(DESTDIR)$(fishcompdir)/upsc.fish'
	for name in $(completed); do \
		test $$name = upsc || ln -sf upsc.fish '$(DESTDIR)$(fishcompdir)/'$$name.fish || exit 1; \
	done
uninstall_hooks += uninstall-fish-completion
uninstall-fish-completion:
	for name in $(completed); do rm -f '$(DESTDIR)$(fishcompdir)/'$$name.fish; done
endif
if HAVE_ZSHCOMP
install_hooks += install-zsh-completion
install-zsh-completion: scripts/completion/nut.zsh
	$(MKDIR_P) '$(DESTDIR)$(zshcompdir)'
	$(INSTALL_DATA) scripts/completion/nut.zsh '$(DESTDIR)$(zshcompdir)/_nut'
uninstall_hooks += uninstall-zsh-completion
uninstall-zsh-completion:
	rm -f '$(DESTDIR)$(zshcompdir)/_nut'
endif

lenses = scripts/augeas/nutwords.aug scripts/augeas/nuthostsconf.aug scripts/augeas/nutnutconf.aug \
	scripts/augeas/nutupsconf.aug scripts/augeas/nutupsdconf.aug scripts/augeas/nutupsdusers.aug \
	scripts/augeas/nutupsmonconf.aug scripts/augeas/nutupsschedconf.aug scripts/augeas/nutupssetconf.aug
EXTRA_DIST += $(lenses)
if HAVE_AUGEAS
augeas_DATA = $(lenses)
endif

profiles = scripts/apparmor/nut-upsd scripts/apparmor/nut-upsmon scripts/apparmor/nut-drivers \
	scripts/apparmor/nut-upsweb scripts/apparmor/nut-upsmqtt
guests += $(profiles)
EXTRA_DIST += $(profiles:=.in) scripts/apparmor/README.md
if HAVE_APPARMOR
apparmor_DATA = $(profiles)
endif

guests += scripts/avahi/nut.service scripts/logrotate/nut
EXTRA_DIST += scripts/avahi/nut.service.in scripts/logrotate/nut.in scripts/ufw/nut
if HAVE_AVAHISERVICE
avahiservice_DATA = scripts/avahi/nut.service
endif
if HAVE_LOGROTATE
logrotate_DATA = scripts/logrotate/nut
endif
if HAVE_UFW
ufw_DATA = scripts/ufw/nut
endif

noinst_DATA += $(guests)
CLEANFILES += $(guests)
# AppArmor sees the real paths of programs, and /sbin may be a link to /usr/sbin.
$(guests): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(fill_in) -e 's|@nutdatadir[@]|$(nutdatadir)|g' \
		-e 's|@port[@]|$(with_port)|g' -e 's|@programs[@]|$(completed)|g' $< | \
		if test $(@D) = scripts/apparmor; then \
			$(SED) 's@\([ (]\)/\(usr/\)\{0,1\}\(s\{0,1\}bin\|lib\)/@\1/{usr/,}\3/@g'; \
		else cat; fi >$@.new && mv $@.new $@
