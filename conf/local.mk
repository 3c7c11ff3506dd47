# Sample configuration files, installed beside the real ones: dist_conf_DATA.
dist_conf_DATA += conf/nut.conf.sample
dist_conf_DATA += conf/ups.conf.sample
dist_conf_DATA += conf/upsd.conf.sample
dist_conf_DATA += conf/upsd.users.sample
dist_conf_DATA += conf/upsmon.conf.sample
dist_conf_DATA += conf/nutauth.conf.sample
dist_conf_DATA += conf/UPSmon.conf.sample
dist_conf_DATA += conf/UPSmon.conf-rack.sample

dist_conf_DATA += conf/upssched.conf.sample
dist_conf_DATA += conf/upsmqtt.conf.sample
dist_conf_DATA += conf/upsweb.conf.sample
include conf/examples/local.mk
