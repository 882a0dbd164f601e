"""Functions of complex numbers."""

import math
from math import e, inf, nan, pi, tau

infj, nanj = complex(0.0, inf), complex(0.0, nan)


def _complex(z):
    if isinstance(z, (complex, float, int)):
        return complex(z)
    for name in ("__complex__", "__float__", "__index__"):
        if hasattr(type(z), name):
            return complex(z)
    raise TypeError("must be real number, not %s" % type(z).__name__)


# Results for arguments that are not finite, as C has them: for each real part of -inf, negative, -0.0, 0.0, positive, inf and
# nan all such imaginary parts (only the infinite and nan behind a finite real part). Two letters are a real and an imaginary
# part; `ee` is an error, and `??` depends on the imaginary part.
_SPECIAL = {
    "acos": "tI pI pI pJ pJ tJ nI hI hJ nn hI hJ hn hI hJ hn hI hJ nn fI 0I 0I 0J 0J fJ nI nI nn nn nn nn nJ nn",
    "acosh": "Iu Iq Iq Ip Ip It In Ii Ih nn Ii Ih nn Ii Ih nn Ii Ih nn Ig Io Io I0 I0 If In In nn nn nn nn In nn",
    "asinh": "Jg Jo Jo J0 J0 Jf Jn Ji Jh nn Ji Jh nn Ii Ih nn Ii Ih nn Ig Io Io I0 I0 If In In nn no n0 nn In nn",
    "atanh": "oi oi oi oh oh oh on oi oh nn oi oh on 0i 0h 0n 0i 0h nn 0i 0i 0i 0h 0h 0h 0n 0i nn nn nn nn 0h nn",
    "cosh": "ee ?? I0 Io ?? ee In ee ee nn ee ee n0 ee ee n0 ee ee nn ee ?? Io I0 ?? ee In nn nn n0 n0 nn nn nn",
    "exp": "00 ?? 0o 00 ?? 00 00 ee ee nn ee ee nn ee ee nn ee ee nn ee ?? Io I0 ?? ee In nn nn no n0 nn nn nn",
    "log": "Iu Iq Iq Ip Ip It In Ii Ih nn Ii Ih nn Ii Ih nn Ii Ih nn Ig Io Io I0 I0 If In In nn nn nn nn In nn",
    "sinh": "ee ?? Jo J0 ?? ee In ee ee nn ee ee 0n ee ee 0n ee ee nn ee ?? Io I0 ?? ee In nn nn no n0 nn nn nn",
    "sqrt": "IJ 0J 0J 0I 0I II nI IJ II nn IJ II nn IJ II nn IJ II nn IJ Io Io I0 I0 II In IJ nn nn nn nn II nn",
    "tanh": "20 ?? 2o 20 ?? 20 20 ee ee nn ee ee nn ee ee nn ee ee nn 10 ?? 1o 10 ?? 10 10 nn nn no n0 nn nn nn",
    "rect": "ee ?? J0 Jo ?? ee In ee ee nn 00 00 00 00 00 00 ee ee nn ee ?? Io I0 ?? ee In nn nn n0 n0 nn nn nn",
}
_LETTERS = {"n": nan, "I": inf, "J": -inf, "p": pi, "q": -pi, "h": pi / 2, "i": -pi / 2, "f": pi / 4, "g": -pi / 4,
            "t": 3 * pi / 4, "u": -3 * pi / 4, "1": 1.0, "2": -1.0, "0": 0.0, "o": -0.0}


def _kind(x):
    if x != x:
        return 6
    if math.isinf(x):
        return 5 if x > 0 else 0
    if x == 0:
        return 2 if math.copysign(1.0, x) < 0 else 3
    return 1 if x < 0 else 4


def _special(name, x, y):
    """The result of a function for arguments that are not both finite; None where it depends on `y`."""
    row, column = _kind(x), _kind(y)
    if row in (0, 5, 6):
        place = {0: 0, 5: 19, 6: 26}[row] + column
    else:
        place = 7 + (row - 1) * 3 + {0: 0, 5: 1, 6: 2}[column]
    real, imaginary = _SPECIAL[name].split()[place]
    if real == "e":
        raise ValueError("math domain error")
    if real == "?":
        return None
    return complex(_LETTERS[real], _LETTERS[imaginary])


def _real(x):
    return math.ldexp(x, 0)


def phase(z, /):
    z = _complex(z)
    return math.atan2(z.imag, z.real)


