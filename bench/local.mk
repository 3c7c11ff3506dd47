# Benchmarks of upsd: ./configure --enable-bench, make, bench/run.
if ENABLE_BENCH
noinst_PROGRAMS += bench/ceiling bench/drivers bench/load bench/mark
if HAVE_OPENSSL
noinst_PROGRAMS += bench/tlsceiling bench/tlsload
endif
endif
bench_ceiling_SOURCES = bench/ceiling.c bench/timing.c bench/timing.h
bench_drivers_SOURCES = bench/drivers.c bench/timing.c bench/timing.h
bench_load_SOURCES = bench/load.c bench/timing.c bench/timing.h
bench_mark_SOURCES = bench/mark.c bench/timing.c bench/timing.h
# Clients and ceiling are OpenSSL's, whatever upsd's TLS is.
bench_tlsceiling_SOURCES = bench/tlsceiling.c bench/timing.c bench/timing.h
bench_tlsceiling_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
bench_tlsceiling_LDADD = -lssl $(OPENSSL_LIBS)
bench_tlsload_SOURCES = bench/tlsload.c bench/timing.c bench/timing.h
bench_tlsload_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
bench_tlsload_LDADD = -lssl $(OPENSSL_LIBS) -lpthread
EXTRA_DIST += bench/run bench/qx.py bench/upsmon.py bench/usbhid.py
EXTRA_DIST += bench/snmp.py
EXTRA_DIST += bench/upscgi.py
EXTRA_DIST += bench/upsweb.py
