//! Bytecode of each kind of statement, as text.

use super::listing::check;

#[test]
fn unassigned_locals_are_checked_once() {
    check(
        r"
def f(x):
    if x:
        y = 1
    print(y)
    del y
    return y
",
        false,
        r"
f (4 registers)
  0000 JUMP_IF_FALSE r0, ->0002
  0001 LOAD_INT r1, 1
  0002 LOAD_GLOBAL r2, print
  0003 CHECK_BOUND r1, y
  0004 MOVE r3, r1
  0005 CALL r2, 1
  0006 DELETE_LOCAL r1, y
  0007 CHECK_BOUND r1, y
  0008 RETURN r1
",
    );
}

#[test]
fn del_in_a_loop_unsettles_its_local() {
    check(
        r"
def f(x):
    y = 1
    while x:
        y
        del y
",
        false,
        r"
f (3 registers)
  0000 LOAD_INT r1, 1
  0001 LOOP_HEADER loop 0
  0002 JUMP_IF_FALSE r0, ->0006
  0003 CHECK_BOUND r1, y
  0004 DELETE_LOCAL r1, y
  0005 JUMP ->0001
  0006 LOAD_CONST r2, None
  0007 RETURN r2
",
    );
}

#[test]
fn globals() {
    check(
        r"
x = 1
def f():
    global x
    x += 1
    del x
",
        true,
        r"
<module> (1 registers)
  0000 LOAD_INT r0, 1
  0001 STORE_GLOBAL r0, x
  0002 LOAD_CONST r0, None
  0003 MAKE_FUNCTION r0, code 1, r0
  0004 STORE_GLOBAL r0, f
  0005 LOAD_CONST r0, None
  0006 RETURN r0
f (2 registers)
  0000 LOAD_GLOBAL r0, x
  0001 LOAD_INT r1, 1
  0002 ADD/1 r0, r0, r1
  0003 STORE_GLOBAL r0, x
  0004 DELETE_GLOBAL x
  0005 LOAD_CONST r0, None
  0006 RETURN r0
",
    );
}

#[test]
fn if_chain() {
    check(
        r"
def f(a):
    if a < 1:
        return 1
    elif not a:
        a = 2
    else:
        pass
    return a
",
        false,
        r"
f (3 registers)
  0000 LOAD_INT r2, 1
  0001 LESS r1, r0, r2
  0002 JUMP_IF_FALSE r1, ->0005
  0003 LOAD_INT r1, 1
  0004 RETURN r1
  0005 JUMP_IF_TRUE r0, ->0008
  0006 LOAD_INT r0, 2
  0007 JUMP ->0008
  0008 RETURN r0
",
    );
}

#[test]
fn constant_conditions_leave_no_tests() {
    check(
        r"
def f(a):
    if 0:
        a = 1
    while True:
        if __debug__:
            return a
",
        false,
        r"
f (1 registers)
  0000 LOOP_HEADER loop 0
  0001 RETURN r0
",
    );
}

#[test]
fn while_with_else() {
    check(
        r"
def f(n):
    while n > 0:
        n = n - 1
        if n == 5:
            break
        if n == 7:
            continue
    else:
        n = -1
    return n
",
        false,
        r"
f (3 registers)
  0000 LOOP_HEADER loop 0
  0001 LOAD_INT r2, 0
  0002 GREATER r1, r0, r2
  0003 JUMP_IF_FALSE r1, ->0015
  0004 LOAD_INT r1, 1
  0005 SUB r0, r0, r1
  0006 LOAD_INT r2, 5
  0007 EQUAL r1, r0, r2
  0008 JUMP_IF_FALSE r1, ->0010
  0009 JUMP ->0016
  0010 LOAD_INT r2, 7
  0011 EQUAL r1, r0, r2
  0012 JUMP_IF_FALSE r1, ->0014
  0013 JUMP ->0000
  0014 JUMP ->0000
  0015 LOAD_INT r0, -1
  0016 RETURN r0
",
    );
}

