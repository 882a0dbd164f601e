"""Rational numbers."""

import math as _math
import numbers as _numbers
import operator as _operator
import sys as _sys
from math import gcd as _gcd

__all__ = ["Fraction"]

_MODULUS = (1 << 61) - 1
_INFINITY = 314159
_new = object.__new__


def _parsed(text):
    """Numerator and denominator of text such as "3/4" or "-1.5e3"."""
    invalid = ValueError(f"Invalid literal for Fraction: {text!r}")
    rest = text.strip()
    negative = rest.startswith("-")
    if rest[:1] in ("-", "+"):
        rest = rest[1:]
    if "/" in rest:
        above, _, below = rest.partition("/")
        if not _is_digits(above) or not _is_digits(below):
            raise invalid
        numerator, denominator = int(above), int(below)
    else:
        mantissa, exponent = rest, 0
        for letter in "eE":
            if letter in rest:
                mantissa, _, power = rest.partition(letter)
                sign = power[:1] if power[:1] in ("-", "+") else ""
                if not power[len(sign) :].isdigit():
                    raise invalid
                exponent = int(power)
                break
        whole, dot, decimals = mantissa.partition(".")
        if not (whole or decimals) or whole and not _is_digits(whole) or decimals and not _is_digits(decimals):
            raise invalid
        numerator = int(whole or "0")
        denominator = 1
        if decimals:
            decimals = decimals.replace("_", "")
            denominator = 10 ** len(decimals)
            numerator = numerator * denominator + int(decimals)
        if exponent >= 0:
            numerator *= 10**exponent
        else:
            denominator *= 10**-exponent
    return -numerator if negative else numerator, denominator


def _is_digits(text):
    return all([part.isdigit() for part in text.split("_")])


