"""Dates and times of the proleptic Gregorian calendar, durations, and fixed offsets from UTC."""

import time as _time

MINYEAR, MAXYEAR = 1, 9999

_DAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split()
_MONTHS = 'January February March April May June July August September October November December'.split()
_BEFORE = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
_MAX_ORDINAL = 3652059
_EPOCH = 719163


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _month_length(year, month):
    return 29 if month == 2 and _leap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _ordinal(year, month, day):
    y = year - 1
    return y * 365 + y // 4 - y // 100 + y // 400 + _BEFORE[month] + (1 if month > 2 and _leap(year) else 0) + day


def _from_ordinal(n):
    """Year, month, day of a day's number (1 is the first day of year 1)."""
    year = (n * 400) // 146097 + 1
    while _ordinal(year, 1, 1) > n:
        year -= 1
    while year < MAXYEAR and _ordinal(year + 1, 1, 1) <= n:
        year += 1
    n -= _ordinal(year, 1, 1)
    month = 1
    while n >= _month_length(year, month):
        n -= _month_length(year, month)
        month += 1
    return year, month, n + 1


def _check_date(year, month, day):
    for value in (year, month, day):
        if not isinstance(value, int):
            raise TypeError("'%s' object cannot be interpreted as an integer" % type(value).__name__)
    if not MINYEAR <= year <= MAXYEAR:
        raise ValueError('year %d is out of range' % year)
    if not 1 <= month <= 12:
        raise ValueError('month must be in 1..12')
    if not 1 <= day <= _month_length(year, month):
        raise ValueError('day is out of range for month')


def _check_time(hour, minute, second, microsecond, fold):
    for value in (hour, minute, second, microsecond):
        if not isinstance(value, int):
            raise TypeError("'%s' object cannot be interpreted as an integer" % type(value).__name__)
    for value, limit, name in ((hour, 23, 'hour'), (minute, 59, 'minute'), (second, 59, 'second'),
                               (microsecond, 999999, 'microsecond')):
        if not 0 <= value <= limit:
            raise ValueError('%s must be in 0..%d' % (name, limit))
    if fold not in (0, 1):
        raise ValueError('fold must be either 0 or 1')


def _check_zone(tz):
    if tz is not None and not isinstance(tz, tzinfo):
        raise TypeError("tzinfo argument must be None or of a tzinfo subclass, not type '%s'" % type(tz).__name__)


def _half_even(numerator, denominator):
    quotient, rest = divmod(numerator, denominator)
    rest *= 2
    return quotient + 1 if rest > denominator or rest == denominator and quotient & 1 else quotient


