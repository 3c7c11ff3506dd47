# Benchmarks: noinst_PROGRAMS inside "if ENABLE_BENCH".
