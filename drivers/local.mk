# The driver core, the drivers, upsdrvctl.
