//! What is printed for source files that are refused.

use jitvm::bytecode::Module;
use jitvm::front::error::{ErrorKind, FEATURES};
use jitvm::front::{CompileError, compile};

fn error(source: &str) -> CompileError {
    compile("x.py", source).map(|Module { codes, .. }| codes).expect_err(source)
}

/// Source texts and what CPython 3.11 prints for them.
const LIKE_CPYTHON: &[(&str, &str)] = &[
    (
        "while True print(1)\n",
        "  File \"x.py\", line 1\n    while True print(1)\n               ^^^^^\nSyntaxError: invalid syntax",
    ),
    (
        "f() = 1\n",
        "  File \"x.py\", line 1\n    f() = 1\n    ^^^\nSyntaxError: cannot assign to function call here. Maybe you meant '==' instead of '='?",
    ),
    (
        "1 = x\n",
        "  File \"x.py\", line 1\n    1 = x\n    ^\nSyntaxError: cannot assign to literal here. Maybe you meant '==' instead of '='?",
    ),
    ("None = 1\n", "  File \"x.py\", line 1\n    None = 1\n    ^^^^\nSyntaxError: cannot assign to None"),
    ("(a, 1) = x\n", "  File \"x.py\", line 1\n    (a, 1) = x\n        ^\nSyntaxError: cannot assign to literal"),
    (
        "a + 1 = 2\n",
        "  File \"x.py\", line 1\n    a + 1 = 2\n    ^^^^^\nSyntaxError: cannot assign to expression here. Maybe you meant '==' instead of '='?",
    ),
    ("x += \n", "  File \"x.py\", line 1\n    x += \n         ^\nSyntaxError: invalid syntax"),
    ("if x\n  pass\n", "  File \"x.py\", line 1\n    if x\n        ^\nSyntaxError: expected ':'"),
    ("def f(:\n pass\n", "  File \"x.py\", line 1\n    def f(:\n          ^\nSyntaxError: invalid syntax"),
    ("print(1\n", "  File \"x.py\", line 1\n    print(1\n         ^\nSyntaxError: '(' was never closed"),
    (
        "x = 'abc\n",
        "  File \"x.py\", line 1\n    x = 'abc\n        ^\nSyntaxError: unterminated string literal (detected at line 1)",
    ),
    (
        "x = '''abc\n",
        "  File \"x.py\", line 1\n    x = '''abc\n        ^\nSyntaxError: unterminated triple-quoted string literal (detected at line 1)",
    ),
    (
        "for 1 in x: pass\n",
        "  File \"x.py\", line 1\n    for 1 in x: pass\n        ^\nSyntaxError: cannot assign to literal",
    ),
    ("del f()\n", "  File \"x.py\", line 1\n    del f()\n        ^^^\nSyntaxError: cannot delete function call"),
    (
        "f() += 1\n",
        "  File \"x.py\", line 1\n    f() += 1\n    ^^^\nSyntaxError: 'function call' is an illegal expression for augmented assignment",
    ),
    (
        "(1 := 2)\n",
        "  File \"x.py\", line 1\n    (1 := 2)\n     ^\nSyntaxError: cannot use assignment expressions with literal",
    ),
    (
        "def f(a, a): pass\n",
        "  File \"x.py\", line 1\n    def f(a, a): pass\n             ^\nSyntaxError: duplicate argument 'a' in function definition",
    ),
    (
        "def f():\n  x = 1\n  global x\n",
        "  File \"x.py\", line 3\n    global x\n    ^^^^^^^^\nSyntaxError: name 'x' is assigned to before global declaration",
    ),
    (
        "def f():\n  print(x)\n  global x\n",
        "  File \"x.py\", line 3\n    global x\n    ^^^^^^^^\nSyntaxError: name 'x' is used prior to global declaration",
    ),
    (
        "def f(x):\n  global x\n",
        "  File \"x.py\", line 2\n    global x\n    ^^^^^^^^\nSyntaxError: name 'x' is parameter and global",
    ),
    ("return 1\n", "  File \"x.py\", line 1\n    return 1\n    ^^^^^^^^\nSyntaxError: 'return' outside function"),
    ("break\n", "  File \"x.py\", line 1\n    break\n    ^^^^^\nSyntaxError: 'break' outside loop"),
    ("continue\n", "  File \"x.py\", line 1\n    continue\n    ^^^^^^^^\nSyntaxError: 'continue' not properly in loop"),
    (
        "def f(a=1, b): pass\n",
        "  File \"x.py\", line 1\n    def f(a=1, b): pass\n               ^\nSyntaxError: non-default argument follows default argument",
    ),
    (
        "f(a=1, a=2)\n",
        "  File \"x.py\", line 1\n    f(a=1, a=2)\n           ^^^\nSyntaxError: keyword argument repeated: a",
    ),
    (
        "if x:\npass\n",
        "  File \"x.py\", line 2\n    pass\n    ^\nIndentationError: expected an indented block after 'if' statement on line 1",
    ),
    (
        "if x:\n    a\n  b\n",
        "  File \"x.py\", line 3\n    b\n     ^\nIndentationError: unindent does not match any outer indentation level",
    ),
    ("  x = 1\n", "  File \"x.py\", line 1\n    x = 1\nIndentationError: unexpected indent"),
    ("x = 1\n  y = 2\n", "  File \"x.py\", line 2\n    y = 2\nIndentationError: unexpected indent"),
    (
        "nonlocal x\n",
        "  File \"x.py\", line 1\n    nonlocal x\n    ^^^^^^^^^^\nSyntaxError: nonlocal declaration not allowed at module level",
    ),
    ("a b\n", "  File \"x.py\", line 1\n    a b\n      ^\nSyntaxError: invalid syntax"),
    (
        "x = (1, 2]\n",
        "  File \"x.py\", line 1\n    x = (1, 2]\n             ^\nSyntaxError: closing parenthesis ']' does not match opening parenthesis '('",
    ),
    ("x = 1)\n", "  File \"x.py\", line 1\n    x = 1)\n         ^\nSyntaxError: unmatched ')'"),
    ("x = $\n", "  File \"x.py\", line 1\n    x = $\n        ^\nSyntaxError: invalid syntax"),
    ("x = 1 +\n", "  File \"x.py\", line 1\n    x = 1 +\n           ^\nSyntaxError: invalid syntax"),
    ("else: pass\n", "  File \"x.py\", line 1\n    else: pass\n    ^^^^\nSyntaxError: invalid syntax"),
    ("import\n", "  File \"x.py\", line 1\n    import\n          ^\nSyntaxError: invalid syntax"),
    ("from x import\n", "  File \"x.py\", line 1\n    from x import\n                 ^\nSyntaxError: invalid syntax"),
    (
        "print 1\n",
        "  File \"x.py\", line 1\n    print 1\n    ^^^^^^^\nSyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?",
    ),
    (
        "x = 0777\n",
        "  File \"x.py\", line 1\n    x = 0777\n        ^\nSyntaxError: leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers",
    ),
    ("x = 12abc\n", "  File \"x.py\", line 1\n    x = 12abc\n         ^\nSyntaxError: invalid decimal literal"),
    (
        "def f():\n",
        "  File \"x.py\", line 1\n    def f():\nIndentationError: expected an indented block after function definition on line 1",
    ),
    (
        "x = [i for i in (i := 3)]\n",
        "  File \"x.py\", line 1\n    x = [i for i in (i := 3)]\n                     ^^^^^^\nSyntaxError: assignment expression cannot be used in a comprehension iterable expression",
    ),
    (
        "[(i := 1) for i in x]\n",
        "  File \"x.py\", line 1\n    [(i := 1) for i in x]\n      ^\nSyntaxError: assignment expression cannot rebind comprehension iteration variable 'i'",
    ),
    (
        "(a, b): int = 1\n",
        "  File \"x.py\", line 1\n    (a, b): int = 1\n    ^^^^^^\nSyntaxError: only single target (not tuple) can be annotated",
    ),
    ("x: int: 3\n", "  File \"x.py\", line 1\n    x: int: 3\n          ^\nSyntaxError: invalid syntax"),
    (
        "f(**a, *b)\n",
        "  File \"x.py\", line 1\n    f(**a, *b)\n           ^\nSyntaxError: iterable argument unpacking follows keyword argument unpacking",
    ),
    ("x = yield\n", "  File \"x.py\", line 1\n    x = yield\n        ^^^^^\nSyntaxError: 'yield' outside function"),
    ("class A\n", "  File \"x.py\", line 1\n    class A\n           ^\nSyntaxError: expected ':'"),
    ("try:\n pass\nx\n", "  File \"x.py\", line 3\n    x\n    ^\nSyntaxError: expected 'except' or 'finally' block"),
    (
        "x = 5 if y\n",
        "  File \"x.py\", line 1\n    x = 5 if y\n        ^^^^^^\nSyntaxError: expected 'else' after 'if' expression",
    ),
    (
        "if x = 1: pass\n",
        "  File \"x.py\", line 1\n    if x = 1: pass\n       ^^^^^\nSyntaxError: invalid syntax. Maybe you meant '==' or ':=' instead of '='?",
    ),
    (
        "f(x for x in y, 1)\n",
        "  File \"x.py\", line 1\n    f(x for x in y, 1)\n      ^^^^^^^^^^^^\nSyntaxError: Generator expression must be parenthesized",
    ),
    ("True = 1\n", "  File \"x.py\", line 1\n    True = 1\n    ^^^^\nSyntaxError: cannot assign to True"),
    (
        "def f(True): pass\n",
        "  File \"x.py\", line 1\n    def f(True): pass\n          ^^^^\nSyntaxError: invalid syntax",
    ),
    ("x = a.True\n", "  File \"x.py\", line 1\n    x = a.True\n          ^^^^\nSyntaxError: invalid syntax"),
    (
        "import a.b as True\n",
        "  File \"x.py\", line 1\n    import a.b as True\n                  ^^^^\nSyntaxError: invalid syntax",
    ),
    (
        "from __future__ import braces\n",
        "  File \"x.py\", line 1\n    from __future__ import braces\n    ^\nSyntaxError: not a chance",
    ),
    ("\tif x:\n        y\n", "  File \"x.py\", line 1\n    if x:\nIndentationError: unexpected indent"),
    (
        "def f(*): pass\n",
        "  File \"x.py\", line 1\n    def f(*): pass\n          ^\nSyntaxError: named arguments must follow bare *",
    ),
    (
        "def f(a, /, b, /): pass\n",
        "  File \"x.py\", line 1\n    def f(a, /, b, /): pass\n                   ^\nSyntaxError: / may appear only once",
    ),
    ("x = *a\n", "  File \"x.py\", line 1\n    x = *a\n        ^^\nSyntaxError: can't use starred expression here"),
    ("del *a\n", "  File \"x.py\", line 1\n    del *a\n        ^^\nSyntaxError: cannot delete starred"),
    (
        "a = b = 1 = c\n",
        "  File \"x.py\", line 1\n    a = b = 1 = c\n            ^\nSyntaxError: cannot assign to literal",
    ),
    (
        "a = 5\\ \n",
        "  File \"x.py\", line 1\n    a = 5\\ \n          ^\nSyntaxError: unexpected character after line continuation character",
    ),
    ("async x\n", "  File \"x.py\", line 1\n    async x\n          ^\nSyntaxError: invalid syntax"),
    ("await x\n", "  File \"x.py\", line 1\n    await x\n    ^^^^^^^\nSyntaxError: 'await' outside function"),
    (
        "def f(x):\n  x: int\n  global x\n",
        "  File \"x.py\", line 3\n    global x\n    ^^^^^^^^\nSyntaxError: name 'x' is parameter and global",
    ),
    (
        "def g():\n  global x\n  x: int = 3\n",
        "  File \"x.py\", line 3\n    x: int = 3\n    ^^^^^^^^^^\nSyntaxError: annotated name 'x' can't be global",
    ),
    (
        "__debug__ = 1\n",
        "  File \"x.py\", line 1\n    __debug__ = 1\n    ^^^^^^^^^\nSyntaxError: cannot assign to __debug__",
    ),
    (
        "f(1)=2\n",
        "  File \"x.py\", line 1\n    f(1)=2\n    ^^^^\nSyntaxError: cannot assign to function call here. Maybe you meant '==' instead of '='?",
    ),
    ("f(True=1)\n", "  File \"x.py\", line 1\n    f(True=1)\n      ^^^^^\nSyntaxError: cannot assign to True"),
    (
        "f(a.b=1)\n",
        "  File \"x.py\", line 1\n    f(a.b=1)\n      ^^^^\nSyntaxError: expression cannot contain assignment, perhaps you meant \"==\"?",
    ),
    (
        "f(1=2)\n",
        "  File \"x.py\", line 1\n    f(1=2)\n      ^^\nSyntaxError: expression cannot contain assignment, perhaps you meant \"==\"?",
    ),
    (
        "with x as 1: pass\n",
        "  File \"x.py\", line 1\n    with x as 1: pass\n              ^\nSyntaxError: cannot assign to literal",
    ),
    (
        "assert (x, 1) = 2\n",
        "  File \"x.py\", line 1\n    assert (x, 1) = 2\n                  ^\nSyntaxError: invalid syntax",
    ),
    ("x ! y\n", "  File \"x.py\", line 1\n    x ! y\n      ^\nSyntaxError: invalid syntax"),
    (
        "x = ()()=3\n",
        "  File \"x.py\", line 1\n    x = ()()=3\n        ^^^^\nSyntaxError: cannot assign to function call",
    ),
    ("for x in y\n  pass\n", "  File \"x.py\", line 1\n    for x in y\n              ^\nSyntaxError: expected ':'"),
    ("def f()\n  pass\n", "  File \"x.py\", line 1\n    def f()\n           ^\nSyntaxError: expected ':'"),
    (
        "while x:\npass\n",
        "  File \"x.py\", line 2\n    pass\n    ^\nIndentationError: expected an indented block after 'while' statement on line 1",
    ),
    (
        "from a import (b, c\n",
        "  File \"x.py\", line 1\n    from a import (b, c\n                  ^\nSyntaxError: '(' was never closed",
    ),
    (
        "a = 1 if 2 else\n",
        "  File \"x.py\", line 1\n    a = 1 if 2 else\n                   ^\nSyntaxError: invalid syntax",
    ),
    (
        "if True:\n  x = (1,\n  y = 2\n",
        "  File \"x.py\", line 2\n    x = (1,\n        ^\nSyntaxError: '(' was never closed",
    ),
    (
        "print(a b)\n",
        "  File \"x.py\", line 1\n    print(a b)\n          ^^^\nSyntaxError: invalid syntax. Perhaps you forgot a comma?",
    ),
    (
        "x = (a b)\n",
        "  File \"x.py\", line 1\n    x = (a b)\n         ^^^\nSyntaxError: invalid syntax. Perhaps you forgot a comma?",
    ),
    (
        "[a b]\n",
        "  File \"x.py\", line 1\n    [a b]\n     ^^^\nSyntaxError: invalid syntax. Perhaps you forgot a comma?",
    ),
    (
        "exec 'x'\n",
        "  File \"x.py\", line 1\n    exec 'x'\n    ^^^^^^^^\nSyntaxError: Missing parentheses in call to 'exec'. Did you mean exec(...)?",
    ),
    ("a = b c\n", "  File \"x.py\", line 1\n    a = b c\n          ^\nSyntaxError: invalid syntax"),
    (
        "f(a for a in b, c)\n",
        "  File \"x.py\", line 1\n    f(a for a in b, c)\n      ^^^^^^^^^^^^\nSyntaxError: Generator expression must be parenthesized",
    ),
];

