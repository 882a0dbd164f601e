//! The modules written in Python that the binary carries: one row each, compiled when first imported.

/// An embedded module.
pub struct Row {
    /// Absolute name.
    pub name: &'static str,
    pub package: bool,
    pub source: &'static str,
}

/// `name` from `lib/FILE`.
macro_rules! embedded {
    ($($name:literal $package:literal $file:literal;)*) => {
        /// Every embedded module.
        pub const EMBEDDED: &[Row] = &[$(Row {
            name: $name,
            package: $package,
            source: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/lib/", $file)),
        },)*];
    };
}

embedded! {
    "__future__" false "__future__.py";
    "_charmaps" false "_charmaps.py";
    "_codecs" false "_codecs.py";
    "_datetime_rest" false "_datetime_rest.py";
    "_sys_rest" false "_sys_rest.py";
    "_time_rest" false "_time_rest.py";
    "_unpickling" false "_unpickling.py";
    "abc" false "abc.py";
    "argparse" true "argparse/__init__.py";
    "argparse.help" false "argparse/help.py";
    "argparse.scan" false "argparse/scan.py";
    "array" false "array.py";
    "ast" false "ast.py";
    "asyncio" true "asyncio/__init__.py";
    "asyncio.events" false "asyncio/events.py";
    "asyncio.exceptions" false "asyncio/exceptions.py";
    "asyncio.futures" false "asyncio/futures.py";
    "asyncio.locks" false "asyncio/locks.py";
    "asyncio.queues" false "asyncio/queues.py";
    "asyncio.runners" false "asyncio/runners.py";
    "asyncio.taskgroups" false "asyncio/taskgroups.py";
    "asyncio.tasks" false "asyncio/tasks.py";
    "atexit" false "atexit.py";
    "base64" false "base64.py";
    "binascii" false "binascii.py";
    "bisect" false "bisect.py";
    "calendar" false "calendar.py";
    "cmath" false "cmath.py";
    "codecs" false "codecs.py";
    "collections" true "collections/__init__.py";
    "collections.abc" false "collections/abc.py";
    "collections.deques" false "collections/deques.py";
    "colorsys" false "colorsys.py";
    "concurrent" true "concurrent/__init__.py";
    "concurrent.futures" true "concurrent/futures/__init__.py";
    "configparser" false "configparser.py";
    "contextlib" false "contextlib.py";
    "contextvars" false "contextvars.py";
    "copy" false "copy.py";
    "copyreg" false "copyreg.py";
    "csv" false "csv.py";
    "dataclasses" false "dataclasses.py";
    "datetime" false "datetime.py";
    "decimal" true "decimal/__init__.py";
    "decimal.arithmetic" false "decimal/arithmetic.py";
    "decimal.context" false "decimal/context.py";
    "decimal.formatting" false "decimal/formatting.py";
    "decimal.functions" false "decimal/functions.py";
    "decimal.methods" false "decimal/methods.py";
    "decimal.number" false "decimal/number.py";
    "decimal.parsing" false "decimal/parsing.py";
    "decimal.rounding" false "decimal/rounding.py";
    "difflib" false "difflib.py";
    "enum" false "enum.py";
    "errno" false "errno.py";
    "filecmp" false "filecmp.py";
    "fnmatch" false "fnmatch.py";
    "fractions" false "fractions.py";
    "functools" false "functools.py";
    "gc" false "gc.py";
    "getopt" false "getopt.py";
    "getpass" false "getpass.py";
    "glob" false "glob.py";
    "graphlib" false "graphlib.py";
    "hashlib" false "hashlib.py";
    "heapq" false "heapq.py";
    "hmac" false "hmac.py";
    "html" true "html/__init__.py";
    "importlib" true "importlib/__init__.py";
    "importlib.util" false "importlib/util.py";
    "inspect" false "inspect.py";
    "io" false "io.py";
    "itertools" false "itertools.py";
    "json" true "json/__init__.py";
    "json.decoder" false "json/decoder.py";
    "json.encoder" false "json/encoder.py";
    "keyword" false "keyword.py";
    "linecache" false "linecache.py";
    "locale" false "locale.py";
    "logging" true "logging/__init__.py";
    "numbers" false "numbers.py";
    "operator" false "operator.py";
    "os" false "os.py";
    "pathlib" false "pathlib.py";
    "pickle" false "pickle.py";
    "platform" false "platform.py";
    "posixpath" false "posixpath.py";
    "pprint" false "pprint.py";
    "queue" false "queue.py";
    "random" false "random.py";
    "re" false "re.py";
    "reprlib" false "reprlib.py";
    "sched" false "sched.py";
    "secrets" false "secrets.py";
    "shlex" false "shlex.py";
    "shutil" false "shutil.py";
    "signal" false "signal.py";
    "stat" false "stat.py";
    "statistics" false "statistics.py";
    "string" false "string.py";
    "struct" false "struct.py";
    "tempfile" false "tempfile.py";
    "textwrap" false "textwrap.py";
    "threading" false "threading.py";
    "timeit" false "timeit.py";
    "traceback" false "traceback.py";
    "types" false "types.py";
    "typing" true "typing/__init__.py";
    "typing.forms" false "typing/forms.py";
    "unittest" true "unittest/__init__.py";
    "unittest.case" false "unittest/case.py";
    "unittest.differences" false "unittest/differences.py";
    "unittest.mock" false "unittest/mock.py";
    "unittest.result" false "unittest/result.py";
    "unittest.running" false "unittest/running.py";
    "urllib" true "urllib/__init__.py";
    "urllib.parse" false "urllib/parse.py";
    "uuid" false "uuid.py";
    "warnings" false "warnings.py";
    "weakref" false "weakref.py";
}

/// The embedded module of a name.
pub fn find(name: &str) -> Option<&'static Row> {
    EMBEDDED.iter().find(|row| row.name == name)
}
