# Benchmarks of upsd: ./configure --enable-bench, make, bench/run.
if ENABLE_BENCH
noinst_PROGRAMS += bench/ceiling bench/drivers bench/load
endif
bench_ceiling_SOURCES = bench/ceiling.c bench/timing.c bench/timing.h
bench_drivers_SOURCES = bench/drivers.c bench/timing.c bench/timing.h
bench_load_SOURCES = bench/load.c bench/timing.c bench/timing.h
EXTRA_DIST += bench/run
