"""TestCase: one test with what it needs, and the assertions."""

class SkipTest(Exception):
    """The test is skipped."""


def _identity(obj):
    return obj


def skip(reason):
    def mark(item):
        item.__unittest_skip__ = True
        item.__unittest_skip_why__ = reason
        return item
    if callable(reason) and not isinstance(reason, str):
        item, reason = reason, ''
        return mark(item)
    return mark


def skipIf(condition, reason):
    return skip(reason) if condition else _identity


def skipUnless(condition, reason):
    return _identity if condition else skip(reason)


def expectedFailure(test_item):
    test_item.__unittest_expecting_failure__ = True
    return test_item


_module_cleanups = []


def addModuleCleanup(function, /, *args, **kwargs):
    _module_cleanups.append((function, args, kwargs))


def doModuleCleanups():
    while _module_cleanups:
        function, args, kwargs = _module_cleanups.pop()
        function(*args, **kwargs)


def safe_repr(obj, short=False):
    try:
        text = repr(obj)
    except Exception:
        text = object.__repr__(obj)
    return text[:80] + ' [truncated]...' if short and len(text) >= 80 else text


class _Raises:
    """The context of assertRaises and its kin."""

    def __init__(self, case, expected, pattern=None):
        self.case = case
        self.expected = expected
        self.pattern = pattern
        self.msg = None

    def call(self, args, kwargs):
        if not args:
            self.msg = kwargs.pop('msg', None)
            if kwargs:
                raise TypeError('%r is an invalid keyword argument for this function' % next(iter(kwargs)))
            return self
        function, *rest = args
        self.name = getattr(function, '__name__', str(function))
        with self:
            function(*rest, **kwargs)
        return None

    def fail(self, text):
        raise self.case.failureException(self.case._formatMessage(self.msg, text))

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        if exc_type is None:
            expected = self.expected
            name = getattr(expected, '__name__', str(expected))
            called = getattr(self, 'name', None)
            self.fail('%s not raised by %s' % (name, called) if called else '%s not raised' % name)
        if not issubclass(exc_type, self.expected):
            return False
        self.exception = exc.with_traceback(None)
        if self.pattern is not None:
            if not _search(self.pattern, str(exc)):
                shown = self.pattern if isinstance(self.pattern, str) else self.pattern.pattern
                self.fail('"%s" does not match "%s"' % (shown, exc))
        return True


class _Warns:
    def __init__(self, case, expected, pattern=None):
        self.case, self.expected, self.pattern, self.msg = case, expected, pattern, None

    call = _Raises.call
    fail = _Raises.fail

    def __enter__(self):
        import warnings
        self._catcher = warnings.catch_warnings(record=True)
        self.warnings = self._catcher.__enter__()
        warnings.simplefilter('always', self.expected if isinstance(self.expected, type) else Warning)
        return self

    def __exit__(self, exc_type, exc, tb):
        self._catcher.__exit__(exc_type, exc, tb)
        if exc_type is not None:
            return
        seen = None
        for one in self.warnings:
            if isinstance(one.message, self.expected):
                seen = one.message
                if self.pattern is None or _search(self.pattern, str(seen)):
                    self.warning, self.filename, self.lineno = one.message, one.filename, one.lineno
                    return
        name = getattr(self.expected, '__name__', str(self.expected))
        if seen is not None:
            self.fail('"%s" does not match "%s"' % (self.pattern, seen))
        self.fail('%s not triggered' % name)


