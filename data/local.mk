# What the programs read at run time: dist_nutdata_DATA.
dist_nutdata_DATA += data/cmdvartab
