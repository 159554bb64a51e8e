"""Engines at the two ends of a process."""

import os
import subprocess
import sys
import textwrap

import pytest
from engines_support import events, wait_for, wait_until

from tapedeck import Desk, StrategyEngineV2

pytestmark = pytest.mark.usefixtures("clean")


def python(code, timeout=60):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert "leaked" not in done.stderr and "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_a_process_may_end_with_its_engines_running():
    assert (
        python(
            """
        from tapedeck import Desk, StrategyEngineV2
        class Mine:
            def on_candle(self, candle, indicators, context):
                return None
        desk = Desk("sim", speed=0, symbols=["INFY"])
        StrategyEngineV2([Mine, "momentum"], desk=desk)
        desk.start()
        print("done")
        """
        )
        == "done\n"
    )


def test_a_process_may_end_with_engines_that_were_never_started():
    python(
        """
        from tapedeck import Desk
        desk = Desk(speed=0)
        desk.strategy
        desk.market.start()
        assert desk.market.is_running and not desk.is_running, "the run waits for the other"
        """
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_has_none_of_the_parents_runs_and_may_have_its_own():
    with Desk(symbols=["INFY"]) as desk:
        wait_for("engine_health")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                assert not desk.is_running
                bound = StrategyEngineV2()
                bound.start()
                wait_until(lambda: events("engine_health", engine_name="StrategyEngineV2"))
                bound.stop()
                os.write(writing, b"well")
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            assert pipe.read() == b"well"
        os.waitpid(child, 0)
        assert desk.is_running


def test_ctrl_c_is_heard_while_waiting():
    python(
        """
        import os, signal, threading
        from tapedeck import Desk
        desk = Desk(symbols=["INFY"])
        desk.start()
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            desk.wait()
        except KeyboardInterrupt:
            desk.stop()
        else:
            raise SystemExit("it was not heard")
        """
    )
