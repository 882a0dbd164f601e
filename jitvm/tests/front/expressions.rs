//! Bytecode of each kind of expression, as text.

use super::listing::check;

#[test]
fn arithmetic_writes_straight_into_locals() {
    check(
        r"
def f(a, b):
    c = a + b * 2
    c -= a
    return -c
",
        false,
        r"
f (4 registers)
  0000 LOAD_INT r3, 2
  0001 MUL r3, r1, r3
  0002 ADD r2, r0, r3
  0003 SUB/1 r2, r2, r0
  0004 NEGATE r3, r2
  0005 RETURN r3
",
    );
}

#[test]
fn operands_that_a_walrus_rebinds_are_copied() {
    check(
        r"
def f(a):
    return a + (a := 5) + a
",
        false,
        r"
f (2 registers)
  0000 MOVE r1, r0
  0001 LOAD_INT r0, 5
  0002 ADD r1, r1, r0
  0003 ADD r1, r1, r0
  0004 RETURN r1
",
    );
}

#[test]
fn conditions_jump_without_values() {
    check(
        r"
def f(a, b, c):
    if a and (b or not c) and a < b < c:
        return 1
",
        false,
        r"
f (4 registers)
  0000 JUMP_IF_FALSE r0, ->0009
  0001 JUMP_IF_TRUE r1, ->0003
  0002 JUMP_IF_TRUE r2, ->0009
  0003 LESS r3, r0, r1
  0004 JUMP_IF_FALSE r3, ->0009
  0005 LESS r3, r1, r2
  0006 JUMP_IF_FALSE r3, ->0009
  0007 LOAD_INT r3, 1
  0008 RETURN r3
  0009 LOAD_CONST r3, None
  0010 RETURN r3
",
    );
}

#[test]
fn boolean_values() {
    check(
        r"
def f(a, b):
    a = a and b or a
    return a if a else b
",
        false,
        r"
f (3 registers)
  0000 MOVE r2, r0
  0001 JUMP_IF_FALSE r2, ->0003
  0002 MOVE r2, r1
  0003 JUMP_IF_TRUE r2, ->0005
  0004 MOVE r2, r0
  0005 MOVE r0, r2
  0006 JUMP_IF_FALSE r0, ->0009
  0007 MOVE r2, r0
  0008 JUMP ->0010
  0009 MOVE r2, r1
  0010 RETURN r2
",
    );
}

#[test]
fn chained_comparison_as_a_value() {
    check(
        r"
def f(a, b, c):
    return a < b <= c
",
        false,
        r"
f (4 registers)
  0000 LESS r3, r0, r1
  0001 JUMP_IF_FALSE r3, ->0003
  0002 LESS_EQUAL r3, r1, r2
  0003 RETURN r3
",
    );
}

#[test]
fn comparisons() {
    check(
        r"
def f(a, b):
    return [a is b, a is not b, a in b, a not in b, not a in b, a in [1, 2]]
",
        false,
        r"
f (8 registers)
  0000 IS r2, r0, r1
  0001 IS_NOT r3, r0, r1
  0002 IN r4, r0, r1
  0003 NOT_IN r5, r0, r1
  0004 NOT_IN r6, r0, r1
  0005 LOAD_CONST r7, (1, 2)
  0006 IN r7, r0, r7
  0007 BUILD_LIST r2, r2.., 6
  0008 RETURN r2
",
    );
}

#[test]
fn calls_use_windows() {
    check(
        "print(f(1, x), k=2)",
        true,
        r#"
<module> (4 registers)
  0000 LOAD_GLOBAL r0, print
  0001 LOAD_GLOBAL r1, f
  0002 LOAD_INT r2, 1
  0003 LOAD_GLOBAL r3, x
  0004 CALL r1, 2
  0005 LOAD_INT r2, 2
  0006 CALL r0, 2, ("k",)
  0007 LOAD_CONST r0, None
  0008 RETURN r0
"#,
    );
}

