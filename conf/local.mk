# Sample configuration files, installed beside the real ones: dist_conf_DATA.