#[test]
fn syntax_errors_read_as_in_cpython() {
    for (source, expected) in LIKE_CPYTHON {
        let found = error(source);
        assert_ne!(found.kind, ErrorKind::Unsupported, "{source}");
        assert_eq!(found.to_string(), *expected, "{source}");
    }
}

#[test]
fn feature_names_differ() {
    for (index, (feature, name)) in FEATURES.iter().enumerate() {
        assert_eq!(feature.name(), *name);
        assert!(FEATURES[..index].iter().all(|(_, other)| other != name), "{name}");
    }
}

#[test]
fn places_are_in_characters() {
    let found = error("if x:\n    é = 'ü'; x = ÿ $\n");
    assert_eq!((found.line, found.column, found.end_column), (2, 19, 20));
    assert_eq!(found.text, "    é = 'ü'; x = ÿ $");
}

#[test]
fn errors_of_scope_come_with_the_name() {
    let message = |source: &str| error(source).message;
    assert_eq!(message("def f(x):\n    global x\n"), "name 'x' is parameter and global");
    assert_eq!(message("x = 1\nglobal x\n"), "name 'x' is assigned to before global declaration");
    assert_eq!(message("def f():\n    x: int\n    global x\n"), "annotated name 'x' can't be global");
    assert_eq!(message("def f(__debug__): pass\n"), "cannot assign to __debug__");
    assert_eq!(message("from __future__ import nothing\n"), "future feature nothing is not defined");
    let late = "from __future__ imports must occur at the beginning of the file";
    assert_eq!(message("x = 1\nfrom __future__ import division\n"), late);
}