def polar(z, /):
    z = _complex(z)
    return abs(z), phase(z)


def rect(r, phi, /):
    r, phi = _real(r), _real(phi)
    if not (math.isfinite(r) and math.isfinite(phi)):
        result = _special("rect", r, phi)
        if result is None:
            result = complex(math.copysign(inf, math.cos(phi)), math.copysign(inf, math.sin(phi)))
            result = result if r > 0 else -result
        return result
    if phi == 0:
        return complex(r, r * phi)
    return complex(r * math.cos(phi), r * math.sin(phi))


def isnan(z, /):
    z = _complex(z)
    return math.isnan(z.real) or math.isnan(z.imag)


def isinf(z, /):
    z = _complex(z)
    return math.isinf(z.real) or math.isinf(z.imag)


def isfinite(z, /):
    z = _complex(z)
    return math.isfinite(z.real) and math.isfinite(z.imag)


def isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0):
    a, b = _complex(a), _complex(b)
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if isinf(a) or isinf(b):
        return False
    return abs(a - b) <= max(rel_tol * max(abs(a), abs(b)), abs_tol)


def sqrt(z, /):
    z = _complex(z)
    a, b = z.real, z.imag
    if a == 0 and b == 0:
        return complex(0.0, b)
    if not isfinite(z):
        return _special("sqrt", a, b)
    x, y = abs(a) / 8.0, abs(b)
    if x < 2.2250738585072014e-308 and y < 2.2250738585072014e-308:
        x = math.ldexp(x, 54)
        s = math.ldexp(math.sqrt(x + math.hypot(x, math.ldexp(y, 54) / 8.0)) * 2.0, -27) if x or y else 0.0
    else:
        s = 2.0 * math.sqrt(x + math.hypot(x, y / 8.0))
    d = y / (2.0 * s)
    return complex(s, math.copysign(d, b)) if a >= 0 else complex(d, math.copysign(s, b))


def exp(z, /):
    z = _complex(z)
    if math.isfinite(z.real) and math.isfinite(z.imag):
        if z.real > 708.7:
            scale = math.exp(z.real - 1.0)
            result = complex(scale * math.cos(z.imag) * e, scale * math.sin(z.imag) * e)
        else:
            scale = math.exp(z.real)
            result = complex(scale * math.cos(z.imag), scale * math.sin(z.imag))
        if isinf(result):
            raise OverflowError("math range error")
        return result
    result = _special("exp", z.real, z.imag)
    if result is None:
        size = inf if z.real > 0 else 0.0
        result = complex(math.copysign(size, math.cos(z.imag)), math.copysign(size, math.sin(z.imag)))
    return result


def _log(z):
    a, b = abs(z.real), abs(z.imag)
    if a == 0 and b == 0:
        raise ValueError("math domain error")
    if not isfinite(z):
        return _special("log", z.real, z.imag)
    if a > 4e307 or b > 4e307:
        size = math.log(math.hypot(a / 2.0, b / 2.0)) + math.log(2.0)
    elif a < 2.2250738585072014e-308 and b < 2.2250738585072014e-308:
        size = math.log(math.hypot(math.ldexp(a, 53), math.ldexp(b, 53))) - 53 * math.log(2.0)
    else:
        h = math.hypot(a, b)
        if 0.71 <= h <= 1.73:
            big, small = max(a, b), min(a, b)
            size = math.log1p((big - 1) * (big + 1) + small * small) / 2.0
        else:
            size = math.log(h)
    return complex(size, math.atan2(z.imag, z.real))


def log(z, base=_log, /):
    z = _complex(z)
    if base is _log:
        return _log(z)
    # A base makes a result of what is an error without one.
    top = complex(-inf, math.atan2(z.imag, z.real)) if z == 0 else _log(z)
    bottom = _log(_complex(base))
    if bottom == 0:
        raise ValueError("math domain error")
    return top / bottom


def log10(z, /):
    result = _log(_complex(z))
    return complex(result.real / math.log(10.0), result.imag / math.log(10.0))


def cosh(z, /):
    z = _complex(z)
    if not isfinite(z):
        result = _special("cosh", z.real, z.imag)
        if result is None:
            result = complex(math.copysign(inf, math.cos(z.imag)), math.copysign(inf, math.sin(z.imag) * z.real))
        return result
    if math.isfinite(z.real) and abs(z.real) > 708.7:
        x = z.real - math.copysign(1.0, z.real)
        return complex(math.cos(z.imag) * math.cosh(x) * e, math.sin(z.imag) * math.sinh(x) * e)
    return complex(math.cos(z.imag) * math.cosh(z.real), math.sin(z.imag) * math.sinh(z.real))


