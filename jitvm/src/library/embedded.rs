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
    "abc" false "abc.py";
    "enum" false "enum.py";
    "io" false "io.py";
    "itertools" false "itertools.py";
    "json" true "json/__init__.py";
    "json.decoder" false "json/decoder.py";
    "json.encoder" false "json/encoder.py";
    "operator" false "operator.py";
    "os" false "os.py";
    "posixpath" false "posixpath.py";
    "re" false "re.py";
}

/// The embedded module of a name.
pub fn find(name: &str) -> Option<&'static Row> {
    EMBEDDED.iter().find(|row| row.name == name)
}
