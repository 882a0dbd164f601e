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
    "abc" false "abc.py";
    "argparse" true "argparse/__init__.py";
    "argparse.help" false "argparse/help.py";
    "argparse.scan" false "argparse/scan.py";
    "bisect" false "bisect.py";
    "collections" true "collections/__init__.py";
    "collections.abc" false "collections/abc.py";
    "collections.deques" false "collections/deques.py";
    "contextlib" false "contextlib.py";
    "copy" false "copy.py";
    "copyreg" false "copyreg.py";
    "dataclasses" false "dataclasses.py";
    "enum" false "enum.py";
    "fractions" false "fractions.py";
    "functools" false "functools.py";
    "heapq" false "heapq.py";
    "io" false "io.py";
    "itertools" false "itertools.py";
    "keyword" false "keyword.py";
    "numbers" false "numbers.py";
    "operator" false "operator.py";
    "pprint" false "pprint.py";
    "random" false "random.py";
    "reprlib" false "reprlib.py";
    "statistics" false "statistics.py";
    "string" false "string.py";
    "textwrap" false "textwrap.py";
    "types" false "types.py";
    "typing" true "typing/__init__.py";
    "typing.forms" false "typing/forms.py";
    "weakref" false "weakref.py";
    "asyncio" true "asyncio/__init__.py";
    "asyncio.events" false "asyncio/events.py";
    "asyncio.exceptions" false "asyncio/exceptions.py";
    "asyncio.futures" false "asyncio/futures.py";
    "asyncio.locks" false "asyncio/locks.py";
    "asyncio.queues" false "asyncio/queues.py";
    "asyncio.runners" false "asyncio/runners.py";
    "asyncio.taskgroups" false "asyncio/taskgroups.py";
    "asyncio.tasks" false "asyncio/tasks.py";
    "threading" false "threading.py";
    "queue" false "queue.py";
    "decimal" true "decimal/__init__.py";
    "decimal.arithmetic" false "decimal/arithmetic.py";
    "decimal.context" false "decimal/context.py";
    "decimal.formatting" false "decimal/formatting.py";
    "decimal.functions" false "decimal/functions.py";
    "decimal.methods" false "decimal/methods.py";
    "decimal.number" false "decimal/number.py";
    "decimal.parsing" false "decimal/parsing.py";
    "decimal.rounding" false "decimal/rounding.py";
    "logging" true "logging/__init__.py";
}

/// The embedded module of a name.
pub fn find(name: &str) -> Option<&'static Row> {
    EMBEDDED.iter().find(|row| row.name == name)
}
