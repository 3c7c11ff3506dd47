# upsd.
