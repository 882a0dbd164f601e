"""Suites, finding the tests of classes and modules, running them from the command line."""

import sys as _sys
import time as _time

from .case import SkipTest, TestCase, doModuleCleanups
from .result import TestResult, TextTestResult


class _ClassProblem:
    """Stands for a class or module whose preparation failed."""

    failureException = AssertionError

    def __init__(self, description):
        self.description = description

    def id(self):
        return self.description

    def shortDescription(self):
        return None

    def __str__(self):
        return self.description

    def countTestCases(self):
        return 0


class TestSuite:
    def __init__(self, tests=()):
        self._tests = []
        self.addTests(tests)

    def __repr__(self):
        return '<unittest.suite.TestSuite tests=%s>' % (list(self),)

    def __iter__(self):
        return iter(self._tests)

    def __eq__(self, other):
        return type(self) is type(other) and list(self) == list(other)

    def countTestCases(self):
        return sum([test.countTestCases() for test in self._tests])

    def addTest(self, test):
        if not callable(test):
            raise TypeError('%r is not callable' % (repr(test),))
        if isinstance(test, type):
            raise TypeError('TestCases and TestSuites must be instantiated before passing them to addTest()')
        self._tests.append(test)

    def addTests(self, tests):
        if isinstance(tests, str):
            raise TypeError('tests must be an iterable of tests, not a string')
        for test in tests:
            self.addTest(test)

    def __call__(self, *args, **kwargs):
        return self.run(*args, **kwargs)

    def run(self, result, debug=False):
        outermost = not getattr(result, '_in_suite', False)
        if outermost:
            result._in_suite = True
            result._class = result._module = None
            result._class_failed = result._module_failed = False
        for test in self._tests:
            if result.shouldStop:
                break
            if not isinstance(test, TestSuite):
                kind = type(test)
                if kind is not result._class:
                    self._leave_class(result)
                    self._enter_class(result, kind)
                if result._class_failed or result._module_failed:
                    continue
            test(result)
        if outermost:
            self._leave_class(result)
            self._leave_module(result)
            result._in_suite = False
        return result

    @staticmethod
    def _report(result, name, owner, error):
        problem = _ClassProblem('%s (%s)' % (name, owner))
        if isinstance(error, SkipTest):
            result.addSkip(problem, str(error))
        else:
            result.addError(problem, (type(error), error, error.__traceback__))

    def _enter_class(self, result, kind):
        module = kind.__module__
        if module != result._module:
            self._leave_module(result)
            result._module, result._module_failed = module, False
            prepare = getattr(_sys.modules.get(module), 'setUpModule', None)
            if prepare is not None:
                try:
                    prepare()
                except Exception as error:
                    result._module_failed = True
                    self._report(result, 'setUpModule', module, error)
        result._class, result._class_failed = kind, False
        if result._module_failed or getattr(kind, '__unittest_skip__', False):
            return
        prepare = getattr(kind, 'setUpClass', None)
        if prepare is not None:
            try:
                prepare()
            except Exception as error:
                result._class_failed = True
                self._report(result, 'setUpClass', '%s.%s' % (module, kind.__qualname__), error)
                kind.doClassCleanups()

    def _leave_class(self, result):
        kind = result._class
        result._class = None
        if (kind is None or result._class_failed or result._module_failed
                or getattr(kind, '__unittest_skip__', False)):
            return
        for part in ('tearDownClass', 'doClassCleanups'):
            action = getattr(kind, part, None)
            if action is not None:
                try:
                    action()
                except Exception as error:
                    self._report(result, 'tearDownClass', '%s.%s' % (kind.__module__, kind.__qualname__), error)

    def _leave_module(self, result):
        module = result._module
        result._module = None
        if module is None or result._module_failed:
            return
        finish = getattr(_sys.modules.get(module), 'tearDownModule', None)
        try:
            if finish is not None:
                finish()
            doModuleCleanups()
        except Exception as error:
            self._report(result, 'tearDownModule', module, error)


