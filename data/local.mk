# What the programs read at run time: dist_nutdata_DATA.
dist_nutdata_DATA += data/cmdvartab

# What devices say, by driver (docs/maps.md).
mapsusbhiddir = $(nutdatadir)/maps/usbhid-ups
dist_mapsusbhid_DATA =
dist_mapsusbhid_DATA += data/maps/usbhid-ups/apc.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/arduino.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/belkin.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/common.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/cps.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/delta_ups.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/ecoflow.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/ever.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/idowell.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/legrand.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/liebert.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/mge.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/openups.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/powercom.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/powervar.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/salicru.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/tripplite.map
dist_mapsusbhid_DATA += data/maps/usbhid-ups/usages.map

mapsnutdrvqxdir = $(nutdatadir)/maps/nutdrv_qx
dist_mapsnutdrvqx_DATA = data/maps/nutdrv_qx/usb.map