class Fraction(_numbers.Rational):
    """A numerator and a denominator without common factors."""

    __slots__ = ("_numerator", "_denominator")

    def __new__(cls, numerator=0, denominator=None):
        self = _new(cls) if cls is Fraction else super().__new__(cls)
        if denominator is None:
            if type(numerator) is int:
                self._numerator, self._denominator = numerator, 1
                return self
            if isinstance(numerator, _numbers.Rational):
                self._numerator, self._denominator = numerator.numerator, numerator.denominator
                return self
            if isinstance(numerator, float) or hasattr(numerator, "as_integer_ratio"):
                self._numerator, self._denominator = numerator.as_integer_ratio()
                return self
            if not isinstance(numerator, str):
                raise TypeError("argument should be a string or a Rational instance")
            numerator, denominator = _parsed(numerator)
        elif type(numerator) is int is type(denominator):
            pass
        elif isinstance(numerator, _numbers.Rational) and isinstance(denominator, _numbers.Rational):
            numerator, denominator = (
                numerator.numerator * denominator.denominator,
                denominator.numerator * numerator.denominator,
            )
        else:
            raise TypeError("both arguments should be Rational instances")
        if denominator == 0:
            raise ZeroDivisionError(f"Fraction({numerator}, 0)")
        common = _gcd(numerator, denominator)
        if denominator < 0:
            common = -common
        self._numerator = numerator // common
        self._denominator = denominator // common
        return self

    @classmethod
    def from_float(cls, f):
        if isinstance(f, _numbers.Integral):
            return cls(f)
        if not isinstance(f, float):
            raise TypeError(f"{cls.__name__}.from_float() only takes floats, not {f!r} ({type(f).__name__})")
        return cls(*f.as_integer_ratio())

    @classmethod
    def from_decimal(cls, dec):
        if isinstance(dec, _numbers.Integral):
            return cls(int(dec))
        return cls(*dec.as_integer_ratio())

    def as_integer_ratio(self):
        return self._numerator, self._denominator

    def limit_denominator(self, max_denominator=1000000):
        """The nearest fraction whose denominator is not greater."""
        if max_denominator < 1:
            raise ValueError("max_denominator should be at least 1")
        if self._denominator <= max_denominator:
            return Fraction(self)
        p0, q0, p1, q1 = 0, 1, 1, 0
        n, d = self._numerator, self._denominator
        while True:
            a = n // d
            q2 = q0 + a * q1
            if q2 > max_denominator:
                break
            p0, q0, p1, q1 = p1, q1, p0 + a * p1, q2
            n, d = d, n - a * d
        k = (max_denominator - q0) // q1
        first = Fraction(p0 + k * p1, q0 + k * q1)
        second = Fraction(p1, q1)
        return second if abs(second - self) <= abs(first - self) else first

    @property
    def numerator(self):
        return self._numerator

    @property
    def denominator(self):
        return self._denominator

    def __repr__(self):
        return f"{type(self).__name__}({self._numerator}, {self._denominator})"

    def __str__(self):
        return str(self._numerator) if self._denominator == 1 else f"{self._numerator}/{self._denominator}"

    # As Knuth has it: the common factors of small numbers instead of those of their product.

    def _add(a, b):
        na, da = a._numerator, a._denominator
        nb, db = b._numerator, b._denominator
        common = _gcd(da, db)
        if common == 1:
            return _reduced(na * db + da * nb, da * db)
        rest = da // common
        sum = na * (db // common) + nb * rest
        common = _gcd(sum, common)
        if common == 1:
            return _reduced(sum, rest * db)
        return _reduced(sum // common, rest * (db // common))

    def _sub(a, b):
        na, da = a._numerator, a._denominator
        nb, db = b._numerator, b._denominator
        common = _gcd(da, db)
        if common == 1:
            return _reduced(na * db - da * nb, da * db)
        rest = da // common
        sum = na * (db // common) - nb * rest
        common = _gcd(sum, common)
        if common == 1:
            return _reduced(sum, rest * db)
        return _reduced(sum // common, rest * (db // common))

    def _mul(a, b):
        na, da = a._numerator, a._denominator
        nb, db = b._numerator, b._denominator
        common = _gcd(na, db)
        if common > 1:
            na //= common
            db //= common
        common = _gcd(nb, da)
        if common > 1:
            nb //= common
            da //= common
        return _reduced(na * nb, db * da)

    def _div(a, b):
        na, da = a._numerator, a._denominator
        nb, db = b._numerator, b._denominator
        common = _gcd(na, nb)
        if common > 1:
            na //= common
            nb //= common
        common = _gcd(db, da)
        if common > 1:
            da //= common
            db //= common
        n, d = na * db, nb * da
        if d == 0:
            raise ZeroDivisionError(f"Fraction({n}, 0)")
        return _reduced(-n, -d) if d < 0 else _reduced(n, d)

    def _floordiv(a, b):
        return (a.numerator * b.denominator) // (a.denominator * b.numerator)

    def _divmod(a, b):
        below = a.denominator * b.denominator
        quotient, rest = divmod(a.numerator * b.denominator, a.denominator * b.numerator)
        return quotient, _made(rest, below)

    def _mod(a, b):
        return _made(
            (a.numerator * b.denominator) % (b.numerator * a.denominator), a.denominator * b.denominator
        )

    def __pow__(a, b):
        if not isinstance(b, _numbers.Rational):
            return float(a) ** b
        if b.denominator != 1:
            return float(a) ** float(b)
        power = b.numerator
        if power >= 0:
            return _made(a._numerator**power, a._denominator**power)
        if a._numerator == 0:
            raise ZeroDivisionError(f"Fraction({a._denominator ** -power}, 0)")
        return _made(a._denominator**-power, a._numerator**-power)

    def __rpow__(b, a):
        if b._denominator == 1 and b._numerator >= 0:
            return a**b._numerator
        if isinstance(a, _numbers.Rational):
            return Fraction(a.numerator, a.denominator) ** b
        if b._denominator == 1:
            return a**b._numerator
        return a ** float(b)

    def __pos__(a):
        return _reduced(a._numerator, a._denominator)

    def __neg__(a):
        return _reduced(-a._numerator, a._denominator)

    def __abs__(a):
        return _reduced(abs(a._numerator), a._denominator)

    def __int__(a):
        return -(-a._numerator // a._denominator) if a._numerator < 0 else a._numerator // a._denominator

    __trunc__ = __int__

    def __floor__(a):
        return a._numerator // a._denominator

    def __ceil__(a):
        return -(-a._numerator // a._denominator)

    def __round__(self, ndigits=None):
        if ndigits is None:
            floor, rest = divmod(self._numerator, self._denominator)
            if rest * 2 < self._denominator:
                return floor
            if rest * 2 > self._denominator:
                return floor + 1
            return floor if floor % 2 == 0 else floor + 1
        shift = 10 ** abs(ndigits)
        if ndigits > 0:
            return Fraction(round(self * shift), shift)
        return Fraction(round(self / shift) * shift)

    def __hash__(self):
        try:
            inverse = pow(self._denominator, -1, _MODULUS)
        except ValueError:
            result = _INFINITY
        else:
            result = hash(hash(abs(self._numerator)) * inverse)
        if self._numerator < 0:
            result = -result
        return -2 if result == -1 else result

    def __eq__(a, b):
        if type(b) is int:
            return a._numerator == b and a._denominator == 1
        if type(b) is Fraction:
            return a._numerator == b._numerator and a._denominator == b._denominator
        if isinstance(b, _numbers.Rational):
            return a._numerator == b.numerator and a._denominator == b.denominator
        if isinstance(b, _numbers.Complex) and b.imag == 0:
            b = b.real
        if isinstance(b, float):
            if _math.isnan(b) or _math.isinf(b):
                return 0.0 == b
            return a == a.from_float(b)
        return NotImplemented

    def _compare(self, other, operation):
        if type(other) is Fraction:
            return operation(self._numerator * other._denominator, self._denominator * other._numerator)
        if isinstance(other, _numbers.Rational):
            return operation(self._numerator * other.denominator, self._denominator * other.numerator)
        if isinstance(other, float):
            if _math.isnan(other) or _math.isinf(other):
                return operation(0.0, other)
            return operation(self, self.from_float(other))
        return NotImplemented

    def __lt__(a, b):
        return a._compare(b, _operator.lt)

    def __gt__(a, b):
        return a._compare(b, _operator.gt)

    def __le__(a, b):
        return a._compare(b, _operator.le)

    def __ge__(a, b):
        return a._compare(b, _operator.ge)

    def __bool__(a):
        return bool(a._numerator)

    def __reduce__(self):
        return type(self), (self._numerator, self._denominator)

    def __copy__(self):
        return self if type(self) is Fraction else type(self)(self._numerator, self._denominator)

    def __deepcopy__(self, memo):
        return self.__copy__()


def _made(numerator, denominator):
    return Fraction(numerator, denominator)


def _reduced(numerator, denominator):
    """Of a numerator and a positive denominator without common factors."""
    self = _new(Fraction)
    self._numerator = numerator
    self._denominator = denominator
    return self


def _exactly(number):
    return number if isinstance(number, Fraction) else _reduced(number.numerator, number.denominator)


def _operations(name, exact, other):
    """The operator and the reflected one: exact with rational numbers, else that of floats or complex numbers."""

    def forward(a, b):
        if type(b) is Fraction:
            return exact(a, b)
        if isinstance(b, (int, Fraction)):
            return exact(a, _exactly(b))
        if isinstance(b, float):
            return other(float(a), b)
        if isinstance(b, complex):
            return other(complex(a), b)
        return NotImplemented

    def reverse(b, a):
        if isinstance(a, _numbers.Rational):
            return exact(_exactly(a), b)
        if isinstance(a, _numbers.Real):
            return other(float(a), float(b))
        if isinstance(a, _numbers.Complex):
            return other(complex(a), complex(b))
        return NotImplemented

    forward.__name__ = f"__{name}__"
    reverse.__name__ = f"__r{name}__"
    setattr(Fraction, forward.__name__, forward)
    setattr(Fraction, reverse.__name__, reverse)


for _name, _exact, _other in (
    ("add", Fraction._add, _operator.add),
    ("sub", Fraction._sub, _operator.sub),
    ("mul", Fraction._mul, _operator.mul),
    ("truediv", Fraction._div, _operator.truediv),
    ("floordiv", Fraction._floordiv, _operator.floordiv),
    ("divmod", Fraction._divmod, divmod),
    ("mod", Fraction._mod, _operator.mod),
):
    _operations(_name, _exact, _other)
del _name, _exact, _other
import abc as _abc

_abc.update_abstractmethods(Fraction)
