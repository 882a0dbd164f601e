"""Tests as methods of classes: cases, suites, a runner. No discovery of files."""

from .case import (
    FunctionTestCase, IsolatedAsyncioTestCase, SkipTest, TestCase, addModuleCleanup, doModuleCleanups, expectedFailure,
    skip, skipIf, skipUnless)
from .result import TestResult, TextTestResult
from .running import TestLoader, TestProgram, TestSuite, TextTestRunner, defaultTestLoader, main