#[test]
fn method_calls() {
    check(
        r#"
def f(s):
    return s.strip().split(s, maxsplit=1)
"#,
        false,
        r#"
f (5 registers)
  0000 LOAD_METHOD r1, r0, strip
  0001 CALL_METHOD r1, 0
  0002 LOAD_METHOD r1, r1, split
  0003 MOVE r3, r0
  0004 LOAD_INT r4, 1
  0005 CALL_METHOD r1, 2, ("maxsplit",)
  0006 RETURN r1
"#,
    );
}

#[test]
fn lambda() {
    check(
        "f = lambda x, y=2: x + y",
        true,
        r"
<module> (1 registers)
  0000 LOAD_CONST r0, (2,)
  0001 MAKE_FUNCTION r0, code 1, r0
  0002 STORE_GLOBAL r0, f
  0003 LOAD_CONST r0, None
  0004 RETURN r0
<lambda> (3 registers)
  0000 ADD r2, r0, r1
  0001 RETURN r2
",
    );
}

#[test]
fn subscripts_and_slices() {
    check(
        r"
def f(a, i):
    del a[i]
    a[i:] = a[1:2:3]
    return a[i, ::2]
",
        false,
        r"
f (6 registers)
  0000 DELETE_ITEM r0, r1
  0001 LOAD_INT r2, 1
  0002 LOAD_INT r3, 2
  0003 LOAD_INT r4, 3
  0004 BUILD_SLICE r2, r2.., 3
  0005 GET_ITEM r2, r0, r2
  0006 MOVE r3, r1
  0007 LOAD_CONST r4, None
  0008 LOAD_CONST r5, None
  0009 BUILD_SLICE r3, r3.., 3
  0010 SET_ITEM r0, r3, r2
  0011 MOVE r2, r1
  0012 LOAD_CONST r3, None
  0013 LOAD_CONST r4, None
  0014 LOAD_INT r5, 2
  0015 BUILD_SLICE r3, r3.., 3
  0016 BUILD_TUPLE r2, r2.., 2
  0017 GET_ITEM r2, r0, r2
  0018 RETURN r2
",
    );
}

#[test]
fn format_strings() {
    check(
        r#"
def f(x, w):
    return f'{x}', f'a{x!r:>{w}}{{' 'b', f'{x=}'
"#,
        false,
        r#"
f (6 registers)
  0000 LOAD_CONST r2, ""
  0001 FORMAT_VALUE r2, r0, r2
  0002 LOAD_CONST r3, "a"
  0003 LOAD_CONST r4, ">"
  0004 LOAD_CONST r5, ""
  0005 FORMAT_VALUE r5, r1, r5
  0006 BUILD_STRING r4, r4.., 2
  0007 FORMAT_VALUE/2 r4, r0, r4
  0008 LOAD_CONST r5, "{b"
  0009 BUILD_STRING r3, r3.., 3
  0010 LOAD_CONST r4, "x="
  0011 LOAD_CONST r5, ""
  0012 FORMAT_VALUE/2 r5, r0, r5
  0013 BUILD_STRING r4, r4.., 2
  0014 BUILD_TUPLE r2, r2.., 3
  0015 RETURN r2
"#,
    );
}

#[test]
fn list_comprehension() {
    check(
        r"
def f(l):
    x = [y * x for x in l if x for y in x]
    return x
",
        false,
        r"
f (14 registers)
  0000 GET_ITER iter r5, r0
  0001 BUILD_LIST r2, r2.., 0
  0002 LOOP_HEADER loop 0
  0003 FOR_ITER r3, iter r5
  0004 JUMP ->0014
  0005 JUMP_IF_FALSE r3, ->0013
  0006 GET_ITER iter r9, r3
  0007 LOOP_HEADER loop 1
  0008 FOR_ITER r4, iter r9
  0009 JUMP ->0013
  0010 MUL r13, r4, r3
  0011 LIST_APPEND r2, r13
  0012 JUMP ->0007
  0013 JUMP ->0002
  0014 MOVE r1, r2
  0015 RETURN r1
  0001..0014 is <listcomp>
",
    );
}

