"""What few programs use of the module datetime: ISO weeks, times from text, pickling."""


class IsoCalendarDate(tuple):
    """Year, week and weekday."""

    __slots__ = ()
    year = property(lambda self: self[0])
    week = property(lambda self: self[1])
    weekday = property(lambda self: self[2])

    def __repr__(self):
        return "datetime.IsoCalendarDate(year=%d, week=%d, weekday=%d)" % self

    def __reduce__(self):
        return tuple, (tuple(self),)


IsoCalendarDate.__module__ = "datetime"


def attach(date, time, datetime, timedelta, timezone, iso_calendar):
    """Completes the classes of datetime."""

    def isocalendar(self):
        return IsoCalendarDate(iso_calendar(self.toordinal(), self.year))

    def strptime(cls, date_string, format):
        from _time_rest import _parse
        fields, micro, zone, offset, offset_micro = _parse(date_string, format)
        tz = None
        if offset is not None:
            delta = timedelta(seconds=offset, microseconds=offset_micro)
            tz = timezone(delta, zone) if zone else timezone(delta)
        return cls(*fields[:6], micro, tz)

    def reduce(self):
        if isinstance(self, timedelta):
            return type(self), (self.days, self.seconds, self.microseconds)
        if isinstance(self, datetime):
            fields = self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond
        elif isinstance(self, time):
            fields = self.hour, self.minute, self.second, self.microsecond
        elif isinstance(self, date):
            return type(self), (self.year, self.month, self.day)
        else:
            offset, name = self.utcoffset(None), self.tzname(None)
            return timezone, (offset,) if name == timezone(offset).tzname(None) else (offset, name)
        return type(self), (fields if self.tzinfo is None else (*fields, self.tzinfo))

    date.isocalendar = isocalendar
    datetime.strptime = classmethod(strptime)
    for cls in (date, time, timedelta, timezone):
        cls.__reduce__ = reduce
