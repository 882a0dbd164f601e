"""What of the module time is written in Python: dates in struct_time and as text."""

import _jitvm
import posix
import time

_days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_months = "January February March April May June July August September October November December".split()


class struct_time(tuple):
    """Year, month, day, hour, minute, second, weekday (0 is Monday), day of the year, daylight saving time."""

    n_fields, n_sequence_fields, n_unnamed_fields = 11, 9, 0
    _names = "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday tm_yday tm_isdst".split()
    __match_args__ = tuple(_names)

    def __new__(cls, sequence=None, dict={}):
        try:
            values = tuple(sequence)
        except TypeError:
            raise TypeError("constructor requires a sequence") from None
        if len(values) < 9:
            raise TypeError("time.struct_time() takes an at least 9-sequence (%d-sequence given)" % len(values))
        if len(values) > 11:
            raise TypeError("time.struct_time() takes an at most 11-sequence (%d-sequence given)" % len(values))
        self = tuple.__new__(cls, values[:9])
        self._zone = (values[9:] + (None, None))[:2]
        return self

    tm_zone = property(lambda self: self._zone[0])
    tm_gmtoff = property(lambda self: self._zone[1])

    def __repr__(self):
        return "time.struct_time(%s)" % ", ".join("%s=%r" % pair for pair in zip(self._names, self))

    def __reduce__(self):
        return struct_time, (tuple(self) + self._zone,)


struct_time.__module__ = "time"
for _index, _name in enumerate(struct_time._names):
    setattr(struct_time, _name, property(lambda self, index=_index: self[index]))