#[test]
fn list_comprehension_in_a_module() {
    check(
        "a = [x for x in b]",
        true,
        r"
<module> (6 registers)
  0000 LOAD_GLOBAL r2, b
  0001 GET_ITER iter r2, r2
  0002 BUILD_LIST r0, r0.., 0
  0003 LOOP_HEADER loop 0
  0004 FOR_ITER r1, iter r2
  0005 JUMP ->0008
  0006 LIST_APPEND r0, r1
  0007 JUMP ->0003
  0008 STORE_GLOBAL r0, a
  0009 LOAD_CONST r0, None
  0010 RETURN r0
  0002..0008 is <listcomp>
",
    );
}

#[test]
fn walrus_in_a_comprehension() {
    check(
        r"
def f(l):
    return [(last := x) for x in l], last
",
        false,
        r"
f (8 registers)
  0000 GET_ITER iter r4, r0
  0001 BUILD_LIST r2, r2.., 0
  0002 LOOP_HEADER loop 0
  0003 FOR_ITER r3, iter r4
  0004 JUMP ->0008
  0005 MOVE r1, r3
  0006 LIST_APPEND r2, r1
  0007 JUMP ->0002
  0008 CHECK_BOUND r1, last
  0009 MOVE r3, r1
  0010 BUILD_TUPLE r2, r2.., 2
  0011 RETURN r2
  0001..0008 is <listcomp>
",
    );
}

#[test]
fn constants_are_folded() {
    check(
        "f(-1, 2 ** 64 - 1, 1 << 3, (1, (2.5, 'a')), 'ab' * 2, 7 // -2, not 0, -0.0, 1 / 4, 10 ** 25, 3000000000)",
        true,
        r#"
<module> (12 registers)
  0000 LOAD_GLOBAL r0, f
  0001 LOAD_INT r1, -1
  0002 LOAD_CONST r2, 18446744073709551615
  0003 LOAD_INT r3, 8
  0004 LOAD_CONST r4, (1, (2.5, "a"))
  0005 LOAD_CONST r5, "abab"
  0006 LOAD_INT r6, -4
  0007 LOAD_CONST r7, True
  0008 LOAD_CONST r8, -0.0
  0009 LOAD_CONST r9, 0.25
  0010 LOAD_CONST r10, 10000000000000000000000000
  0011 LOAD_CONST r11, 3000000000
  0012 CALL r0, 11
  0013 LOAD_CONST r0, None
  0014 RETURN r0
"#,
    );
}

#[test]
fn folding_stops_where_errors_start() {
    check(
        "f(1 // 0, 1 << -1, 2 ** 1000, 1.5 // 1)",
        true,
        r"
<module> (6 registers)
  0000 LOAD_GLOBAL r0, f
  0001 LOAD_INT r1, 1
  0002 LOAD_INT r2, 0
  0003 FLOOR_DIV r1, r1, r2
  0004 LOAD_INT r2, 1
  0005 LOAD_INT r3, -1
  0006 LEFT_SHIFT r2, r2, r3
  0007 LOAD_INT r3, 2
  0008 LOAD_INT r4, 1000
  0009 POW r3, r3, r4
  0010 LOAD_CONST r4, 1.5
  0011 LOAD_INT r5, 1
  0012 FLOOR_DIV r4, r4, r5
  0013 CALL r0, 4
  0014 LOAD_CONST r0, None
  0015 RETURN r0
",
    );
}

#[test]
fn literals() {
    check(
        "f(None, True, False, ..., 'é', 1.5, 0xffffffffffffffffff)",
        true,
        r#"
<module> (8 registers)
  0000 LOAD_GLOBAL r0, f
  0001 LOAD_CONST r1, None
  0002 LOAD_CONST r2, True
  0003 LOAD_CONST r3, False
  0004 LOAD_CONST r4, Ellipsis
  0005 LOAD_CONST r5, "é"
  0006 LOAD_CONST r6, 1.5
  0007 LOAD_CONST r7, 4722366482869645213695
  0008 CALL r0, 7
  0009 LOAD_CONST r0, None
  0010 RETURN r0
"#,
    );
}