class _Logs:
    def __init__(self, case, logger, level, wanted):
        import logging
        self.case = case
        self.logger = logging.getLogger(logger) if logger is None or isinstance(logger, str) else logger
        self.level = logging._check_level(level) if level else logging.INFO
        self.wanted = wanted
        self.records = []
        self.output = []

    def __enter__(self):
        import logging
        watch = self

        class Capture(logging.Handler):
            def emit(self, record):
                watch.records.append(record)
                watch.output.append('%s:%s:%s' % (record.levelname, record.name, record.getMessage()))

        self.saved = self.logger.handlers[:], self.logger.level, self.logger.propagate
        self.handler = Capture()
        self.logger.handlers = [self.handler]
        self.logger.setLevel(self.level)
        self.logger.propagate = False
        return self

    def __exit__(self, exc_type, exc, tb):
        from logging import getLevelName
        self.logger.handlers, level, self.logger.propagate = self.saved
        self.logger.setLevel(level)
        self.handler.close()
        if exc_type is not None:
            return False
        if self.wanted and not self.records:
            raise self.case.failureException('no logs of level %s or higher triggered on %s' % (
                getLevelName(self.level), self.logger.name))
        if not self.wanted and self.records:
            raise self.case.failureException('Unexpected logs found: %r' % (self.output,))


def _search(pattern, text):
    if isinstance(pattern, (str, bytes)):
        import re
        return re.search(pattern, text)
    return pattern.search(text)


class _SubTest:
    """A part of a test, with what it was given."""

    def __init__(self, case, message, params):
        self.test_case = case
        self.message = message
        self.params = params
        self.failureException = case.failureException

    def id(self):
        return '%s %s' % (self.test_case.id(), self._description())

    def _description(self):
        parts = [] if self.message is None else ['[%s]' % (self.message,)]
        if self.params:
            parts.append('(%s)' % ', '.join(['%s=%s' % (k, safe_repr(v)) for k, v in self.params.items()]))
        return ' '.join(parts) or '(<subtest>)'

    def shortDescription(self):
        return self.test_case.shortDescription()

    def __str__(self):
        return '%s %s' % (self.test_case, self._description())


class _SubTestContext:
    def __init__(self, case, message, params):
        self.case = case
        outer = case._subtest
        self.subtest = _SubTest(case, message, {**outer.params, **params} if outer is not None else params)

    def __enter__(self):
        self.outer, self.case._subtest = self.case._subtest, self.subtest

    def __exit__(self, exc_type, exc, tb):
        self.case._subtest = self.outer
        if exc_type is None or not issubclass(exc_type, Exception):
            return False
        outcome = self.case._outcome
        if outcome is None:
            return False
        if issubclass(exc_type, SkipTest):
            outcome.addSkip(self.subtest, str(exc))
            return True
        self.case._subtests_failed = True
        if self.case._expects_failure:
            self.case._expected_error = (exc_type, exc, tb)
            return True
        outcome.addSubTest(self.case, self.subtest, (exc_type, exc, tb))
        return not outcome.failfast


