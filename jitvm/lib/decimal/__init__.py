"""Decimal floating-point arithmetic."""

from .context import (
    MAX_EMAX, MAX_PREC, MIN_EMIN, MIN_ETINY, ROUND_05UP, ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN,
    ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, BasicContext, Clamped, Context, ConversionSyntax, DecimalException,
    DefaultContext, DivisionByZero, DivisionImpossible, DivisionUndefined, ExtendedContext, FloatOperation, Inexact,
    InvalidContext, InvalidOperation, Overflow, Rounded, Subnormal, Underflow, getcontext, localcontext, setcontext)
from .number import Decimal
from . import methods as _methods

HAVE_THREADS = True
HAVE_CONTEXTVAR = True

Decimal.__module__ = 'decimal'

# The usual operations go without calling the methods.
import _jitvm as _vm
from . import context as _module
_vm.know_decimals(Decimal, Context, _module)
del _vm, _module


def __getattr__(name):
    if name == 'DecimalTuple':
        return type(Decimal(0).as_tuple())
    raise AttributeError("module 'decimal' has no attribute '%s'" % name)