class timedelta:
    __slots__ = ('_days', '_seconds', '_microseconds')

    def __new__(cls, days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0):
        whole, fraction = 0, 0.0
        for value, unit in ((days, 86400000000), (seconds, 1000000), (microseconds, 1), (milliseconds, 1000),
                            (minutes, 60000000), (hours, 3600000000), (weeks, 604800000000)):
            if isinstance(value, int):
                whole += value * unit
            elif isinstance(value, float):
                numerator, denominator = value.as_integer_ratio()
                quotient, rest = divmod(numerator * unit, denominator)
                whole += quotient
                fraction += rest / denominator
            else:
                raise TypeError('unsupported type for timedelta component: %s' % type(value).__name__)
        return cls._of(whole + round(fraction) if not whole & 1 or fraction != 0.5 else whole + 1)

    @classmethod
    def _of(cls, microseconds):
        self = object.__new__(cls)
        seconds, self._microseconds = divmod(microseconds, 1000000)
        self._days, self._seconds = divmod(seconds, 86400)
        if not -999999999 <= self._days <= 999999999:
            raise OverflowError('days=%d; must have magnitude <= 999999999' % self._days)
        return self

    def _total(self):
        return (self._days * 86400 + self._seconds) * 1000000 + self._microseconds

    @property
    def days(self):
        return self._days

    @property
    def seconds(self):
        return self._seconds

    @property
    def microseconds(self):
        return self._microseconds

    def total_seconds(self):
        return self._total() / 1000000

    def __repr__(self):
        parts = ['%s=%d' % (name, value) for name, value in (
            ('days', self._days), ('seconds', self._seconds), ('microseconds', self._microseconds)) if value]
        return 'datetime.%s(%s)' % (type(self).__qualname__, ', '.join(parts) or '0')

    def __str__(self):
        minutes, seconds = divmod(self._seconds, 60)
        hours, minutes = divmod(minutes, 60)
        text = '%d:%02d:%02d' % (hours, minutes, seconds)
        if self._days:
            text = '%d day%s, %s' % (self._days, '' if abs(self._days) == 1 else 's', text)
        return text + '.%06d' % self._microseconds if self._microseconds else text

    def __add__(self, other):
        return timedelta._of(self._total() + other._total()) if isinstance(other, timedelta) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other):
        return timedelta._of(self._total() - other._total()) if isinstance(other, timedelta) else NotImplemented

    def __neg__(self):
        return timedelta._of(-self._total())

    def __pos__(self):
        return self

    def __abs__(self):
        return -self if self._days < 0 else self

    def __mul__(self, other):
        if isinstance(other, int):
            return timedelta._of(self._total() * other)
        if isinstance(other, float):
            numerator, denominator = other.as_integer_ratio()
            return timedelta._of(_half_even(self._total() * numerator, denominator))
        return NotImplemented

    __rmul__ = __mul__

    def __floordiv__(self, other):
        if isinstance(other, timedelta):
            return self._total() // other._total()
        return timedelta._of(self._total() // other) if isinstance(other, int) else NotImplemented

    def __truediv__(self, other):
        if isinstance(other, timedelta):
            return self._total() / other._total()
        if isinstance(other, int):
            if other == 0:
                raise ZeroDivisionError('integer division or modulo by zero')
            return timedelta._of(_half_even(self._total() if other > 0 else -self._total(), abs(other)))
        if isinstance(other, float):
            numerator, denominator = other.as_integer_ratio()
            if numerator < 0:
                numerator, denominator = -numerator, -denominator
            total = self._total() * denominator
            return timedelta._of(_half_even(total, numerator))
        return NotImplemented

    def __mod__(self, other):
        return timedelta._of(self._total() % other._total()) if isinstance(other, timedelta) else NotImplemented

    def __divmod__(self, other):
        if not isinstance(other, timedelta):
            return NotImplemented
        quotient, rest = divmod(self._total(), other._total())
        return quotient, timedelta._of(rest)

    def __eq__(self, other):
        return self._total() == other._total() if isinstance(other, timedelta) else NotImplemented

    def __lt__(self, other):
        return self._total() < other._total() if isinstance(other, timedelta) else NotImplemented

    def __le__(self, other):
        return self._total() <= other._total() if isinstance(other, timedelta) else NotImplemented

    def __gt__(self, other):
        return self._total() > other._total() if isinstance(other, timedelta) else NotImplemented

    def __ge__(self, other):
        return self._total() >= other._total() if isinstance(other, timedelta) else NotImplemented

    def __hash__(self):
        return hash((self._days, self._seconds, self._microseconds))

    def __bool__(self):
        return self._total() != 0


timedelta.min = timedelta(-999999999)
timedelta.max = timedelta(days=999999999, hours=23, minutes=59, seconds=59, microseconds=999999)
timedelta.resolution = timedelta(microseconds=1)


def _offset_text(offset, separator=':'):
    if offset is None:
        return ''
    total = offset._total()
    sign = '-' if total < 0 else '+'
    seconds, microseconds = divmod(abs(total), 1000000)
    minutes, seconds = divmod(seconds, 60)
    text = '%s%02d%s%02d' % (sign, minutes // 60, separator, minutes % 60)
    if seconds or microseconds:
        text += '%s%02d' % (separator, seconds)
    return text + '.%06d' % microseconds if microseconds else text


class tzinfo:
    def tzname(self, dt):
        raise NotImplementedError('a tzinfo subclass must implement tzname()')

    def utcoffset(self, dt):
        raise NotImplementedError('a tzinfo subclass must implement utcoffset()')

    def dst(self, dt):
        raise NotImplementedError('a tzinfo subclass must implement dst()')

    def fromutc(self, dt):
        return dt + self.utcoffset(dt)


_ONE_DAY = timedelta(1)


class timezone(tzinfo):
    def __init__(self, offset, name=None):
        if not isinstance(offset, timedelta):
            raise TypeError('timezone() argument 1 must be datetime.timedelta, not %s' % type(offset).__name__)
        if not -_ONE_DAY < offset < _ONE_DAY:
            raise ValueError('offset must be a timedelta strictly between -timedelta(hours=24) and '
                             'timedelta(hours=24), not %r.' % (offset,))
        self._offset = offset
        self._name = name

    def utcoffset(self, dt):
        return self._offset

    def dst(self, dt):
        return None

    def tzname(self, dt):
        if self._name is not None:
            return self._name
        return 'UTC' + _offset_text(self._offset) if self._offset else 'UTC'

    def __eq__(self, other):
        return self._offset == other._offset if isinstance(other, timezone) else NotImplemented

    def __hash__(self):
        return hash(self._offset)

    def __repr__(self):
        if self is timezone.utc:
            return 'datetime.timezone.utc'
        return 'datetime.timezone(%r%s)' % (self._offset, '' if self._name is None else ', %r' % self._name)

    def __str__(self):
        return self.tzname(None)


timezone.utc = UTC = timezone(timedelta(0))
timezone.min = timezone(-timedelta(hours=23, minutes=59))
timezone.max = timezone(timedelta(hours=23, minutes=59))


def _format(value, pattern):
    """strftime of a date, time or datetime."""
    dated = isinstance(value, date)
    timed = not dated or isinstance(value, datetime)
    year, month, day = (value._year, value._month, value._day) if dated else (1900, 1, 1)
    hour, minute, second, micro = (value._hour, value._minute, value._second, value._microsecond) if timed else (0,) * 4
    ordinal = _ordinal(year, month, day)
    weekday = (ordinal + 6) % 7
    year_day = ordinal - _ordinal(year, 1, 1) + 1
    out, position = [], 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character != '%' or position == len(pattern):
            out.append(character)
            continue
        code = pattern[position]
        position += 1
        if code == 'a': text = _DAYS[weekday][:3]
        elif code == 'A': text = _DAYS[weekday]
        elif code == 'b' or code == 'h': text = _MONTHS[month - 1][:3]
        elif code == 'B': text = _MONTHS[month - 1]
        elif code == 'c': text = '%s %s %2d %02d:%02d:%02d %04d' % (
            _DAYS[weekday][:3], _MONTHS[month - 1][:3], day, hour, minute, second, year)
        elif code == 'C': text = '%02d' % (year // 100)
        elif code == 'd': text = '%02d' % day
        elif code == 'D' or code == 'x': text = '%02d/%02d/%02d' % (month, day, year % 100)
        elif code == 'e': text = '%2d' % day
        elif code == 'f': text = '%06d' % micro
        elif code == 'F': text = '%d-%02d-%02d' % (year, month, day)
        elif code == 'G': text = '%d' % _iso_calendar(ordinal, year)[0]
        elif code == 'H': text = '%02d' % hour
        elif code == 'I': text = '%02d' % (hour % 12 or 12)
        elif code == 'j': text = '%03d' % year_day
        elif code == 'm': text = '%02d' % month
        elif code == 'M': text = '%02d' % minute
        elif code == 'n': text = '\n'
        elif code == 'p': text = 'AM' if hour < 12 else 'PM'
        elif code == 'R': text = '%02d:%02d' % (hour, minute)
        elif code == 'S': text = '%02d' % second
        elif code == 't': text = '\t'
        elif code == 'T' or code == 'X': text = '%02d:%02d:%02d' % (hour, minute, second)
        elif code == 'u': text = '%d' % (weekday + 1)
        elif code == 'U': text = '%02d' % ((year_day + 6 - (weekday + 1) % 7) // 7)
        elif code == 'V': text = '%02d' % _iso_calendar(ordinal, year)[1]
        elif code == 'w': text = '%d' % ((weekday + 1) % 7)
        elif code == 'W': text = '%02d' % ((year_day + 6 - weekday) // 7)
        elif code == 'y': text = '%02d' % (year % 100)
        elif code == 'Y': text = '%d' % year
        elif code == 'z': text = _offset_text(value.utcoffset(), '') if timed else ''
        elif code == 'Z': text = (value.tzname() or '') if timed else ''
        elif code == '%': text = '%'
        else: text = '%' + code
        out.append(text)
    return ''.join(out)


def _iso_calendar(ordinal, year):
    weekday = (ordinal + 6) % 7
    thursday = ordinal - weekday + 3
    iso_year = _from_ordinal(thursday)[0] if thursday <= _MAX_ORDINAL else year
    return iso_year, (thursday - _ordinal(iso_year, 1, 1)) // 7 + 1, weekday + 1


def _parse_date(text):
    parts = text.split('-')
    if len(text) == 10 and len(parts) == 3 and len(parts[0]) == 4 and len(parts[1]) == 2:
        numbers = parts
    elif len(text) == 8 and len(parts) == 1:
        numbers = [text[:4], text[4:6], text[6:]]
    else:
        raise ValueError
    if not ''.join(numbers).isdigit():
        raise ValueError
    return [int(number) for number in numbers]


def _parse_clock(text):
    """Hour, minute, second, microsecond."""
    fraction = 0
    main, mark, digits = text.replace(',', '.').partition('.')
    if mark:
        if not digits.isdigit():
            raise ValueError
        fraction = int(digits[:6].ljust(6, '0'))
    parts = main.split(':') if ':' in main else [main[i:i + 2] for i in range(0, len(main), 2)]
    if not 1 <= len(parts) <= 3 or not all([len(part) == 2 and part.isdigit() for part in parts]):
        raise ValueError
    numbers = [int(part) for part in parts]
    return numbers + [0] * (3 - len(numbers)) + [fraction]


def _parse_time(text):
    zone = None
    if text[-1:] in ('Z', 'z'):
        zone, text = timezone.utc, text[:-1]
    else:
        for sign in '+-':
            if sign in text:
                text, _, offset = text.partition(sign)
                hours, minutes, seconds, micro = _parse_clock(offset)
                delta = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micro)
                zone = timezone(-delta if sign == '-' else delta) if delta else timezone.utc
    return [*_parse_clock(text), zone]


class date:
    __slots__ = ('_year', '_month', '_day')

    def __new__(cls, year, month, day):
        _check_date(year, month, day)
        self = object.__new__(cls)
        self._year, self._month, self._day = year, month, day
        return self

    year = property(lambda self: self._year)
    month = property(lambda self: self._month)
    day = property(lambda self: self._day)

    @classmethod
    def today(cls):
        return cls.fromtimestamp(_time.time())

    @classmethod
    def fromtimestamp(cls, timestamp):
        return cls.fromordinal(_EPOCH + int(timestamp // 86400))

    @classmethod
    def fromisocalendar(cls, year, week, day):
        if not 1 <= year <= 9999:
            raise ValueError('Year is out of range: %d' % year)
        first = _ordinal(year, 1, 4)
        monday = first - (first + 6) % 7
        following = _ordinal(year + 1, 1, 4) if year < 9999 else first + 371
        weeks = (following - (following + 6) % 7 - monday) // 7
        if not 1 <= week <= weeks:
            raise ValueError('Invalid week: %d' % week)
        if not 1 <= day <= 7:
            raise ValueError('Invalid day: %d (range is [1, 7])' % day)
        return cls.fromordinal(monday + (week - 1) * 7 + day - 1)

    @classmethod
    def fromordinal(cls, n):
        if not 1 <= n <= _MAX_ORDINAL:
            raise ValueError('ordinal must be >= 1' if n < 1 else 'year is out of range')
        return cls(*_from_ordinal(n))

    @classmethod
    def fromisoformat(cls, date_string):
        if not isinstance(date_string, str):
            raise TypeError('fromisoformat: argument must be str')
        try:
            numbers = _parse_date(date_string)
        except ValueError:
            raise ValueError('Invalid isoformat string: %r' % date_string) from None
        return cls(*numbers)

    def toordinal(self):
        return _ordinal(self._year, self._month, self._day)

    def weekday(self):
        return (self.toordinal() + 6) % 7

    def isoweekday(self):
        return self.weekday() + 1

    def isoformat(self):
        return '%04d-%02d-%02d' % (self._year, self._month, self._day)

    __str__ = isoformat

    def ctime(self):
        return _format(self, '%c')

    def strftime(self, format):
        return _format(self, format)

    def __format__(self, format):
        return self.strftime(format) if format else str(self)

    def replace(self, year=None, month=None, day=None):
        return type(self)(self._year if year is None else year, self._month if month is None else month,
                          self._day if day is None else day)

    def timetuple(self):
        return _time.struct_time((self._year, self._month, self._day, 0, 0, 0, self.weekday(),
                                  self.toordinal() - _ordinal(self._year, 1, 1) + 1, -1))

    def __repr__(self):
        return 'datetime.%s(%d, %d, %d)' % (type(self).__qualname__, self._year, self._month, self._day)

    def __add__(self, other):
        if not isinstance(other, timedelta):
            return NotImplemented
        n = self.toordinal() + other._days
        if not 1 <= n <= _MAX_ORDINAL:
            raise OverflowError('date value out of range')
        return type(self).fromordinal(n)

    __radd__ = __add__

    def __sub__(self, other):
        if isinstance(other, timedelta):
            return self + timedelta(-other._days)
        if isinstance(other, date):
            return timedelta(self.toordinal() - other.toordinal())
        return NotImplemented

    def _compare(self, other):
        """A difference whose sign is the order; NotImplemented."""
        if not isinstance(other, date) or isinstance(other, datetime):
            return NotImplemented
        return self.toordinal() - other.toordinal()

    def __eq__(self, other):
        order = self._compare(other)
        return order if order is NotImplemented else order == 0

    def __lt__(self, other):
        order = self._compare(other)
        return order if order is NotImplemented else order < 0

    def __le__(self, other):
        order = self._compare(other)
        return order if order is NotImplemented else order <= 0

    def __gt__(self, other):
        order = self._compare(other)
        return order if order is NotImplemented else order > 0

    def __ge__(self, other):
        order = self._compare(other)
        return order if order is NotImplemented else order >= 0

    def __hash__(self):
        return hash((self._year, self._month, self._day))


date.min, date.max, date.resolution = date(1, 1, 1), date(9999, 12, 31), _ONE_DAY


def _clock_text(value, timespec):
    if timespec == 'auto':
        timespec = 'microseconds' if value._microsecond else 'seconds'
    parts = {'hours': '%02d' % value._hour, 'minutes': '%02d:%02d' % (value._hour, value._minute)}
    full = '%02d:%02d:%02d' % (value._hour, value._minute, value._second)
    parts['seconds'] = full
    parts['milliseconds'] = '%s.%03d' % (full, value._microsecond // 1000)
    parts['microseconds'] = '%s.%06d' % (full, value._microsecond)
    if timespec not in parts:
        raise ValueError('Unknown timespec value')
    return parts[timespec]


class time:
    __slots__ = ('_hour', '_minute', '_second', '_microsecond', '_tzinfo', '_fold')

    def __new__(cls, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0):
        _check_time(hour, minute, second, microsecond, fold)
        _check_zone(tzinfo)
        self = object.__new__(cls)
        self._hour, self._minute, self._second, self._microsecond = hour, minute, second, microsecond
        self._tzinfo, self._fold = tzinfo, fold
        return self

    hour = property(lambda self: self._hour)
    minute = property(lambda self: self._minute)
    second = property(lambda self: self._second)
    microsecond = property(lambda self: self._microsecond)
    tzinfo = property(lambda self: self._tzinfo)
    fold = property(lambda self: self._fold)

    @classmethod
    def fromisoformat(cls, time_string):
        try:
            parts = _parse_time(time_string.removeprefix('T'))
        except ValueError:
            raise ValueError('Invalid isoformat string: %r' % time_string) from None
        return cls(*parts)

    def utcoffset(self):
        return None if self._tzinfo is None else self._tzinfo.utcoffset(None)

    def tzname(self):
        return None if self._tzinfo is None else self._tzinfo.tzname(None)

    def dst(self):
        return None if self._tzinfo is None else self._tzinfo.dst(None)

    def isoformat(self, timespec='auto'):
        return _clock_text(self, timespec) + _offset_text(self.utcoffset())

    def __str__(self):
        return self.isoformat()

    strftime, __format__ = date.strftime, date.__format__

    def replace(self, hour=None, minute=None, second=None, microsecond=None, tzinfo=True, *, fold=None):
        return type(self)(self._hour if hour is None else hour, self._minute if minute is None else minute,
                          self._second if second is None else second,
                          self._microsecond if microsecond is None else microsecond,
                          self._tzinfo if tzinfo is True else tzinfo, fold=self._fold if fold is None else fold)

    def __repr__(self):
        text = '%d, %d' % (self._hour, self._minute)
        if self._second or self._microsecond:
            text += ', %d' % self._second
        if self._microsecond:
            text += ', %d' % self._microsecond
        if self._tzinfo is not None:
            text += ', tzinfo=%r' % self._tzinfo
        if self._fold:
            text += ', fold=1'
        return 'datetime.%s(%s)' % (type(self).__qualname__, text)

    def _key(self):
        offset = self.utcoffset()
        micros = ((self._hour * 60 + self._minute) * 60 + self._second) * 1000000 + self._microsecond
        return offset is None, micros - (0 if offset is None else offset._total())

    def _compare(self, other, equality=False):
        if not isinstance(other, time):
            return NotImplemented
        a, b = self._key(), other._key()
        if a[0] != b[0]:
            if equality:
                return 1
            raise TypeError("can't compare offset-naive and offset-aware times")
        return a[1] - b[1]

    def __eq__(self, other):
        order = self._compare(other, True)
        return order if order is NotImplemented else order == 0

    __lt__, __le__, __gt__, __ge__ = date.__lt__, date.__le__, date.__gt__, date.__ge__

    def __hash__(self):
        return hash(self._key())


time.min, time.max, time.resolution = time(), time(23, 59, 59, 999999), timedelta.resolution


class datetime(date):
    __slots__ = ('_hour', '_minute', '_second', '_microsecond', '_tzinfo', '_fold')

    def __new__(cls, year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0):
        _check_date(year, month, day)
        _check_time(hour, minute, second, microsecond, fold)
        _check_zone(tzinfo)
        self = object.__new__(cls)
        self._year, self._month, self._day = year, month, day
        self._hour, self._minute, self._second, self._microsecond = hour, minute, second, microsecond
        self._tzinfo, self._fold = tzinfo, fold
        return self

    hour, minute, second, microsecond = time.hour, time.minute, time.second, time.microsecond
    tzinfo, fold = time.tzinfo, time.fold

    @classmethod
    def _of(cls, microseconds, tz):
        """That many microseconds after the start of day 0."""
        days, rest = divmod(microseconds, 86400000000)
        if not 1 <= days <= _MAX_ORDINAL:
            raise OverflowError('date value out of range')
        seconds, micro = divmod(rest, 1000000)
        minutes, second = divmod(seconds, 60)
        return cls(*_from_ordinal(days), minutes // 60, minutes % 60, second, micro, tz)

    def _local(self):
        seconds = ((self.toordinal() * 24 + self._hour) * 60 + self._minute) * 60 + self._second
        return seconds * 1000000 + self._microsecond

    @classmethod
    def fromtimestamp(cls, timestamp, tz=None):
        micros = round(timestamp * 1000000) if isinstance(timestamp, int) else _half_even(
            *[part * scale for part, scale in zip(timestamp.as_integer_ratio(), (1000000, 1))])
        _check_zone(tz)
        if tz is None:
            local = getattr(_time, 'localtime', None)
            shift = getattr(local(timestamp), 'tm_gmtoff', 0) or 0 if local is not None else 0
            return cls._of(_EPOCH * 86400000000 + micros + shift * 1000000, None)
        return tz.fromutc(cls._of(_EPOCH * 86400000000 + micros, tz))

    @classmethod
    def utcfromtimestamp(cls, timestamp):
        return cls.fromtimestamp(timestamp, timezone.utc).replace(tzinfo=None)

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_time.time(), tz)

    @classmethod
    def utcnow(cls):
        return cls.utcfromtimestamp(_time.time())

    today = now

    @classmethod
    def combine(cls, date, time, tzinfo=True):
        return cls(date._year, date._month, date._day, time._hour, time._minute, time._second, time._microsecond,
                   time._tzinfo if tzinfo is True else tzinfo, fold=time._fold)

    @classmethod
    def fromisoformat(cls, date_string):
        if not isinstance(date_string, str):
            raise TypeError('fromisoformat: argument must be str')
        try:
            end = 10 if '-' in date_string[:8] else 8
            parts = _parse_date(date_string[:end])
            if len(date_string) > end:
                parts += _parse_time(date_string[end + 1:])
        except ValueError:
            raise ValueError('Invalid isoformat string: %r' % date_string) from None
        return cls(*parts)

    def date(self):
        return date(self._year, self._month, self._day)

    def time(self):
        return time(self._hour, self._minute, self._second, self._microsecond, fold=self._fold)

    def timetz(self):
        return self.time().replace(tzinfo=self._tzinfo)

    def utcoffset(self):
        return None if self._tzinfo is None else self._tzinfo.utcoffset(self)

    def tzname(self):
        return None if self._tzinfo is None else self._tzinfo.tzname(self)

    def dst(self):
        return None if self._tzinfo is None else self._tzinfo.dst(self)

    def timestamp(self):
        offset = self.utcoffset()
        micros = self._local() - _EPOCH * 86400000000
        if offset is not None:
            return (micros - offset._total()) / 1000000
        local = getattr(_time, 'localtime', None)
        shift = getattr(local(micros // 1000000), 'tm_gmtoff', 0) or 0 if local is not None else 0
        return (micros - shift * 1000000) / 1000000

    def astimezone(self, tz=None):
        if tz is None:
            tz = timezone.utc
        offset = self.utcoffset()
        utc = self._local() - (0 if offset is None else offset._total())
        return tz.fromutc(type(self)._of(utc, tz))

    def utctimetuple(self):
        offset = self.utcoffset()
        moment = self.replace(tzinfo=None)
        if offset is not None:
            moment -= offset
        return _time.struct_time((*moment.timetuple()[:8], 0))

    def timetuple(self):
        dst = self.dst()
        return _time.struct_time((self._year, self._month, self._day, self._hour, self._minute, self._second,
                                  self.weekday(), self.toordinal() - _ordinal(self._year, 1, 1) + 1,
                                  -1 if dst is None else int(bool(dst))))

    def replace(self, year=None, month=None, day=None, hour=None, minute=None, second=None, microsecond=None,
                tzinfo=True, *, fold=None):
        given = (year, month, day, hour, minute, second, microsecond)
        own = (self._year, self._month, self._day, self._hour, self._minute, self._second, self._microsecond)
        return type(self)(*[b if a is None else a for a, b in zip(given, own)],
                          self._tzinfo if tzinfo is True else tzinfo, fold=self._fold if fold is None else fold)

    def isoformat(self, sep='T', timespec='auto'):
        return date.isoformat(self) + sep + _clock_text(self, timespec) + _offset_text(self.utcoffset())

    def __str__(self):
        return self.isoformat(' ')

    def __repr__(self):
        numbers = [self._year, self._month, self._day, self._hour, self._minute, self._second, self._microsecond]
        while len(numbers) > 5 and numbers[-1] == 0:
            numbers.pop()
        text = ', '.join([str(number) for number in numbers])
        if self._tzinfo is not None:
            text += ', tzinfo=%r' % self._tzinfo
        if self._fold:
            text += ', fold=1'
        return 'datetime.%s(%s)' % (type(self).__qualname__, text)

    def __add__(self, other):
        if not isinstance(other, timedelta):
            return NotImplemented
        return type(self)._of(self._local() + other._total(), self._tzinfo)

    __radd__ = __add__

    def __sub__(self, other):
        if isinstance(other, timedelta):
            return self + -other
        if not isinstance(other, datetime):
            return NotImplemented
        a, b = self.utcoffset(), other.utcoffset()
        if (a is None) != (b is None):
            raise TypeError("can't subtract offset-naive and offset-aware datetimes")
        return timedelta._of(self._utc() - other._utc())

    def _utc(self):
        offset = self.utcoffset()
        return self._local() - (0 if offset is None else offset._total())

    def _compare(self, other, equality=False):
        if not isinstance(other, datetime):
            if isinstance(other, date) and not equality:
                raise TypeError("can't compare datetime.datetime to datetime.date")
            return 1 if isinstance(other, date) else NotImplemented
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            if equality:
                return 1
            raise TypeError("can't compare offset-naive and offset-aware datetimes")
        return self._utc() - other._utc()

    def __eq__(self, other):
        order = self._compare(other, True)
        return order if order is NotImplemented else order == 0

    def __hash__(self):
        return hash(self._utc())


datetime.min, datetime.max = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)
datetime.resolution = timedelta.resolution

import _datetime_rest as _rest
_rest.attach(date, time, datetime, timedelta, timezone, _iso_calendar)
