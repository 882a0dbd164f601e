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
    "_sys_rest" false "_sys_rest.py";
    "abc" false "abc.py";
    "array" false "array.py";
    "base64" false "base64.py";
    "binascii" false "binascii.py";
    "enum" false "enum.py";
    "errno" false "errno.py";
    "fnmatch" false "fnmatch.py";
    "gc" false "gc.py";
    "getopt" false "getopt.py";
    "glob" false "glob.py";
    "hashlib" false "hashlib.py";
    "io" false "io.py";
    "itertools" false "itertools.py";
    "json" true "json/__init__.py";
    "json.decoder" false "json/decoder.py";
    "json.encoder" false "json/encoder.py";
    "operator" false "operator.py";
    "os" false "os.py";
    "platform" false "platform.py";
    "posixpath" false "posixpath.py";
    "re" false "re.py";
    "struct" false "struct.py";
    "traceback" false "traceback.py";
    "warnings" false "warnings.py";
}

/// The embedded module of a name.
pub fn find(name: &str) -> Option<&'static Row> {
    EMBEDDED.iter().find(|row| row.name == name)
}