def sinh(z, /):
    z = _complex(z)
    if not isfinite(z):
        result = _special("sinh", z.real, z.imag)
        if result is None:
            result = complex(math.copysign(inf, math.cos(z.imag) * z.real), math.copysign(inf, math.sin(z.imag)))
        return result
    if math.isfinite(z.real) and abs(z.real) > 708.7:
        x = z.real - math.copysign(1.0, z.real)
        return complex(math.cos(z.imag) * math.sinh(x) * e, math.sin(z.imag) * math.cosh(x) * e)
    return complex(math.cos(z.imag) * math.sinh(z.real), math.sin(z.imag) * math.cosh(z.real))


def tanh(z, /):
    z = _complex(z)
    if not isfinite(z):
        result = _special("tanh", z.real, z.imag)
        if result is None:
            result = complex(math.copysign(1.0, z.real), 0.0 if math.sin(z.imag) * math.cos(z.imag) >= 0 else -0.0)
        return result
    if abs(z.real) > 354:
        return complex(math.copysign(1.0, z.real),
                       4.0 * math.sin(z.imag) * math.cos(z.imag) * math.exp(-2.0 * abs(z.real)))
    tx, ty = math.tanh(z.real), math.tan(z.imag)
    cx = 1.0 / math.cosh(z.real)
    txty = tx * ty
    denominator = 1.0 + txty * txty
    return complex(tx * (1.0 + ty * ty) / denominator, ((ty / denominator) * cx) * cx)


def _turned(function, z):
    """-i f(iz)."""
    z = _complex(z)
    result = function(complex(-z.imag, z.real))
    return complex(result.imag, -result.real)


def cos(z, /):
    z = _complex(z)
    return cosh(complex(-z.imag, z.real))


def sin(z, /):
    return _turned(sinh, z)


def tan(z, /):
    return _turned(tanh, z)


def asinh(z, /):
    z = _complex(z)
    if not isfinite(z):
        return _special("asinh", z.real, z.imag)
    s1 = sqrt(complex(1.0 + z.imag, -z.real))
    s2 = sqrt(complex(1.0 - z.imag, z.real))
    return complex(math.asinh(s1.real * s2.imag - s2.real * s1.imag),
                   math.atan2(z.imag, s1.real * s2.real - s1.imag * s2.imag))


def asin(z, /):
    return _turned(asinh, z)


def acos(z, /):
    z = _complex(z)
    if not isfinite(z):
        return _special("acos", z.real, z.imag)
    s1 = sqrt(complex(1.0 - z.real, -z.imag))
    s2 = sqrt(complex(1.0 + z.real, z.imag))
    return complex(2.0 * math.atan2(s1.real, s2.real), math.asinh(s2.real * s1.imag - s2.imag * s1.real))


def acosh(z, /):
    z = _complex(z)
    if not isfinite(z):
        return _special("acosh", z.real, z.imag)
    s1 = sqrt(complex(z.real - 1.0, z.imag))
    s2 = sqrt(complex(z.real + 1.0, z.imag))
    return complex(math.asinh(s1.real * s2.real + s1.imag * s2.imag), 2.0 * math.atan2(s1.imag, s2.real))


def atanh(z, /):
    z = _complex(z)
    if not isfinite(z):
        return _special("atanh", z.real, z.imag)
    if z.real < 0 or z.real == 0 and math.copysign(1.0, z.real) < 0:
        return -atanh(-z)
    ay = abs(z.imag)
    if z.real > 6.7e153 or ay > 6.7e153:
        h = math.hypot(z.real / 2.0, z.imag / 2.0)
        return complex(z.real / 4.0 / h / h, -math.copysign(pi / 2.0, -z.imag))
    if z.real == 1.0 and ay < 1.5e-154:
        if ay == 0.0:
            raise ValueError("math domain error")
        return complex(-math.log(math.sqrt(ay) / math.sqrt(math.hypot(ay, 2.0))),
                       math.copysign(math.atan2(2.0, -ay) / 2, z.imag))
    return complex(math.log1p(4.0 * z.real / ((1 - z.real) * (1 - z.real) + ay * ay)) / 4.0,
                   -math.atan2(-2.0 * z.imag, (1 - z.real) * (1 + z.real) - ay * ay) / 2.0)


def atan(z, /):
    return _turned(atanh, z)
