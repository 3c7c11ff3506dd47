"""Waiting for a condition, never for a time."""

import time

# Seconds.  Machines that run tests are slow and busy: a deadline says "never
# came", not "came late".
DEADLINE = 60


def wait_until(condition, timeout=DEADLINE, what=None, interval=0.02):
    """Calls condition() until it returns something true, and returns that.

    Fails the test after timeout seconds; `what` (a text, or a function that
    makes one) says what did not happen.  OSError counts as "not yet".
    """
    end = time.monotonic() + timeout
    while True:
        try:
            result = condition()
        except OSError:
            result = None
        if result:
            return result
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise AssertionError(f"did not happen within {timeout} s: {text or condition}")
        time.sleep(interval)
