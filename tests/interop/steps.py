"""What the interop suites share: steps that are bounded in time, and say what they measured."""

import os
import signal
import time
import traceback


class Failed(Exception):
    """A claim that does not hold."""


class Skipped(Exception):
    """This machine lacks what the step needs."""


def check(claim, words):
    if not claim:
        raise Failed(words)


def run(step, seconds):
    """Runs a step within so many seconds. Says how it went; `True` if it did not fail.

    What the machine lacks is a failure in CI, which installs what is needed.
    """
    name = step.__doc__.strip()

    def too_long(*_):
        raise Failed(f"not done after {seconds} s")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    began = time.monotonic()
    try:
        said = step()
        print(f"ok    {name}\n      {said} ({time.monotonic() - began:.1f} s)", flush=True)
        return True
    except Skipped as reason:
        in_ci = "CI" in os.environ
        print(f"{'FAILED' if in_ci else 'skipped'}  {name}\n      {reason}", flush=True)
        return not in_ci
    except Failed as reason:
        print(f"FAILED  {name}\n      {reason}", flush=True)
    except Exception:  # noqa: BLE001: whatever goes wrong is a failure of this step alone
        print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    finally:
        signal.alarm(0)
    return False