class TestCase:
    failureException = AssertionError
    longMessage = True
    maxDiff = 640
    _class_cleanups = []
    _outcome = None
    _subtest = None

    def __init_subclass__(cls, *args, **kwargs):
        cls._class_cleanups = []
        super().__init_subclass__(*args, **kwargs)

    def __init__(self, methodName='runTest'):
        self._testMethodName = methodName
        self._cleanups = []
        self._equalities = {}
        method = getattr(self, methodName, None)
        if method is None and methodName != 'runTest':
            raise ValueError('no such test method in %s: %s' % (type(self), methodName))
        self._testMethodDoc = getattr(method, '__doc__', None)

    def setUp(self):
        pass

    def tearDown(self):
        pass

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def countTestCases(self):
        return 1

    def defaultTestResult(self):
        from .result import TestResult
        return TestResult()

    def shortDescription(self):
        return self._testMethodDoc.strip().split('\n')[0].strip() if self._testMethodDoc else None

    def id(self):
        return '%s.%s.%s' % (type(self).__module__, type(self).__qualname__, self._testMethodName)

    def __str__(self):
        kind = type(self)
        return '%s (%s.%s.%s)' % (self._testMethodName, kind.__module__, kind.__qualname__, self._testMethodName)

    def __repr__(self):
        return '<%s.%s testMethod=%s>' % (type(self).__module__, type(self).__qualname__, self._testMethodName)

    def __eq__(self, other):
        return type(self) is type(other) and self._testMethodName == other._testMethodName

    def __hash__(self):
        return hash((type(self), self._testMethodName))

    def addTypeEqualityFunc(self, typeobj, function):
        self._equalities[typeobj] = function

    def addCleanup(self, function, /, *args, **kwargs):
        self._cleanups.append((function, args, kwargs))

    def enterContext(self, cm):
        result = cm.__enter__()
        self.addCleanup(cm.__exit__, None, None, None)
        return result

    @classmethod
    def addClassCleanup(cls, function, /, *args, **kwargs):
        cls._class_cleanups.append((function, args, kwargs))

    @classmethod
    def doClassCleanups(cls):
        while cls._class_cleanups:
            function, args, kwargs = cls._class_cleanups.pop()
            function(*args, **kwargs)

    def doCleanups(self):
        while self._cleanups:
            function, args, kwargs = self._cleanups.pop()
            self._part(function, *args, **kwargs)

    def skipTest(self, reason):
        raise SkipTest(reason)

    def subTest(self, msg=None, **params):
        return _SubTestContext(self, msg, params)

    def __call__(self, *args, **kwargs):
        return self.run(*args, **kwargs)

    def debug(self):
        self.setUp()
        getattr(self, self._testMethodName)()
        self.tearDown()

    def _call(self, function, *args, **kwargs):
        function(*args, **kwargs)

    def _part(self, function, *args, **kwargs):
        """Runs a part of the test; reports what it raises. Returns whether it raised nothing."""
        try:
            self._call(function, *args, **kwargs)
            return True
        except KeyboardInterrupt:
            raise
        except SkipTest as error:
            self._outcome.addSkip(self, str(error))
        except BaseException as error:
            info = type(error), error, error.__traceback__
            if self._expects_failure:
                self._expected_error = info
            elif isinstance(error, self.failureException):
                self._outcome.addFailure(self, info)
            else:
                self._outcome.addError(self, info)
        return False

    def run(self, result=None):
        if result is None:
            result = self.defaultTestResult()
        result.startTest(self)
        try:
            method = getattr(self, self._testMethodName)
            for marked in (type(self), method):
                if getattr(marked, '__unittest_skip__', False):
                    result.addSkip(self, getattr(marked, '__unittest_skip_why__', ''))
                    return result
            self._expects_failure = (getattr(self, '__unittest_expecting_failure__', False)
                                     or getattr(method, '__unittest_expecting_failure__', False))
            self._expected_error = None
            self._subtests_failed = False
            self._outcome = result
            passed = self._part(self.setUp)
            if passed:
                passed = self._part(method)
                passed = self._part(self.tearDown) and passed
            before = len(result.errors) + len(result.failures)
            self.doCleanups()
            passed = passed and before == len(result.errors) + len(result.failures)
            self._outcome = None
            if self._expects_failure:
                if self._expected_error is not None:
                    result.addExpectedFailure(self, self._expected_error)
                elif passed:
                    result.addUnexpectedSuccess(self)
            elif passed and not self._subtests_failed:
                result.addSuccess(self)
            return result
        finally:
            result.stopTest(self)

    # --- assertions -------------------------------------------------------------------------------------------------

    def _formatMessage(self, msg, standardMsg):
        if msg is None:
            return standardMsg
        return '%s : %s' % (standardMsg, msg) if self.longMessage else msg

    def _fail(self, msg, text):
        raise self.failureException(self._formatMessage(msg, text))

    def fail(self, msg=None):
        raise self.failureException(msg)

    def assertTrue(self, expr, msg=None):
        if not expr:
            self._fail(msg, '%s is not true' % safe_repr(expr))

    def assertFalse(self, expr, msg=None):
        if expr:
            self._fail(msg, '%s is not false' % safe_repr(expr))

    def assertEqual(self, first, second, msg=None):
        if type(first) is type(second):
            special = self._equalities.get(type(first))
            if special is not None:
                special(first, second, msg=msg)
                return
        if not first == second:
            from .differences import difference
            self._fail(msg, difference(first, second, self.maxDiff))

    assertMultiLineEqual = assertListEqual = assertTupleEqual = assertSetEqual = assertDictEqual = assertEqual

    def assertSequenceEqual(self, seq1, seq2, msg=None, seq_type=None):
        if list(seq1) != list(seq2):
            from .differences import difference
            self._fail(msg, difference(seq1, seq2, self.maxDiff))

    def assertNotEqual(self, first, second, msg=None):
        if not first != second:
            self._fail(msg, '%s == %s' % (safe_repr(first), safe_repr(second)))

    def assertIs(self, expr1, expr2, msg=None):
        if expr1 is not expr2:
            self._fail(msg, '%s is not %s' % (safe_repr(expr1), safe_repr(expr2)))

    def assertIsNot(self, expr1, expr2, msg=None):
        if expr1 is expr2:
            self._fail(msg, 'unexpectedly identical: %s' % safe_repr(expr1))

    def assertIsNone(self, obj, msg=None):
        if obj is not None:
            self._fail(msg, '%s is not None' % safe_repr(obj))

    def assertIsNotNone(self, obj, msg=None):
        if obj is None:
            self._fail(msg, 'unexpectedly None')

    def assertIn(self, member, container, msg=None):
        if member not in container:
            self._fail(msg, '%s not found in %s' % (safe_repr(member), safe_repr(container)))

    def assertNotIn(self, member, container, msg=None):
        if member in container:
            self._fail(msg, '%s unexpectedly found in %s' % (safe_repr(member), safe_repr(container)))

    def assertIsInstance(self, obj, cls, msg=None):
        if not isinstance(obj, cls):
            self._fail(msg, '%s is not an instance of %r' % (safe_repr(obj), cls))

    def assertNotIsInstance(self, obj, cls, msg=None):
        if isinstance(obj, cls):
            self._fail(msg, '%s is an instance of %r' % (safe_repr(obj), cls))

    def assertLess(self, a, b, msg=None):
        if not a < b:
            self._fail(msg, '%s not less than %s' % (safe_repr(a), safe_repr(b)))

    def assertLessEqual(self, a, b, msg=None):
        if not a <= b:
            self._fail(msg, '%s not less than or equal to %s' % (safe_repr(a), safe_repr(b)))

    def assertGreater(self, a, b, msg=None):
        if not a > b:
            self._fail(msg, '%s not greater than %s' % (safe_repr(a), safe_repr(b)))

    def assertGreaterEqual(self, a, b, msg=None):
        if not a >= b:
            self._fail(msg, '%s not greater than or equal to %s' % (safe_repr(a), safe_repr(b)))

    def _close(self, first, second, places, delta):
        """Whether they are near each other, and how the distance is shown."""
        if places is not None and delta is not None:
            raise TypeError('specify delta or places not both')
        distance = abs(first - second)
        if delta is not None:
            return distance <= delta, '%s delta (%s difference)' % (safe_repr(delta), safe_repr(distance))
        places = 7 if places is None else places
        return round(distance, places) == 0, '%r places (%s difference)' % (places, safe_repr(distance))

    def assertAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        if first == second:
            return
        close, shown = self._close(first, second, places, delta)
        if not close:
            self._fail(msg, '%s != %s within %s' % (safe_repr(first), safe_repr(second), shown))

    def assertNotAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        close, shown = self._close(first, second, places, delta)
        if first == second or close:
            within = shown if delta is not None else '%r places' % (7 if places is None else places)
            self._fail(msg, '%s == %s within %s' % (safe_repr(first), safe_repr(second), within))

    def assertCountEqual(self, first, second, msg=None):
        left, missing = list(first), []
        for item in second:
            if item in left:
                left.remove(item)
            else:
                missing.append(item)
        if left or missing:
            lines = ['First has %d, Second has %d:  %r' % (list(first).count(x), list(second).count(x), x)
                     for i, x in enumerate(missing + left) if x not in (missing + left)[:i]]
            self._fail(msg, 'Element counts were not equal:\n' + '\n'.join(lines))

    def assertRegex(self, text, expected_regex, msg=None):
        if not _search(expected_regex, text):
            shown = expected_regex if isinstance(expected_regex, str) else expected_regex.pattern
            self._fail(msg, "Regex didn't match: %r not found in %r" % (shown, text))

    def assertNotRegex(self, text, unexpected_regex, msg=None):
        if _search(unexpected_regex, text):
            shown = unexpected_regex if isinstance(unexpected_regex, str) else unexpected_regex.pattern
            self._fail(msg, 'Regex matched: %r matches %r in %r' % (
                _search(unexpected_regex, text).group(), shown, text))

    def assertRaises(self, expected_exception, *args, **kwargs):
        return _Raises(self, expected_exception).call(args, kwargs)

    def assertRaisesRegex(self, expected_exception, expected_regex, *args, **kwargs):
        return _Raises(self, expected_exception, expected_regex).call(args, kwargs)

    def assertWarns(self, expected_warning, *args, **kwargs):
        return _Warns(self, expected_warning).call(args, kwargs)

    def assertWarnsRegex(self, expected_warning, expected_regex, *args, **kwargs):
        return _Warns(self, expected_warning, expected_regex).call(args, kwargs)

    def assertLogs(self, logger=None, level=None):
        return _Logs(self, logger, level, True)

    def assertNoLogs(self, logger=None, level=None):
        return _Logs(self, logger, level, False)


