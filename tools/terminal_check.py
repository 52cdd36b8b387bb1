#!/usr/bin/env python3
"""Uses faultline in a real terminal: in tmux, typed keys and what then stands on the screen.

usage: terminal_check.py FAULTLINE SCENARIOS

A sweep on a narrow terminal, Ctrl-C, the story at 80 columns, and leaving gdb while a run goes on.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

faultline, scenarios = (os.path.abspath(path) for path in sys.argv[1:3])
failures = []
LIMIT_S = 120


def expect(condition, what):
    print("ok     " if condition else "FAILED ", what)
    if not condition:
        failures.append(what)


class Terminal:
    """A command in a terminal of so many columns; its exit code is shown as "EXIT n"."""

    def __init__(self, directory, columns, command, rows=50):
        self.socket = str(pathlib.Path(directory) / f"tmux-{time.monotonic_ns()}")
        # The shell itself goes on after Ctrl-C.
        script = f"trap : INT; {command}; echo EXIT $?; exec cat"
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("CI", "COLUMNS", "NO_COLOR", "TMUX")}
        subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d", "-x",
                        str(columns), "-y", str(rows), "bash", "-c", script], check=True,
                       env=environment)

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], check=False,
                              capture_output=True, text=True).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p", "-S", "-200")

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def wait(self, pattern):
        """The screen as soon as it shows `pattern`, or after the limit."""
        end = time.monotonic() + LIMIT_S
        while True:
            screen = self.screen()
            if re.search(pattern, screen) or time.monotonic() > end:
                return screen
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")


def check_sweep(directory):
    sweep = (f"{faultline} sweep {scenarios}/reference/start.yaml --store {directory}/s.db --jobs 2 "
             "--groups dpdk/ring --set defect=unregister-missing")
    with Terminal(directory, 50, sweep) as terminal:
        screen = terminal.wait(r"\d+ of \d+ plans, .* left")
        lines = [line for line in screen.splitlines() if " plans" in line]
        expect(len(lines) == 1, f"the progress is one line that is written over: {lines}")
        expect(lines and len(lines[0]) < 50, "it is narrower than the terminal")
        screen = terminal.wait(r"\d+ of \d+ plans[^\n]*left(.|\n)*seen [0-9a-f]{8}|seen [0-9a-f]{8}")
        expect(re.search(r"seen [0-9a-f]{8} io-device-missing:", screen),
               "a finding is named when it is seen")
        screen = terminal.wait(r"EXIT")
        expect("EXIT 1" in screen, "the sweep ends with 1:\n" + screen.rstrip())
        expect(re.search(r"^confirmed [0-9a-f]{8} io-device-missing", screen, re.M),
               "and again when it is confirmed")
        expect(not re.search(r" 0 s left", screen), "there is never nothing left")
        words = {"unregistered", "registered", "io_device"}
        expect(words <= set(re.split(r"[\s`',]+", screen)), "no word is cut")


def check_plain(directory):
    """With CI set, or a terminal that knows no more: lines that stay, none of them cut within a word."""
    for setting in ("CI=true", "TERM=dumb"):
        store = f"{directory}/{setting[:2]}.db"
        sweep = (f"{setting} {faultline} sweep {scenarios}/reference/start.yaml --store {store} --jobs 2 "
                 "--groups dpdk/ring --set defect=unregister-missing")
        with Terminal(directory, 40, sweep) as terminal:
            screen = terminal.wait("EXIT")
            expect(re.search(r"^census run 1: \d+ sites$", screen, re.M), f"{setting}: lines stay")
            said = re.split(r"[\s,]+", screen.split("Faultline: ")[-1])
            expect({"unregistered", "registered", "confirmed"} <= set(said),
                   f"{setting}: no word is cut at 40 columns:\n" + screen.rstrip())
            widest = [line for line in screen.splitlines() if "plans" in line]
            expect(all(len(line) <= 40 for line in widest), f"{setting}: {widest}")


def check_colours(directory):
    run = f"{faultline} run {scenarios}/reference/founding-case.yaml --set defect=unregister-missing"
    for setting, coloured in (("", True), ("NO_COLOR=1", False), ("TERM=dumb", False)):
        with Terminal(directory, 80, f"{setting} {run}") as terminal:
            terminal.wait("EXIT")
            escapes = terminal.tmux("capture-pane", "-p", "-e", "-S", "-200").count("\x1b[")
            expect((escapes > 0) == coloured, f"{setting or 'a terminal'}: {escapes} colours")


def check_interruption(directory):
    sweep = (f"{faultline} sweep {scenarios}/reference/start.yaml --store {directory}/i.db --jobs 1 "
             "--groups dpdk")
    with Terminal(directory, 80, sweep) as terminal:
        terminal.wait(r"[1-9]\d* of \d+ plans")
        terminal.type("C-c")
        screen = terminal.wait(r"EXIT")
        expect("EXIT 130" in screen, "Ctrl-C ends it as a shell expects")
        told = " ".join(screen.split())
        expect(f"is kept in {directory}/i.db" in told, "it says what is kept:\n" + screen.rstrip())
        expect("same command to resume" in told, "it says how to go on")


def check_story(directory):
    for columns in (80, 160):
        with Terminal(directory, columns, f"{faultline} show {directory}/s.db "
                      f"$({faultline} findings {directory}/s.db | grep -o '^[0-9a-f]\\{{8\\}}' | "
                      "head -n 1)") as terminal:
            screen = terminal.wait("EXIT")
            expect("What was injected" in screen, f"the story is told at {columns} columns")
            expect("EXIT 0" in screen, "show ends with 0")


def check_gdb(directory):
    if shutil.which("gdb") is None:
        print("skipped: gdb is not here")
        return
    run = f"{faultline} run {scenarios}/reference/founding-case-injected.yaml --gdb"
    with Terminal(directory, 100, run, rows=10) as terminal:  # gdb tells more than fits
        screen = terminal.wait(r"Breakpoint \d+, .*(.|\n)*\(gdb\) $|EXIT|--Type <RET>|\(gdb\) *\n*$")
        expect("(gdb)" in screen and "EXIT" not in screen, "gdb has the target")
        terminal.type("quit", "Enter")
        terminal.wait(r"\(y or n\)|EXIT")
        terminal.type("y", "Enter")
        screen = terminal.wait(r"EXIT")
        expect("EXIT 0" in screen, "leaving gdb ends the run: " + screen[-300:])
        expect("gdb was left" in screen, "and it says so")
        expect(re.search(r"^#\d+ +0x[0-9a-f]+ in (?!faultline_)\w+", screen, re.M),
               "the frame that makes the call is shown: " + screen[-600:])
    with Terminal(directory, 100, run) as terminal:
        terminal.wait(r"Breakpoint \d+, .*(.|\n)*\(gdb\) $|EXIT|\(gdb\) *\n*$")
        terminal.type("kill", "Enter")
        terminal.wait(r"\(y or n\)|EXIT")
        terminal.type("y", "Enter")
        terminal.wait(r"has ended; leave gdb")
        terminal.type("quit", "Enter")
        screen = terminal.wait(r"EXIT")
        expect("EXIT 0" in screen, "what gdb has killed is not judged: " + screen[-300:])


with tempfile.TemporaryDirectory(prefix="fl-term-") as temporary:
    os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
    os.environ["TERM"] = "xterm"
    check_sweep(temporary)
    check_plain(temporary)
    check_colours(temporary)
    check_interruption(temporary)
    check_story(temporary)
    check_gdb(temporary)

sys.exit(1 if failures else 0)
