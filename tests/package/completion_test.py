"""The completions in the real shells: what Tab makes of a line typed into bash and zsh, and what
fish offers. A shell that is not installed is left out; without any the test is skipped (77).

    python3 tests/package/completion_test.py [PROGRAM]
"""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEADLINE_S = 30
PROMPT = "=READY="

# What is typed, Tab included, and what the command then gets.
CASES = [
    ("ser\t", "serve"),
    ("serve --collector bal\t", "serve --collector balanced"),
    ("serve --collector=low\t", "serve --collector=low_latency"),
    ("run --feed sim --log-level war\t", "run --feed sim --log-level warn"),
    ("run --exit-a\t", "run --exit-at-end"),
    ("tail --event-type order_e\t", "tail --event-type order_event"),
    (
        "tail --event-type order_event,perf\t",
        "tail --event-type order_event,performance_update",
    ),
    ("publish signal_\t", "publish signal_event"),
    ("universe ref\t", "universe refresh"),
    ("universe refresh --max-sh\t 0.1", "universe refresh --max-shrink-share 0.1"),
    ("export --format cs\t", "export --format csv"),
    ("serve --config {files}/conf\t", "serve --config {files}/config.toml"),
    ("serve --data-dir {files}/hist\t", "serve --data-dir {files}/history/"),
    ("backup {files}/hist\t", "backup {files}/history/"),
]


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, arguments: list[str], setup: str) -> None:
        """:param setup: sent first; must set the prompt to ``PROMPT``."""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.environ.update(TERM="dumb", INPUTRC="/dev/null", HISTFILE="/dev/null")
            os.execvp(arguments[0], arguments)
        self._text = ""
        # The prompt in two parts, so that the echo of the setup is not taken for it.
        self.send(setup + "\n")
        self.wait_for(PROMPT)

    def send(self, text: str) -> None:
        """Types the text."""
        os.write(self._fd, text.encode())

    def wait_for(self, text: str) -> str:
        """Waits for the text. :returns: what came before it."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in self._text:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                raise AssertionError(f"{text!r} did not come: {self._text!r}")
            self._text += os.read(self._fd, 65536).decode(errors="replace")
        before, self._text = self._text.split(text, 1)
        return before

    def close(self) -> None:
        """Ends the shell."""
        os.close(self._fd)
        os.waitpid(self._pid, 0)


def check_typed(name: str, arguments: list[str], setup: str, files: str) -> None:
    """Types every case into the shell and looks at what the command gets."""
    shell = Shell(arguments, setup)
    try:
        for typed, expected in CASES:
            shell.send("tapedeck " + typed.format(files=files) + "\n")
            shell.wait_for("GOT<")
            got = shell.wait_for(">").strip()
            expected = expected.format(files=files)
            assert got.rstrip("/ ") == expected.rstrip("/"), f"{name}: {typed!r} became {got!r}"
            shell.wait_for(PROMPT)
    finally:
        shell.close()


def check_fish(script: Path, files: str) -> None:
    """Asks fish itself what it offers for every case."""
    for typed, expected in CASES:
        before, tab, _ = typed.format(files=files).partition("\t")
        assert tab
        answer = subprocess.run(
            ["fish", "--no-config", "-c", f"source {script}; complete -C 'tapedeck {before}'"],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=True,
        )
        offered = [line.split("\t")[0] for line in answer.stdout.splitlines()]
        words = before.split(" ")[:-1]
        whole = [" ".join([*words, word]).rstrip("/") for word in offered]
        wanted = expected.format(files=files).rstrip("/")
        assert any(wanted.startswith(w) and len(w) >= len(before) for w in whole), (
            f"fish: {before!r} offers {offered!r}"
        )


def main() -> int:
    """:returns: the exit code."""
    root = Path(__file__).resolve().parents[2]
    program = sys.argv[1] if len(sys.argv) > 1 else str(root / "build" / "tapedeck")
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        (files / "config.toml").touch()
        (files / "history").mkdir()
        scripts = {}
        for shell in ("bash", "zsh", "fish"):
            scripts[shell] = files / f"tapedeck.{shell}"
            scripts[shell].write_bytes(
                subprocess.run(
                    [program, "generate", "completion", shell], stdout=subprocess.PIPE, check=True
                ).stdout
            )
        print_got = "tapedeck() { printf 'GO''T<%s>\\n' \"$*\"; }"
        prompt = f"PS1='{PROMPT[:3]}''{PROMPT[3:]}'"
        tried = []
        if shutil.which("bash"):
            setup = (
                f"bind 'set enable-bracketed-paste off'; {print_got}; "
                f"source {scripts['bash']}; {prompt}"
            )
            check_typed("bash", ["bash", "--norc", "--noprofile", "-i"], setup, folder)
            tried.append("bash")
        if shutil.which("zsh"):
            setup = (
                "unsetopt ZLE_BRACKETED_PASTE 2>/dev/null; unset zle_bracketed_paste; "
                f"autoload -Uz compinit; compinit -u -D; {print_got}; "
                f"source {scripts['zsh']}; {prompt}"
            )
            check_typed("zsh", ["zsh", "-f", "-i"], setup, folder)
            tried.append("zsh")
        if shutil.which("fish"):
            check_fish(scripts["fish"], folder)
            tried.append("fish")
    if not tried:
        print("SKIP: no shell that has completions is installed")
        return 77
    print(f"ok: {len(CASES)} completions in each of {', '.join(tried)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