class FunctionTestCase(TestCase):
    def __init__(self, testFunc, setUp=None, tearDown=None, description=None):
        TestCase.__init__(self)
        self._functions = testFunc, setUp, tearDown
        self._testMethodDoc = description or testFunc.__doc__

    def setUp(self):
        if self._functions[1] is not None:
            self._functions[1]()

    def tearDown(self):
        if self._functions[2] is not None:
            self._functions[2]()

    def runTest(self):
        self._functions[0]()

    def id(self):
        return self._functions[0].__name__


class IsolatedAsyncioTestCase(TestCase):
    async def asyncSetUp(self):
        pass

    async def asyncTearDown(self):
        pass

    def _call(self, function, *args, **kwargs):
        if function == self.setUp:
            function()
            self._runner.run(self.asyncSetUp())
        elif function == self.tearDown:
            self._runner.run(self.asyncTearDown())
            function()
        else:
            awaited = function(*args, **kwargs)
            if hasattr(awaited, '__await__'):
                self._runner.run(awaited)

    addAsyncCleanup = TestCase.addCleanup

    def run(self, result=None):
        import asyncio
        with asyncio.Runner() as self._runner:
            return TestCase.run(self, result)


def _old_name(name, new):
    def call(self, *args, **kwargs):
        import warnings
        warnings.warn("Please use %s instead." % new, DeprecationWarning, 2)
        return getattr(self, new)(*args, **kwargs)
    call.__name__ = call.__qualname__ = name
    return call


for _name, _new in {
        "failUnlessEqual": "assertEqual", "assertEquals": "assertEqual", "failIfEqual": "assertNotEqual",
        "assertNotEquals": "assertNotEqual", "failUnless": "assertTrue", "assert_": "assertTrue", "failIf": "assertFalse",
        "failUnlessRaises": "assertRaises", "failUnlessAlmostEqual": "assertAlmostEqual",
        "assertAlmostEquals": "assertAlmostEqual", "failIfAlmostEqual": "assertNotAlmostEqual",
        "assertNotAlmostEquals": "assertNotAlmostEqual", "assertRegexpMatches": "assertRegex",
        "assertNotRegexpMatches": "assertNotRegex", "assertRaisesRegexp": "assertRaisesRegex"}.items():
    setattr(TestCase, _name, _old_name(_name, _new))
