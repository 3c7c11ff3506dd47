# What tests share.  Unit tests are declared by the folder whose code they test.
EXTRA_DIST += pytest.ini tests/conftest.py tests/system tests/interop tests/soak tests/lib tests/fuzz/run tests/fuzz/corpus
