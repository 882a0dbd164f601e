//! What of the source each instruction stands for, as CPython 3.11 has it.

use jitvm::bytecode::{Op, Span};
use jitvm::front::compile;

/// For each instruction of an operation in all codes: the text it stands for, and its anchor's.
fn texts(source: &str, op: Op) -> Vec<(&str, &str)> {
    let module = compile("test.py", source).expect("the source compiles");
    let text = |span: Span| &source[span.start as usize..span.end as usize];
    let mut found = Vec::new();
    for code in &module.codes {
        for (instruction, position) in code.instructions.iter().zip(&code.positions) {
            if instruction.op == op {
                found.push((text(position.span), text(position.anchor)));
            }
        }
    }
    found
}

#[test]
fn binary_operators_are_anchored() {
    assert_eq!(texts("x = a + b  *c\n", Op::Add), [("a + b  *c", "+")]);
    assert_eq!(texts("x = a + b  // c\n", Op::FloorDiv), [("b  // c", "//")]);
    // CPython 3.11.7 skips the parentheses that close the left operand, but takes one that opens the right for more.
    assert_eq!(texts("x = (a)-(b)\n", Op::Sub), [("(a)-(b)", "-(")]);
    assert_eq!(texts("x += y\n", Op::Add), [("x += y", "")]);
}

#[test]
fn subscripts_are_anchored_at_their_brackets() {
    assert_eq!(texts("x = a.b[c]\n", Op::GetItem), [("a.b[c]", "[c]")]);
    assert_eq!(texts("a[b][c] = x\n", Op::SetItem), [("a[b][c]", "[c]")]);
    assert_eq!(texts("del a[b], c\n", Op::DeleteItem), [("a[b]", "[b]")]);
}

#[test]
fn calls_and_attributes() {
    assert_eq!(texts("f(g(1), x=2)\n", Op::Call), [("g(1)", ""), ("f(g(1), x=2)", "")]);
    assert_eq!(texts("a.b.c(1)\n", Op::LoadMethod), [("a.b.c", "")]);
    assert_eq!(texts("a.b.c(1)\n", Op::CallMethod), [("a.b.c(1)", "")]);
    assert_eq!(texts("a.b.c(1)\n", Op::GetAttr), [("a.b", "")]);
    // On a line of its own an attribute is underlined alone.
    assert_eq!(texts("(a\n  .b\n  .c(1))\n", Op::CallMethod), [("c(1)", "")]);
    assert_eq!(texts("(a\n  .b\n  .c)\n", Op::GetAttr), [("b", ""), ("c", "")]);
}

#[test]
fn statements_stand_behind_their_own_instructions() {
    assert_eq!(texts("for x in y: pass\n", Op::GetIter), [("for x in y: pass", "")]);
    assert_eq!(texts("for x in y: pass\n", Op::ForIter), [("for x in y: pass", "")]);
    assert_eq!(texts("for x in y: pass\n", Op::LoopHeader), [("for x in y", "")]);
    assert_eq!(texts("while x: pass\n", Op::LoopHeader), [("while x", "")]);
    assert_eq!(texts("raise x from y\n", Op::Raise), [("raise x from y", "")]);
    assert_eq!(texts("assert x, y\n", Op::AssertFail), [("assert x, y", "")]);
    assert_eq!(texts("import a.b, c\n", Op::Import), [("import a.b, c", ""), ("import a.b, c", "")]);
    assert_eq!(texts("a, b = c\n", Op::Unpack), [("a, b", "")]);
    assert_eq!(texts("x = f'{a!r:>{b}}' 'c'\n", Op::FormatValue).len(), 2);
    assert_eq!(texts("x = f'{a!r:>{b}}' 'c'\n", Op::FormatValue)[1], ("f'{a!r:>{b}}' 'c'", ""));
    assert_eq!(texts("x = [y for z in w]\n", Op::ForIter), [("[y for z in w]", "")]);
}

#[test]
fn code_objects_know_their_names_and_lines() {
    let source =
        "\ndef outer(a, /, b, *, c=1, d, e=2):\n    global h\n    def inner(): return lambda: 0\n    def h(): pass\n";
    let module = compile("test.py", source).expect("the source compiles");
    let names: Vec<&str> = module.codes.iter().map(|code| code.qualname.as_str()).collect();
    assert_eq!(names, ["<module>", "outer", "outer.<locals>.inner", "outer.<locals>.inner.<locals>.<lambda>", "h"]);
    let outer = &module.codes[1];
    assert_eq!((outer.positional, outer.positional_only, outer.keyword_only), (2, 1, 3));
    assert_eq!(outer.local_names, ["a", "b", "c", "d", "e", "inner"]);
    assert_eq!(outer.defaulted, [2, 4]);
    assert_eq!(module.codes.iter().map(|code| code.first_line).collect::<Vec<_>>(), [1, 2, 4, 4, 5]);
}
