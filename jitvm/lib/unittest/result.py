"""TestResult: what became of the tests; as text on a stream."""

class TestResult:
    def __init__(self, stream=None, descriptions=None, verbosity=None):
        self.failfast = False
        self.buffer = False
        self.failures = []
        self.errors = []
        self.testsRun = 0
        self.skipped = []
        self.expectedFailures = []
        self.unexpectedSuccesses = []
        self.shouldStop = False
        self.tb_locals = False

    def __repr__(self):
        module = 'unittest.runner' if type(self) is TextTestResult else type(self).__module__
        return '<%s.%s run=%i errors=%i failures=%i>' % (module, type(self).__qualname__, self.testsRun, len(self.errors), len(self.failures))

    def startTest(self, test):
        self.testsRun += 1

    def stopTest(self, test):
        pass

    def startTestRun(self):
        pass

    def stopTestRun(self):
        pass

    def stop(self):
        self.shouldStop = True

    def _text(self, test, info):
        format_exception = _formatter()
        trace = info[2]
        # Frames of the assertions themselves are not shown.
        while trace is not None and trace.tb_next is not None and _is_own(trace):
            trace = trace.tb_next
        if issubclass(info[0], test.failureException):
            return ''.join(_without_own(format_exception, info, trace))
        lines = format_exception(info[0], info[1], trace)
        return ''.join([line for line in lines if not line.startswith('  File "<embedded unittest.')])

    def _bad(self):
        if self.failfast:
            self.stop()

    def addError(self, test, err):
        self.errors.append((test, self._text(test, err)))
        self._bad()

    def addFailure(self, test, err):
        self.failures.append((test, self._text(test, err)))
        self._bad()

    def addSubTest(self, test, subtest, err):
        if err is not None:
            to = self.failures if issubclass(err[0], test.failureException) else self.errors
            to.append((subtest, self._text(test, err)))
            self._bad()

    def addSuccess(self, test):
        pass

    def addSkip(self, test, reason):
        self.skipped.append((test, reason))

    def addExpectedFailure(self, test, err):
        self.expectedFailures.append((test, self._text(test, err)))

    def addUnexpectedSuccess(self, test):
        self.unexpectedSuccesses.append(test)
        self._bad()

    def wasSuccessful(self):
        return not self.failures and not self.errors and not self.unexpectedSuccesses


def _formatter():
    try:
        from traceback import format_exception
        return format_exception
    except ImportError:
        return _short_text


def _short_text(kind, error, trace):
    """The text of an exception without the places it passed."""
    text = str(error)
    return ['Traceback (most recent call last):\n', '%s: %s\n' % (kind.__name__, text) if text else kind.__name__ + '\n']


def _is_own(trace):
    frame = getattr(trace, 'tb_frame', None)
    if frame is None:
        return False
    names = frame.f_globals
    name = names.get('__name__', '') if isinstance(names, dict) else getattr(names, '__name__', '')
    return name == 'unittest' or name.startswith('unittest.')


def _without_own(format_exception, info, trace):
    """The lines of a failure up to the assertion that was called."""
    lines = format_exception(info[0], info[1], trace)
    return [line for line in lines if not (line.startswith('  File ') and 'unittest' in line.split('\n')[0])]


class TextTestResult(TestResult):
    separator1 = '=' * 70
    separator2 = '-' * 70

    def __init__(self, stream, descriptions, verbosity):
        TestResult.__init__(self)
        self.stream = stream
        self.descriptions = descriptions
        self.showAll = verbosity > 1
        self.dots = verbosity == 1
        self._line_open = False

    def getDescription(self, test):
        first_line = test.shortDescription()
        return '%s\n%s' % (test, first_line) if self.descriptions and first_line else str(test)

    def startTest(self, test):
        TestResult.startTest(self, test)
        if self.showAll:
            self.stream.write(self.getDescription(test) + ' ... ')
            self.stream.flush()
            self._line_open = True

    def _show(self, word, dot, test=None):
        if self.showAll:
            if test is not None and not self._line_open:
                self.stream.write(self.getDescription(test) + ' ... ')
            self.stream.write(word + '\n')
            self._line_open = False
        elif self.dots:
            self.stream.write(dot)
        self.stream.flush()

    def addSubTest(self, test, subtest, err):
        if err is not None:
            if self.showAll and self._line_open:
                self.stream.write('\n')
                self._line_open = False
            word = 'FAIL' if issubclass(err[0], subtest.failureException) else 'ERROR'
            if self.showAll:
                self.stream.write('  %s ... ' % subtest)
            self._show(word, word[0])
        TestResult.addSubTest(self, test, subtest, err)

    def addSuccess(self, test):
        self._show('ok', '.', test)

    def addError(self, test, err):
        TestResult.addError(self, test, err)
        self._show('ERROR', 'E', test)

    def addFailure(self, test, err):
        TestResult.addFailure(self, test, err)
        self._show('FAIL', 'F', test)

    def addSkip(self, test, reason):
        TestResult.addSkip(self, test, reason)
        self._show('skipped %r' % (reason,), 's', test)

    def addExpectedFailure(self, test, err):
        TestResult.addExpectedFailure(self, test, err)
        self._show('expected failure', 'x', test)

    def addUnexpectedSuccess(self, test):
        TestResult.addUnexpectedSuccess(self, test)
        self._show('unexpected success', 'u', test)

    def printErrors(self):
        if self.dots or self.showAll:
            self.stream.write('\n')
        for kind, problems in (('ERROR', self.errors), ('FAIL', self.failures)):
            for test, text in problems:
                self.stream.write('%s\n%s: %s\n%s\n%s\n' % (
                    self.separator1, kind, self.getDescription(test), self.separator2, text))
        for test in self.unexpectedSuccesses:
            if test is self.unexpectedSuccesses[0]:
                self.stream.write(self.separator1 + '\n')
            self.stream.write('UNEXPECTED SUCCESS: %s\n' % self.getDescription(test))
        self.stream.flush()