class TestLoader:
    testMethodPrefix = 'test'
    suiteClass = TestSuite

    def __init__(self):
        self.errors = []

    def getTestCaseNames(self, testCaseClass):
        prefix = self.testMethodPrefix
        return sorted([name for name in dir(testCaseClass)
                       if name.startswith(prefix) and callable(getattr(testCaseClass, name))])

    def loadTestsFromTestCase(self, testCaseClass):
        if issubclass(testCaseClass, TestSuite):
            raise TypeError('Test cases should not be derived from TestSuite. Maybe you meant to derive from TestCase?')
        names = self.getTestCaseNames(testCaseClass)
        if not names and hasattr(testCaseClass, 'runTest'):
            names = ['runTest']
        return self.suiteClass([testCaseClass(name) for name in names])

    def loadTestsFromModule(self, module, *, pattern=None):
        suites = []
        for name in sorted(dir(module)):
            value = getattr(module, name)
            if isinstance(value, type) and issubclass(value, TestCase) and value.__module__ != 'unittest.case':
                suites.append(self.loadTestsFromTestCase(value))
        suite = self.suiteClass(suites)
        load = getattr(module, 'load_tests', None)
        return load(self, suite, pattern) if load is not None else suite

    def loadTestsFromName(self, name, module=None):
        value = module
        parts = name.split('.')
        if module is None:
            value, rest = None, []
            while parts and value is None:
                try:
                    __import__('.'.join(parts))
                    value = _sys.modules['.'.join(parts)]
                except ImportError:
                    rest.insert(0, parts.pop())
            parts = rest
        owner = None
        for part in parts:
            owner, value = value, getattr(value, part)
        if isinstance(value, type) and issubclass(value, TestCase):
            return self.loadTestsFromTestCase(value)
        if isinstance(owner, type) and issubclass(owner, TestCase):
            return self.suiteClass([owner(parts[-1])])
        if isinstance(value, TestSuite):
            return value
        if isinstance(value, type(_sys)):
            return self.loadTestsFromModule(value)
        if callable(value):
            test = value()
            return test if isinstance(test, TestSuite) else self.suiteClass([test])
        raise TypeError("don't know how to make test from: %s" % (value,))

    def loadTestsFromNames(self, names, module=None):
        return self.suiteClass([self.loadTestsFromName(name, module) for name in names])


defaultTestLoader = TestLoader()


class TextTestRunner:
    resultclass = TextTestResult

    def __init__(self, stream=None, descriptions=True, verbosity=1, failfast=False, buffer=False, resultclass=None,
                 warnings=None, *, tb_locals=False):
        self.stream = _sys.stderr if stream is None else stream
        self.descriptions = descriptions
        self.verbosity = verbosity
        self.failfast = failfast
        if resultclass is not None:
            self.resultclass = resultclass

    def run(self, test):
        result = self.resultclass(self.stream, self.descriptions, self.verbosity)
        result.failfast = self.failfast
        start = _time.perf_counter()
        result.startTestRun()
        try:
            test(result)
        finally:
            result.stopTestRun()
        taken = _time.perf_counter() - start
        if hasattr(result, 'printErrors'):
            result.printErrors()
        write = self.stream.write
        if hasattr(result, 'separator2'):
            write(result.separator2 + '\n')
        write('Ran %d test%s in %.3fs\n\n' % (result.testsRun, '' if result.testsRun == 1 else 's', taken))
        counts = []
        if not result.wasSuccessful():
            write('FAILED')
            for name, items in (('failures', result.failures), ('errors', result.errors)):
                if items:
                    counts.append('%s=%d' % (name, len(items)))
        else:
            write('OK')
        for name, items in (('skipped', result.skipped), ('expected failures', result.expectedFailures),
                            ('unexpected successes', result.unexpectedSuccesses)):
            if items:
                counts.append('%s=%d' % (name, len(items)))
        write(' (%s)\n' % ', '.join(counts) if counts else '\n')
        self.stream.flush()
        return result


class TestProgram:
    def __init__(self, module='__main__', defaultTest=None, argv=None, testRunner=None, testLoader=defaultTestLoader,
                 exit=True, verbosity=1, failfast=None, catchbreak=None, buffer=None, warnings=None, *,
                 tb_locals=False):
        if isinstance(module, str):
            __import__(module)
            module = _sys.modules[module]
        names = []
        for argument in (_sys.argv if argv is None else argv)[1:]:
            if argument in ('-v', '--verbose'):
                verbosity = 2
            elif argument in ('-q', '--quiet'):
                verbosity = 0
            elif argument in ('-f', '--failfast'):
                failfast = True
            elif not argument.startswith('-'):
                names.append(argument)
        if not names and defaultTest is not None:
            names = [defaultTest] if isinstance(defaultTest, str) else list(defaultTest)
        self.test = (testLoader.loadTestsFromNames(names, module) if names else testLoader.loadTestsFromModule(module))
        if testRunner is None:
            testRunner = TextTestRunner
        if isinstance(testRunner, type):
            testRunner = testRunner(verbosity=verbosity, failfast=bool(failfast))
        self.result = testRunner.run(self.test)
        if exit:
            _sys.exit(not self.result.wasSuccessful())


main = TestProgram