#[test]
fn for_with_else() {
    check(
        r"
def f(n):
    for i in range(n):
        if i:
            break
    else:
        n = 0
    return n
",
        false,
        r"
f (6 registers)
  0000 LOAD_GLOBAL r2, range
  0001 MOVE r3, r0
  0002 CALL r2, 1
  0003 GET_ITER iter r2, r2
  0004 LOOP_HEADER loop 0
  0005 FOR_ITER r1, iter r2
  0006 JUMP ->0010
  0007 JUMP_IF_FALSE r1, ->0009
  0008 JUMP ->0011
  0009 JUMP ->0004
  0010 LOAD_INT r0, 0
  0011 RETURN r0
",
    );
}

#[test]
fn for_with_unpacking() {
    check(
        r"
def f(pairs):
    for i, (x, y) in pairs:
        print(i, x, y)
",
        false,
        r"
f (12 registers)
  0000 GET_ITER iter r4, r0
  0001 LOOP_HEADER loop 0
  0002 FOR_ITER r8, iter r4
  0003 JUMP ->0013
  0004 UNPACK r9.., 2, r8
  0005 MOVE r1, r9
  0006 UNPACK r2.., 2, r10
  0007 LOAD_GLOBAL r8, print
  0008 MOVE r9, r1
  0009 MOVE r10, r2
  0010 MOVE r11, r3
  0011 CALL r8, 3
  0012 JUMP ->0001
  0013 LOAD_CONST r4, None
  0014 RETURN r4
",
    );
}

#[test]
fn for_over_a_global_target() {
    check(
        r"
for i in [1, 2]:
    i
",
        true,
        r"
<module> (5 registers)
  0000 LOAD_CONST r0, (1, 2)
  0001 GET_ITER iter r0, r0
  0002 LOOP_HEADER loop 0
  0003 FOR_ITER r4, iter r0
  0004 JUMP ->0008
  0005 STORE_GLOBAL r4, i
  0006 LOAD_GLOBAL r4, i
  0007 JUMP ->0002
  0008 LOAD_CONST r0, None
  0009 RETURN r0
",
    );
}

#[test]
fn parameters_and_defaults() {
    check(
        r"
def f(a, /, b=1, *, c, d=x):
    return a
",
        true,
        r"
<module> (2 registers)
  0000 LOAD_INT r0, 1
  0001 LOAD_GLOBAL r1, x
  0002 BUILD_TUPLE r0, r0.., 2
  0003 MAKE_FUNCTION r0, code 1, r0
  0004 STORE_GLOBAL r0, f
  0005 LOAD_CONST r0, None
  0006 RETURN r0
f (4 registers)
  0000 RETURN r0
",
    );
}

#[test]
fn nested_functions() {
    check(
        r"
def outer(x):
    def inner(y):
        return y
    return inner(x)
",
        true,
        r"
<module> (1 registers)
  0000 LOAD_CONST r0, None
  0001 MAKE_FUNCTION r0, code 1, r0
  0002 STORE_GLOBAL r0, outer
  0003 LOAD_CONST r0, None
  0004 RETURN r0
outer (4 registers)
  0000 LOAD_CONST r2, None
  0001 MAKE_FUNCTION r1, code 2, r2
  0002 MOVE r2, r1
  0003 MOVE r3, r0
  0004 CALL r2, 1
  0005 RETURN r2
outer.<locals>.inner (1 registers)
  0000 RETURN r0
",
    );
}

#[test]
fn parallel_assignment_makes_no_tuple() {
    check(
        r"
def f(a, b):
    a, b = b, a + b
    a, b = 0, None
    return a, b
",
        false,
        r"
f (4 registers)
  0000 ADD r2, r0, r1
  0001 MOVE r0, r1
  0002 MOVE r1, r2
  0003 LOAD_INT r0, 0
  0004 LOAD_CONST r1, None
  0005 MOVE r2, r0
  0006 MOVE r3, r1
  0007 BUILD_TUPLE r2, r2.., 2
  0008 RETURN r2
",
    );
}

