# libupsclient and the programs that talk to upsd.
pkgconfig_DATA += clients/libupsclient/libupsclient.pc
