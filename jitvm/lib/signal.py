"""What a program does about signals."""

import _jitvm
from enum import IntEnum

_numbers = ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU "
            "URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS").split()
Signals = IntEnum("Signals", {"SIG" + name: number for number, name in enumerate(_numbers, 1)}, module="signal")
Handlers = IntEnum("Handlers", {"SIG_DFL": 0, "SIG_IGN": 1}, module="signal")
globals().update(Signals.__members__)
globals().update(Handlers.__members__)
SIGCLD, SIGPOLL = Signals.SIGCHLD, Signals.SIGIO
SIGRTMIN, SIGRTMAX = 34, 64
NSIG = 65
ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = 0, 1, 2
ItimerError = OSError

_handlers = {}


def default_int_handler(signalnum, frame, /):
    raise KeyboardInterrupt


def _deliver(number):
    """Called by the VM for a signal that has come."""
    handler = getsignal(number)
    if callable(handler):
        import sys
        handler(number, sys._getframe(1))


def _known(signalnum):
    try:
        return Signals(signalnum)
    except ValueError:
        return signalnum


def _checked(signalnum):
    number = int(signalnum)
    if not 1 <= number < NSIG:
        raise ValueError("signal number out of range")
    return number


def getsignal(signalnum):
    number = _checked(signalnum)
    if number in _handlers:
        return _handlers[number]
    action = _jitvm.signal_action(number)
    if action == 2:
        return default_int_handler
    return None if action is None else Handlers(action)


def signal(signalnum, handler):
    """Sets what is done when a signal comes; gives what was done before."""
    if not callable(handler) and handler not in (0, 1):
        raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
    old = getsignal(signalnum)
    number = int(signalnum)
    _jitvm.signal_set_action(number, 2 if callable(handler) else int(handler))
    _handlers[number] = handler if callable(handler) else Handlers(handler)
    return old


def alarm(seconds, /):
    return _jitvm.alarm(seconds)


_timer = (0.0, 0.0, 0.0)


def setitimer(which, seconds, interval=0.0, /):
    """Has SIGALRM sent after some time, and then again and again; gives what was left and the interval before."""
    global _timer
    if which != ITIMER_REAL:
        raise ValueError("jitvm supports ITIMER_REAL only")
    import time
    old = getitimer(which)
    _jitvm.set_timer(int(seconds * 1e6), int(interval * 1e6))
    _timer = time.monotonic() + seconds if seconds else 0.0, interval, seconds
    return old


def getitimer(which, /):
    import time
    end, interval, _ = _timer
    return (max(end - time.monotonic(), 0.0) if end else 0.0), interval


def raise_signal(signalnum, /):
    import posix
    _jitvm.send_signal(posix.getpid(), int(signalnum))


def pause():
    import time
    time.sleep(1e9)


def strsignal(signalnum, /):
    words = ("Hangup,Interrupt,Quit,Illegal instruction,Trace/breakpoint trap,Aborted,Bus error,Floating point exception,"
             "Killed,User defined signal 1,Segmentation fault,User defined signal 2,Broken pipe,Alarm clock,Terminated,"
             "Stack fault,Child exited,Continued,Stopped (signal),Stopped,Stopped (tty input),Stopped (tty output),"
             "Urgent I/O condition,CPU time limit exceeded,File size limit exceeded,Virtual timer expired,"
             "Profiling timer expired,Window changed,I/O possible,Power failure,Bad system call").split(",")
    number = _checked(signalnum)
    return words[number - 1] if number <= len(words) else None


def valid_signals():
    return set(Signals) | set(range(SIGRTMIN, SIGRTMAX + 1))


def siginterrupt(signalnum, flag, /):
    pass


def set_wakeup_fd(fd, /, *, warn_on_full_buffer=True):
    return -1