#[test]
fn unpacking_into_neighbours() {
    check(
        r"
def f(p):
    a, b = p
    (c, a), p[0] = p
    return a
",
        false,
        r"
f (8 registers)
  0000 UNPACK r1.., 2, r0
  0001 UNPACK r4.., 2, r0
  0002 UNPACK r6.., 2, r4
  0003 MOVE r3, r6
  0004 MOVE r1, r7
  0005 LOAD_INT r6, 0
  0006 SET_ITEM r0, r6, r5
  0007 RETURN r1
",
    );
}

#[test]
fn chained_assignment() {
    check(
        r"
def f(l, v):
    a = l[0] = v.x = l
    x = (y, z) = l
    return a
",
        false,
        r"
f (7 registers)
  0000 MOVE r2, r0
  0001 LOAD_INT r6, 0
  0002 SET_ITEM r0, r6, r2
  0003 SET_ATTR r1, r2, x
  0004 MOVE r6, r0
  0005 MOVE r3, r6
  0006 UNPACK r4.., 2, r6
  0007 RETURN r2
",
    );
}

#[test]
fn augmented_targets() {
    check(
        r"
def f(o, i):
    o.x += 1
    o[i] *= 2
    o[i + 1] **= o.y
",
        false,
        r"
f (5 registers)
  0000 GET_ATTR r2, r0, x
  0001 LOAD_INT r3, 1
  0002 ADD/1 r2, r2, r3
  0003 SET_ATTR r0, r2, x
  0004 GET_ITEM r2, r0, r1
  0005 LOAD_INT r3, 2
  0006 MUL/1 r2, r2, r3
  0007 SET_ITEM r0, r1, r2
  0008 LOAD_INT r2, 1
  0009 ADD r2, r1, r2
  0010 GET_ITEM r3, r0, r2
  0011 GET_ATTR r4, r0, y
  0012 POW/1 r3, r3, r4
  0013 SET_ITEM r0, r2, r3
  0014 LOAD_CONST r2, None
  0015 RETURN r2
",
    );
}

#[test]
fn assert() {
    check(
        r"
def f(x):
    assert x
    assert x > 1, x
",
        false,
        r"
f (3 registers)
  0000 JUMP_IF_TRUE r0, ->0002
  0001 ASSERT_FAIL/1 r0
  0002 LOAD_INT r2, 1
  0003 GREATER r1, r0, r2
  0004 JUMP_IF_TRUE r1, ->0006
  0005 ASSERT_FAIL r0
  0006 LOAD_CONST r1, None
  0007 RETURN r1
",
    );
}

#[test]
fn raise() {
    check(
        r"
def f(x):
    if x:
        raise x from None
    raise
",
        false,
        r"
f (2 registers)
  0000 JUMP_IF_FALSE r0, ->0003
  0001 LOAD_CONST r1, None
  0002 RAISE/1 r0, r1
  0003 RAISE/2 r0, r0
",
    );
}

#[test]
fn raise_one() {
    check(
        r"
def f(x):
    raise ValueError(x)
",
        false,
        r"
f (3 registers)
  0000 LOAD_GLOBAL r1, ValueError
  0001 MOVE r2, r0
  0002 CALL r1, 1
  0003 RAISE r1, r1
",
    );
}

#[test]
fn imports() {
    check(
        r"
def f():
    import os.path, math as m
    from a.b import c, d as e
    return os
",
        false,
        r"
f (5 registers)
  0000 IMPORT/1 r0, os.path, 0
  0001 IMPORT r1, math, 0
  0002 IMPORT r4, a.b, 0
  0003 IMPORT_FROM r2, r4, c
  0004 IMPORT_FROM r3, r4, d
  0005 RETURN r0
",
    );
}

#[test]
fn code_that_nothing_leads_to_is_dropped() {
    check(
        r"
def f():
    return 1
    print(2)
",
        false,
        r"
f (1 registers)
  0000 LOAD_INT r0, 1
  0001 RETURN r0
",
    );
}

#[test]
fn annotations_are_not_evaluated() {
    check(
        r"
def f(x: unknown) -> unknown:
    y: unknown = x
    z: unknown
    return y
",
        false,
        r"
f (3 registers)
  0000 MOVE r1, r0
  0001 RETURN r1
",
    );
}
