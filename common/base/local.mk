# Floor 1: what any daemon needs.  Knows neither networks nor power.
noinst_LTLIBRARIES += common/libbase.la
common_libbase_la_SOURCES =
