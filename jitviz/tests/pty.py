"""Runs jitviz in a pseudo-terminal and checks every way out: usage pty.py JITVIZ LOG HOSTILE_LOG LIVE_LOG."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time

JITVIZ, LOG, HOSTILE, LIVE = sys.argv[1:5]
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
# Alternate screen, mouse and bracketed paste off, cursor on.
GIVEN_BACK = [b"\x1b[?1000l", b"\x1b[?1006l", b"\x1b[?2004l", b"\x1b[?25h", LEAVE]


class Run:
    def __init__(self, *args, command=None, log=LOG, **env):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "LC_ALL", "LANG")}
        environment.update({"TERM": "xterm-256color", "LANG": "C.UTF-8"}, **env)

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [JITVIZ, *([command] if command else []), log, *args], stdin=slave, stdout=slave, stderr=slave, env=environment, preexec_fn=own_terminal
        )
        self.seen = b""

    def read(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if ready:
                try:
                    self.seen += os.read(self.master, 65536)
                except OSError:
                    return

    def wait_for(self, what, seconds=20):
        end = time.time() + seconds
        while what not in self.seen and time.time() < end:
            self.read(0.05)
        assert what in self.seen, f"waited for {what!r}, saw {self.seen[-400:]!r}"

    def send(self, keys):
        os.write(self.master, keys)

    def end(self):
        """Exit status; the terminal must be as it was."""
        end = time.time() + 20
        while self.process.poll() is None:
            self.read(0.05)
            assert time.time() < end, f"still running, saw {self.seen[-400:]!r}"
        self.read(0.1)
        assert termios.tcgetattr(self.slave) == self.before, "terminal modes differ"
        tail = self.seen[self.seen.rindex(ENTER):] if ENTER in self.seen else self.seen
        for escape in GIVEN_BACK if ENTER in self.seen else []:
            assert escape in tail, f"{escape!r} missing in {tail[-300:]!r}"
        os.close(self.master)
        os.close(self.slave)
        return self.process.returncode


def started(*args, **env):
    run = Run(*args, **env)
    run.wait_for(b"Overview")
    return run


def quits_with_q():
    run = started()
    run.send(b"3")
    run.wait_for(b"sort")
    run.send(b"q")
    assert run.end() == 0


def quits_with_control_c():
    run = started()
    run.send(b"\x03")
    assert run.end() == 0


def esc_does_not_quit():
    run = started()
    run.send(b"\x1b")
    run.read(0.5)
    assert run.process.poll() is None
    run.send(b"q")
    assert run.end() == 0


def ends_on_signals():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        run = started()
        run.process.send_signal(number)
        assert run.end() == -number, "the signal is what ended it"


def ends_when_the_terminal_goes_away():
    run = started()
    os.close(run.slave)
    os.close(run.master)
    # The signal or the failed read, whichever is noticed first.
    assert run.process.wait(10) in (-signal.SIGHUP, 2), run.process.returncode


def a_panic_gives_the_terminal_back_first():
    run = Run(JITVIZ_TEST_PANIC="1")
    assert run.end() == -signal.SIGABRT
    assert run.seen.index(LEAVE) < run.seen.index(b"JITVIZ_TEST_PANIC is set")


def suspends_and_comes_back():
    run = started()
    run.send(b"3")
    run.wait_for(b"sort")
    run.send(b"\x1a")
    _, status = os.waitpid(run.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), status
    run.read(0.1)
    assert termios.tcgetattr(run.slave) == run.before, "the shell gets its modes"
    assert run.seen.rindex(LEAVE) > run.seen.rindex(ENTER)
    run.seen = b""
    run.process.send_signal(signal.SIGCONT)
    run.wait_for(b"shapes.py")
    assert ENTER in run.seen
    run.send(b"q")
    assert run.end() == 0


def resizes():
    run = started()
    run.seen = b""
    fcntl.ioctl(run.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    run.process.send_signal(signal.SIGWINCH)
    run.wait_for(b"Overview")
    run.send(b"q")
    assert run.end() == 0


def idle_draws_nothing():
    run = started()
    run.read(0.3)
    run.seen = b""
    run.read(0.7)
    assert run.seen == b"", run.seen
    run.send(b"q")
    run.end()


def the_mouse_is_left_alone_if_asked():
    run = started("--no-mouse")
    assert b"\x1b[?1000h" not in run.seen
    run.send(b"q")
    assert run.end() == 0
    run = started()
    assert b"\x1b[?1000h" in run.seen
    run.send(b"\x1b[<0;21;1M")
    run.wait_for(b"sort")
    run.send(b"q")
    assert run.end() == 0


def no_color_means_none():
    run = started(NO_COLOR="1")
    run.send(b"4")
    run.wait_for(b"SLOAD")
    for colour in range(30, 38):
        assert b"\x1b[%dm" % colour not in run.seen
    assert b"\x1b[38;5;" not in run.seen
    assert b"\x1b[7m" in run.seen, "the cursor keeps its bar"
    run.send(b"q")
    assert run.end() == 0


def an_option_outranks_no_color():
    run = started("--color", "always", NO_COLOR="1")
    run.send(b"4")
    run.wait_for(b"SLOAD")
    assert b"\x1b[38;5;" in run.seen or any(b"\x1b[%dm" % colour in run.seen for colour in range(30, 38)), run.seen
    run.send(b"q")
    assert run.end() == 0


def ascii_by_locale_or_option():
    for run in (started(LC_ALL="C"), started("--ascii")):
        for key in b"23456789":
            run.send(bytes([key]))
            run.read(0.1)
        run.send(b"1")
        run.wait_for(b"Overview")
        run.seen.decode("ascii")
        run.send(b"q")
        assert run.end() == 0


def a_hostile_log_does_not_steer_the_terminal():
    run = Run(log=HOSTILE)
    run.wait_for(b"2J")
    for keys in (b"2g", b"3y", b"4", b"[[", b"5y", b"6e", b"\x1b", b"7", b"8", b"9j", b"/own", b"\r", b"1"):
        run.send(keys)
        run.read(0.15)
    run.send(b"q")
    assert run.end() == 0
    # The title, C1 controls, and the order of writing turned round: only as escapes in letters.
    for raw in (b"\x1b]0;", "\x9b".encode(), "\u202e".encode(), "\u200b".encode(), b"\xff", b"\xed\xa0"):
        assert raw not in run.seen, raw


def suspends_while_text_is_typed():
    run = started()
    run.send(b"3/loop\x1a")
    _, status = os.waitpid(run.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), status
    run.seen = b""
    run.process.send_signal(signal.SIGCONT)
    run.wait_for(b"/loop_")
    run.send(b"\x03")
    assert run.end() == 0


def a_dumb_terminal_gets_the_summary():
    run = Run(TERM="dumb")
    assert run.end() == 0
    assert ENTER not in run.seen and b"\x1b" not in run.seen, run.seen
    assert b"Hottest traces" in run.seen


def follows_a_log_whose_writer_has_ended():
    run = Run(command="follow")
    run.wait_for(b"Overview")
    run.send(b"2")
    run.wait_for(b"recordings")
    run.send(b"q")
    assert run.end() == 0


def follows_a_log_that_grows():
    run = Run(command="follow", log=LIVE)
    run.wait_for(b"live")
    run.send(b"3")
    run.wait_for(b"sort")
    run.read(0.5)
    assert b"7005" not in run.seen
    # From here on the process that writes the log records traces.
    open(LIVE + ".go", "w").close()
    run.wait_for(b"7005")
    run.send(b"2")
    run.wait_for(b"recording")
    run.send(b"q")
    assert run.end() == 0


def two_logs_open_with_their_difference():
    run = Run(LOG)
    run.wait_for(b"Diff")
    run.send(b"0")
    run.wait_for(b"both whole runs")
    run.send(b"q")
    assert run.end() == 0


def steps_through_time():
    run = started()
    run.send(b"2g")
    run.wait_for(b"as of")
    run.send(b"w")
    run.wait_for(b"the whole run")
    run.send(b"q")
    assert run.end() == 0


def plays_and_stops():
    run = started()
    run.send(b"2g}}}} ")
    run.wait_for(b"the end of the run", 40)
    run.read(0.3)
    run.seen = b""
    run.read(0.7)
    assert run.seen == b"", "at its end nothing is drawn any more"
    run.send(b"q")
    assert run.end() == 0


def copies_through_the_terminal():
    run = started()
    run.send(b"y")
    run.wait_for(b"\x1b]52;c;")
    run.send(b"q")
    assert run.end() == 0


for check in [
    quits_with_q,
    quits_with_control_c,
    esc_does_not_quit,
    ends_on_signals,
    ends_when_the_terminal_goes_away,
    a_panic_gives_the_terminal_back_first,
    suspends_and_comes_back,
    resizes,
    idle_draws_nothing,
    the_mouse_is_left_alone_if_asked,
    no_color_means_none,
    an_option_outranks_no_color,
    ascii_by_locale_or_option,
    a_hostile_log_does_not_steer_the_terminal,
    suspends_while_text_is_typed,
    a_dumb_terminal_gets_the_summary,
    follows_a_log_whose_writer_has_ended,
    follows_a_log_that_grows,
    two_logs_open_with_their_difference,
    steps_through_time,
    plays_and_stops,
    copies_through_the_terminal,
]:
    print(check.__name__, flush=True)
    check()