def _days_of(year, month, day):
    """Days from 1970-01-01, by counting years from March."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def _date_of(days):
    days += 719468
    era, of_era = divmod(days, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year + era * 400 + (month <= 2), month, day


def _whole(seconds):
    if seconds is None:
        return int(time.time() // 1)
    if isinstance(seconds, float):
        if seconds != seconds:
            raise ValueError("Invalid value NaN (not a number)")
        return int(seconds // 1)
    try:
        return seconds.__index__()
    except AttributeError:
        raise TypeError("'%s' object cannot be interpreted as an integer" % type(seconds).__name__) from None


def gmtime(seconds=None, /):
    days, rest = divmod(_whole(seconds), 86400)
    year, month, day = _date_of(days)
    return struct_time((year, month, day, rest // 3600, rest // 60 % 60, rest % 60, (days + 3) % 7,
                        days - _days_of(year, 1, 1) + 1, 0, "GMT", 0))


def localtime(seconds=None, /):
    *fields, offset, zone = _jitvm.localtime(_whole(seconds))
    return struct_time((*fields, zone, offset))


def _fields(t):
    if t is None:
        return localtime()
    if not isinstance(t, tuple):
        raise TypeError("Tuple or struct_time argument required")
    if len(t) != 9:
        raise TypeError("illegal time tuple argument")
    return t


def mktime(t, /):
    t = _fields(t)
    return float(_jitvm.mktime(*t[:6], t[8]))


def asctime(t=None, /):
    t = _fields(t)
    _check(t)
    return "%s %s%3d %.2d:%.2d:%.2d %d" % (_days[t[6]][:3], _months[t[1] - 1][:3], t[2], t[3], t[4], t[5], t[0])


def ctime(seconds=None, /):
    return asctime(localtime(seconds))


def _check(t):
    for value, name, low, high in ((t[1] or 1, "month", 1, 12), (t[2] or 1, "day of month", 1, 31),
                                   (t[3], "hour", 0, 23), (t[4], "minute", 0, 59), (t[5], "seconds", 0, 61),
                                   ((t[7] or 1), "day of year", 1, 366)):
        if not low <= value <= high:
            raise ValueError("%s out of range" % name)
    if t[6] < 0:
        raise ValueError("day of week out of range")


def _iso(t):
    """ISO year and week."""
    monday = t[7] - t[6]
    week = (monday + 9) // 7
    year = t[0]

    def weeks(year):
        first = (_days_of(year, 1, 1) + 3) % 7
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 53 if first == 3 or first == 2 and leap else 52

    if week < 1:
        return year - 1, weeks(year - 1)
    if week > weeks(year):
        return year + 1, 1
    return year, week


def strftime(format, t=None, /):
    """A time by a format."""
    if not isinstance(format, str):
        raise TypeError("strftime() argument 1 must be str, not %s" % type(format).__name__)
    given = t
    t = _fields(t)
    _check(t)
    year, month, day, hour, minute, second, weekday, yearday, dst = t
    month, day, yearday, weekday = month or 1, day or 1, yearday or 1, weekday % 7

    def zone():
        own = getattr(t, "tm_zone", None)
        return own if own is not None else ("UTC" if given is None else tzname[1 if dst > 0 else 0])

    def offset():
        seconds = getattr(t, "tm_gmtoff", None)
        if seconds is None:
            seconds = -timezone
        return "%s%02d%02d" % ("-" if seconds < 0 else "+", abs(seconds) // 3600, abs(seconds) // 60 % 60)

    makers = {
        "a": lambda: _days[weekday][:3], "A": lambda: _days[weekday], "b": lambda: _months[month - 1][:3],
        "h": lambda: _months[month - 1][:3], "B": lambda: _months[month - 1], "d": lambda: "%02d" % day,
        "e": lambda: "%2d" % day, "H": lambda: "%02d" % hour, "I": lambda: "%02d" % (hour % 12 or 12),
        "k": lambda: "%2d" % hour, "l": lambda: "%2d" % (hour % 12 or 12), "j": lambda: "%03d" % yearday,
        "m": lambda: "%02d" % month, "M": lambda: "%02d" % minute, "p": lambda: "PM" if hour >= 12 else "AM",
        "P": lambda: "pm" if hour >= 12 else "am", "S": lambda: "%02d" % second,
        "U": lambda: "%02d" % ((yearday - 1 + 7 - (weekday + 1) % 7) // 7),
        "W": lambda: "%02d" % ((yearday - 1 + 7 - weekday) // 7), "w": lambda: "%d" % ((weekday + 1) % 7),
        "u": lambda: "%d" % (weekday + 1), "y": lambda: "%02d" % (year % 100), "Y": lambda: "%d" % year,
        "C": lambda: "%02d" % (year // 100), "G": lambda: "%d" % _iso(t)[0], "g": lambda: "%02d" % (_iso(t)[0] % 100),
        "V": lambda: "%02d" % _iso(t)[1], "z": offset, "Z": zone, "%": lambda: "%", "n": lambda: "\n",
        "t": lambda: "\t", "D": lambda: strftime("%m/%d/%y", t), "x": lambda: strftime("%m/%d/%y", t),
        "T": lambda: strftime("%H:%M:%S", t), "X": lambda: strftime("%H:%M:%S", t),
        "R": lambda: strftime("%H:%M", t), "F": lambda: strftime("%Y-%m-%d", t),
        "r": lambda: strftime("%I:%M:%S %p", t), "c": lambda: strftime("%a %b %e %H:%M:%S %Y", t),
        "s": lambda: "%d" % mktime(t),
    }
    result, at = [], 0
    while True:
        found = format.find("%", at)
        if found < 0 or found + 1 == len(format):
            result.append(format[at:])
            return "".join(result)
        result.append(format[at:found])
        maker = makers.get(format[found + 1])
        result.append(maker() if maker is not None else format[found:found + 2])
        at = found + 2


_patterns = {
    "d": r"(?P<d>3[01]|[12]\d|0[1-9]|[1-9]| [1-9])", "f": r"(?P<f>\d{1,6})", "H": r"(?P<H>2[0-3]|[01]\d|\d)",
    "I": r"(?P<I>1[0-2]|0[1-9]|[1-9])", "G": r"(?P<G>\d{4})",
    "j": r"(?P<j>36[0-6]|3[0-5]\d|[12]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9])",
    "m": r"(?P<m>1[0-2]|0[1-9]|[1-9])", "M": r"(?P<M>[0-5]\d|\d)", "S": r"(?P<S>6[01]|[0-5]\d|\d)",
    "U": r"(?P<U>5[0-3]|[0-4]\d|\d)", "W": r"(?P<W>5[0-3]|[0-4]\d|\d)", "w": r"(?P<w>[0-6])", "u": r"(?P<u>[1-7])",
    "V": r"(?P<V>5[0-3]|0[1-9]|[1-4]\d|\d)", "y": r"(?P<y>\d\d)", "Y": r"(?P<Y>\d{4})",
    "z": r"(?P<z>[+-]\d\d:?[0-5]\d(?::?[0-5]\d(?:\.\d{1,6})?)?|(?-i:Z))", "Z": r"(?P<Z>utc|gmt)", "%": "%",
    "A": "(?P<A>%s)" % "|".join(_days).lower(), "a": "(?P<a>%s)" % "|".join(d[:3] for d in _days).lower(),
    "B": "(?P<B>%s)" % "|".join(_months).lower(), "b": "(?P<b>%s)" % "|".join(m[:3] for m in _months).lower(),
    "p": "(?P<p>am|pm)",
}
_whole_formats = {"c": "%a %b %d %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S"}
_compiled = {}


def _pattern(format):
    """The regular expression of a format."""
    import re
    text = re.sub(r"([\\.^$*+?\(\){}\[\]|])", r"\\\1", format)
    text = re.sub(r"\s+", r"\\s+", text)
    result, at = "", 0
    while "%" in text[at:]:
        percent = text.index("%", at)
        result += text[at:percent]
        letter = text[percent + 1:percent + 2]
        if not letter:
            raise ValueError("stray %% in format '%s'" % format)
        if letter in _whole_formats:
            result += _pattern(_whole_formats[letter])
        elif letter in _patterns:
            result += _patterns[letter]
        else:
            raise ValueError("'%s' is a bad directive in format '%s'" % (letter if letter != "\\" else "\\", format))
        at = percent + 2
    return result + text[at:]


def _parse(text, format):
    """(fields of struct_time as a list, microseconds, zone's name, its offset in seconds, its microseconds)."""
    import re
    for value, number in ((text, 0), (format, 1)):
        if not isinstance(value, str):
            raise TypeError("strptime() argument %d must be str, not %s" % (number, type(value)))
    pattern = _compiled.get(format)
    if pattern is None:
        try:
            pattern = re.compile(_pattern(format), re.IGNORECASE)
        except re.error as e:
            raise ValueError("bad format %r: %s" % (format, e)) from None
        _compiled[format] = pattern
    match = pattern.match(text)
    if not match:
        raise ValueError("time data %r does not match format %r" % (text, format))
    if len(text) != match.end():
        raise ValueError("unconverted data remains: %s" % text[match.end():])
    found = match.groupdict()
    get = found.get
    number = lambda name, default=None: int(found[name]) if name in found else default
    year = number("Y")
    if year is None and "y" in found:
        year = number("y")
        year += 2000 if year <= 68 else 1900
    month, day = number("m", 1), number("d", 1)
    if "B" in found:
        month = [m.lower() for m in _months].index(found["B"].lower()) + 1
    elif "b" in found:
        month = [m[:3].lower() for m in _months].index(found["b"].lower()) + 1
    hour, minute, second = number("H", 0), number("M", 0), number("S", 0)
    if "I" in found:
        hour = number("I") % 12
        if get("p") and found["p"].lower() == "pm":
            hour += 12
    micro = int(found["f"].ljust(6, "0")) if "f" in found else 0
    weekday = None
    if "A" in found:
        weekday = [d.lower() for d in _days].index(found["A"].lower())
    elif "a" in found:
        weekday = [d[:3].lower() for d in _days].index(found["a"].lower())
    elif "w" in found:
        weekday = (number("w") - 1) % 7
    elif "u" in found:
        weekday = number("u") - 1
    yearday = number("j")
    offset = offset_micro = zone = None
    if "z" in found:
        given = found["z"]
        if given == "Z":
            offset, offset_micro = 0, 0
        else:
            digits = given[1:].replace(":", "")
            if given[3] == ":" and len(given) > 6 and given[6] != ":":
                raise ValueError("Inconsistent use of : in %s" % given)
            whole, _, part = digits.partition(".")
            whole = whole.ljust(6, "0")
            offset = int(whole[:2]) * 3600 + int(whole[2:4]) * 60 + int(whole[4:6])
            offset_micro = int(part.ljust(6, "0")) if part else 0
            if given[0] == "-":
                offset, offset_micro = -offset, -offset_micro
    dst = -1
    if "Z" in found:
        zone, dst = found["Z"], 0
    iso_year, iso_week = number("G"), number("V")
    if iso_year is not None:
        if yearday is not None:
            raise ValueError("Day of the year directive '%j' is not compatible with ISO year directive '%G'. "
                             "Use '%Y' instead.")
        if iso_week is None or weekday is None:
            raise ValueError("ISO year directive '%G' must be used with the ISO week directive '%V' and a weekday "
                             "directive ('%A', '%a', '%w', or '%u').")
    elif iso_week is not None:
        if year is None or weekday is None:
            raise ValueError("ISO week directive '%V' must be used with the ISO year directive '%G' and a weekday "
                             "directive ('%A', '%a', '%w', or '%u').")
        raise ValueError("ISO week directive '%V' is incompatible with the year directive '%Y'. Use the ISO year "
                         "'%G' instead.")
    leap_default = year is None and month == 2 and day == 29
    if year is None:
        year = 1904 if leap_default else 1900
    if iso_year is not None:
        fourth = _days_of(iso_year, 1, 4)
        monday = fourth - (fourth + 3) % 7
        year, month, day = _date_of(monday + (iso_week - 1) * 7 + weekday)
    elif yearday is None and weekday is not None and ("U" in found or "W" in found):
        first = (_days_of(year, 1, 1) + 3) % 7
        week, shift = (number("W"), 0) if "W" in found else (number("U"), 1)
        start, own = (first + shift) % 7, (weekday + shift) % 7
        days = (own - start if week == 0 else (7 - start) % 7 + 7 * (week - 1) + own)
        year, month, day = _date_of(_days_of(year, 1, 1) + days)
    elif yearday is not None:
        year, month, day = _date_of(_days_of(year, 1, 1) + yearday - 1)
    else:
        longest = 29 if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else \
            (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
        if day > longest:
            raise ValueError("day is out of range for month")
    days = _days_of(year, month, day)
    fields = [1900 if leap_default else year, month, day, hour, minute, second, (days + 3) % 7,
              days - _days_of(year, 1, 1) + 1, dst]
    return fields, micro, zone, offset, offset_micro


def strptime(string, format="%a %b %d %H:%M:%S %Y", /):
    """The time that a text says, by a format."""
    fields, _, zone, offset, _ = _parse(string, format)
    return struct_time((*fields, zone, offset))


def _zones():
    year = gmtime()[0]
    halves = [_jitvm.localtime(_days_of(year, month, 1) * 86400) for month in (1, 7)]
    standard = next((fields for fields in halves if not fields[8]), halves[0])
    summer = next((fields for fields in halves if fields[8]), standard)
    return standard, summer


_standard, _summer = _zones()
timezone, altzone = -_standard[9], -_summer[9]
daylight = int(_standard[9:] != _summer[9:])
tzname = _standard[10], _summer[10]
CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID = 0, 1, 2, 3


def clock_gettime_ns(clk_id, /):
    clock = {0: time.time_ns, 1: time.monotonic_ns, 2: time.process_time_ns, 3: time.process_time_ns}.get(clk_id)
    if clock is None:
        raise OSError(22, posix.strerror(22))
    return clock()


def clock_gettime(clk_id, /):
    return clock_gettime_ns(clk_id) / 1e9


def thread_time():
    return time.process_time()


def thread_time_ns():
    return time.process_time_ns()


def tzset():
    pass


class _ClockInfo:
    def __init__(self, **values):
        self.__dict__.update(values)

    def __repr__(self):
        return "namespace(%s)" % ", ".join("%s=%r" % item for item in self.__dict__.items())


def get_clock_info(name, /):
    clocks = {"time": ("CLOCK_REALTIME", False, True), "monotonic": ("CLOCK_MONOTONIC", True, False),
              "perf_counter": ("CLOCK_MONOTONIC", True, False), "process_time": ("CLOCK_PROCESS_CPUTIME_ID", True, False),
              "thread_time": ("CLOCK_THREAD_CPUTIME_ID", True, False)}
    if name not in clocks:
        raise ValueError("unknown clock")
    clock, monotonic, adjustable = clocks[name]
    return _ClockInfo(implementation="clock_gettime(%s)" % clock, monotonic=monotonic, adjustable=adjustable,
                      resolution=1e-09)


_public = ("struct_time gmtime localtime mktime asctime ctime strftime strptime timezone altzone daylight tzname "
           "CLOCK_REALTIME CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID clock_gettime "
           "clock_gettime_ns thread_time thread_time_ns tzset get_clock_info").split()


def make(name):
    return globals()[name] if name in _public else NotImplemented
