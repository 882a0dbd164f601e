//! Bytecode of what needs more than registers and jumps: cells, namespaces, handlers, generators, patterns.

use super::listing::check;

#[test]
fn cells_and_closures() {
    check(
        r"
def f(a, *b, c=1, **d):
    def g():
        nonlocal a
        a += c
        return lambda: a
    del c
    return g(*b, k=1, **d)
",
        false,
        r#"
f (10 registers)
  0000 MAKE_CELL r0, r0
  0001 MAKE_CELL r1, r1
  0002 LOAD_CONST r5, None
  0003 MAKE_FUNCTION r6, code 2, r5
  0004 MOVE r7, r0
  0005 MOVE r8, r1
  0006 BUILD_TUPLE r7, r7.., 2
  0007 SET_CLOSURE r6, r7
  0008 MOVE r4, r6
  0009 DELETE_CELL/1 r1, c
  0010 MOVE r5, r4
  0011 BUILD_LIST r6, r6.., 0
  0012 LIST_EXTEND/1 r6, r2, r5
  0013 LIST_TO_TUPLE r6, r6
  0014 LOAD_CONST r8, "k"
  0015 LOAD_INT r9, 1
  0016 BUILD_DICT r7, r8.., 2
  0017 DICT_MERGE r7, r3, r5
  0018 CALL_VARIADIC r5, r6.., 2
  0019 RETURN r5
f.<locals>.g (5 registers)
  0000 LOAD_FREE r0, 0
  0001 LOAD_FREE r1, 1
  0002 LOAD_CELL r2, r0, a
  0003 LOAD_CELL r3, r1, c
  0004 ADD/1 r2, r2, r3
  0005 STORE_CELL r0, r2
  0006 LOAD_CONST r2, None
  0007 MAKE_FUNCTION r3, code 3, r2
  0008 MOVE r4, r0
  0009 BUILD_TUPLE r4, r4.., 1
  0010 SET_CLOSURE r3, r4
  0011 MOVE r2, r3
  0012 RETURN r2
f.<locals>.g.<locals>.<lambda> (2 registers)
  0000 LOAD_FREE r0, 0
  0001 LOAD_CELL r1, r0, a
  0002 RETURN r1
"#,
    );
}

#[test]
fn a_class_body_has_a_namespace() {
    check(
        r#"
def f(x):
    class A(x, metaclass=y):
        "text"
        z: int = x
        w = [z for z in x]
        def m(self):
            return super().m()
    return A
"#,
        false,
        r#"
f (7 registers)
  0000 MAKE_CELL r0, r0
  0001 LOAD_BUILD_CLASS r2
  0002 LOAD_CONST r3, None
  0003 MAKE_FUNCTION r3, code 2, r3
  0004 MOVE r4, r0
  0005 BUILD_TUPLE r4, r4.., 1
  0006 SET_CLOSURE r3, r4
  0007 LOAD_CONST r4, "A"
  0008 LOAD_CELL/1 r5, r0, x
  0009 LOAD_GLOBAL r6, y
  0010 CALL r2, 4, ("metaclass",)
  0011 MOVE r1, r2
  0012 RETURN r1
f.<locals>.A (6 registers)
  0000 LOAD_FREE r2, 0
  0001 MAKE_CELL r1, r1
  0002 LOAD_NAME r3, __name__, r0
  0003 STORE_NAME r3, __module__, r0
  0004 LOAD_CONST r3, "f.<locals>.A"
  0005 STORE_NAME r3, __qualname__, r0
  0006 SETUP_ANNOTATIONS/1 r0
  0007 LOAD_CONST r3, "text"
  0008 STORE_NAME r3, __doc__, r0
  0009 FIND_NAME r3, x, r0
  0010 JUMP_IF_BOUND r3, ->0012
  0011 LOAD_CELL r3, r2, x
  0012 STORE_NAME r3, z, r0
  0013 LOAD_NAME r3, int, r0
  0014 LOAD_NAME r4, __annotations__, r0
  0015 LOAD_CONST r5, "z"
  0016 SET_ITEM r4, r5, r3
  0017 LOAD_CONST r3, None
  0018 MAKE_FUNCTION r3, code 3, r3
  0019 FIND_NAME r5, x, r0
  0020 JUMP_IF_BOUND r5, ->0022
  0021 LOAD_CELL r5, r2, x
  0022 GET_ITERATOR r4, r5
  0023 CALL r3, 1
  0024 STORE_NAME r3, w, r0
  0025 LOAD_CONST r3, None
  0026 MAKE_FUNCTION r4, code 4, r3
  0027 MOVE r5, r1
  0028 BUILD_TUPLE r5, r5.., 1
  0029 SET_CLOSURE r4, r5
  0030 MOVE r3, r4
  0031 STORE_NAME r3, m, r0
  0032 STORE_NAME r1, __classcell__, r0
  0033 RETURN r1
f.<locals>.A.<listcomp> (7 registers)
  0000 BUILD_LIST r2, r2.., 0
  0001 GET_ITER iter r3, r0
  0002 LOOP_HEADER loop 0
  0003 FOR_ITER r1, iter r3
  0004 JUMP ->0007
  0005 LIST_APPEND r2, r1
  0006 JUMP ->0002
  0007 RETURN r2
f.<locals>.A.m (4 registers)
  0000 LOAD_FREE r1, 0
  0001 LOAD_GLOBAL r2, super
  0002 CALL r2, 0
  0003 LOAD_METHOD r2, r2, m
  0004 CALL_METHOD r2, 0
  0005 RETURN r2
"#,
    );
}

#[test]
fn decorators_and_annotations() {
    check(
        r"
@a
@b.c(1)
def f(x: int, *y: z) -> None:
    pass
",
        true,
        r#"
<module> (9 registers)
  0000 LOAD_GLOBAL r0, a
  0001 LOAD_GLOBAL r1, b
  0002 LOAD_METHOD r1, r1, c
  0003 LOAD_INT r3, 1
  0004 CALL_METHOD r1, 1
  0005 LOAD_CONST r2, None
  0006 LOAD_CONST r3, "x"
  0007 LOAD_GLOBAL r4, int
  0008 LOAD_CONST r5, "y"
  0009 LOAD_GLOBAL r6, z
  0010 LOAD_CONST r7, "return"
  0011 LOAD_CONST r8, None
  0012 BUILD_TUPLE r3, r3.., 6
  0013 MAKE_FUNCTION r4, code 1, r2
  0014 SET_ANNOTATIONS r4, r3
  0015 MOVE r2, r4
  0016 CALL r1, 1
  0017 CALL r0, 1
  0018 STORE_GLOBAL r0, f
  0019 LOAD_CONST r0, None
  0020 RETURN r0
f (3 registers)
  0000 LOAD_CONST r2, None
  0001 RETURN r2
"#,
    );
}

#[test]
fn finally_runs_on_every_way_out() {
    check(
        r"
def f(x):
    for y in x:
        try:
            if y:
                continue
            return y
        finally:
            g(y)
",
        false,
        r"
f (10 registers)
  0000 GET_ITER iter r2, r0
  0001 LOOP_HEADER loop 0
  0002 FOR_ITER r1, iter r2
  0003 JUMP ->0021
  0004 JUMP_IF_FALSE r1, ->0009
  0005 LOAD_GLOBAL r6, g
  0006 MOVE r7, r1
  0007 CALL r6, 1
  0008 JUMP ->0001
  0009 MOVE r6, r1
  0010 LOAD_GLOBAL r7, g
  0011 MOVE r8, r1
  0012 CALL r7, 1
  0013 RETURN r6
  0014 ENTER_HANDLER r6, r7
  0015 LOAD_GLOBAL r8, g
  0016 MOVE r9, r1
  0017 CALL r8, 1
  0018 RERAISE r6
  0019 LEAVE_HANDLER r7
  0020 RERAISE r8
  0021 LOAD_CONST r2, None
  0022 RETURN r2
  0004..0005 fails to 0014 with r6
  0009..0010 fails to 0014 with r6
  0015..0019 fails to 0019 with r8
",
    );
}

#[test]
fn handlers() {
    check(
        r"
def f():
    try:
        a()
    except b as e:
        return e
    except (c, d):
        raise
    else:
        g()
",
        false,
        r"
f (5 registers)
  0000 LOAD_GLOBAL r1, a
  0001 CALL r1, 0
  0002 LOAD_GLOBAL r1, g
  0003 CALL r1, 0
  0004 JUMP ->0027
  0005 ENTER_HANDLER r1, r2
  0006 LOAD_GLOBAL r3, b
  0007 MATCH_EXCEPTION r4, r1, r3
  0008 JUMP_IF_FALSE r4, ->0018
  0009 MOVE r0, r1
  0010 MOVE r3, r0
  0011 LOAD_CONST r0, None
  0012 DELETE_LOCAL r0, e
  0013 LEAVE_HANDLER r2
  0014 RETURN r3
  0015 LOAD_CONST r0, None
  0016 DELETE_LOCAL r0, e
  0017 RERAISE r3
  0018 LOAD_GLOBAL r3, c
  0019 LOAD_GLOBAL r4, d
  0020 BUILD_TUPLE r3, r3.., 2
  0021 MATCH_EXCEPTION r4, r1, r3
  0022 JUMP_IF_FALSE r4, ->0024
  0023 RAISE/2 r0, r0
  0024 RERAISE r1
  0025 LEAVE_HANDLER r2
  0026 RERAISE r3
  0027 LOAD_CONST r1, None
  0028 RETURN r1
  0000..0002 fails to 0005 with r1
  0010..0011 fails to 0015 with r3
  0006..0013 fails to 0025 with r3
  0015..0025 fails to 0025 with r3
",
    );
}

#[test]
fn handlers_of_groups() {
    check(
        r"
def f():
    try:
        a()
    except* b as e:
        c()
",
        false,
        r"
f (10 registers)
  0000 LOAD_GLOBAL r1, a
  0001 CALL r1, 0
  0002 JUMP ->0035
  0003 ENTER_HANDLER r1, r2
  0004 MOVE r3, r1
  0005 BUILD_LIST r4, r4.., 0
  0006 LOAD_GLOBAL r8, b
  0007 SPLIT_GROUP r3, r8, r5
  0008 LOAD_CONST r6, None
  0009 IS r6, r5, r6
  0010 JUMP_IF_TRUE r6, ->0025
  0011 ENTER_HANDLER r5, r7
  0012 MOVE r0, r5
  0013 LOAD_GLOBAL r9, c
  0014 CALL r9, 0
  0015 LOAD_CONST r0, None
  0016 DELETE_LOCAL r0, e
  0017 JUMP ->0021
  0018 LOAD_CONST r0, None
  0019 DELETE_LOCAL r0, e
  0020 RERAISE r9
  0021 LEAVE_HANDLER r7
  0022 JUMP ->0025
  0023 LEAVE_HANDLER r7
  0024 LIST_APPEND r4, r9
  0025 LIST_APPEND r4, r3
  0026 JOIN_GROUP r5, r1, r4
  0027 LOAD_CONST r6, None
  0028 IS r6, r5, r6
  0029 JUMP_IF_FALSE r6, ->0032
  0030 LEAVE_HANDLER r2
  0031 JUMP ->0035
  0032 RERAISE r5
  0033 LEAVE_HANDLER r2
  0034 RERAISE r7
  0035 LOAD_CONST r1, None
  0036 RETURN r1
  0000..0002 fails to 0003 with r1
  0013..0015 fails to 0018 with r9
  0012..0021 fails to 0023 with r9
  0004..0033 fails to 0033 with r7
",
    );
}

#[test]
fn with_statement() {
    check(
        r"
def f(x):
    with x as y, z:
        return y
",
        false,
        r"
f (9 registers)
  0000 ENTER_CONTEXT r2, r0, r3
  0001 MOVE r1, r3
  0002 LOAD_GLOBAL r4, z
  0003 ENTER_CONTEXT r3, r4, r4
  0004 MOVE r4, r1
  0005 MOVE r5, r3
  0006 LOAD_CONST r6, None
  0007 LOAD_CONST r7, None
  0008 LOAD_CONST r8, None
  0009 CALL r5, 3
  0010 MOVE r5, r2
  0011 LOAD_CONST r6, None
  0012 LOAD_CONST r7, None
  0013 LOAD_CONST r8, None
  0014 CALL r5, 3
  0015 RETURN r4
  0016 ENTER_HANDLER r4, r5
  0017 EXIT_CONTEXT r6, r3, r4
  0018 JUMP_IF_FALSE r6, ->0021
  0019 LEAVE_HANDLER r5
  0020 JUMP ->0024
  0021 RERAISE r4
  0022 LEAVE_HANDLER r5
  0023 RERAISE r7
  0024 MOVE r3, r2
  0025 LOAD_CONST r4, None
  0026 LOAD_CONST r5, None
  0027 LOAD_CONST r6, None
  0028 CALL r3, 3
  0029 JUMP ->0038
  0030 ENTER_HANDLER r3, r4
  0031 EXIT_CONTEXT r5, r2, r3
  0032 JUMP_IF_FALSE r5, ->0035
  0033 LEAVE_HANDLER r4
  0034 JUMP ->0038
  0035 RERAISE r3
  0036 LEAVE_HANDLER r4
  0037 RERAISE r6
  0038 LOAD_CONST r2, None
  0039 RETURN r2
  0004..0005 fails to 0016 with r4
  0017..0022 fails to 0022 with r7
  0001..0010 fails to 0030 with r3
  0016..0024 fails to 0030 with r3
  0031..0036 fails to 0036 with r6
",
    );
}

#[test]
fn generator() {
    check(
        r"
def f(x):
    y = yield x
    z = yield from y
    return sum(a for a in z)
",
        false,
        r"
f (6 registers)
  0000 GENERATOR
  0001 YIELD r1, r0, r0
  0002 GET_YIELD_FROM r4, r1
  0003 LOAD_CONST r3, None
  0004 SEND r3, r4
  0005 JUMP ->0008
  0006 YIELD/1 r3, r3, r4
  0007 JUMP ->0004
  0008 MOVE r2, r3
  0009 LOAD_GLOBAL r3, sum
  0010 LOAD_CONST r4, None
  0011 MAKE_FUNCTION r4, code 2, r4
  0012 GET_ITERATOR r5, r2
  0013 CALL r4, 1
  0014 CALL r3, 1
  0015 RETURN r3
f.<locals>.<genexpr> (7 registers)
  0000 GENERATOR
  0001 GET_ITER iter r2, r0
  0002 LOOP_HEADER loop 0
  0003 FOR_ITER r1, iter r2
  0004 JUMP ->0007
  0005 YIELD r6, r1, r1
  0006 JUMP ->0002
  0007 LOAD_CONST r6, None
  0008 RETURN r6
",
    );
}

#[test]
fn coroutine() {
    check(
        r"
async def f(x):
    async with x as y:
        async for z in y:
            await z
    yield [w async for w in z]
",
        false,
        r"
f (9 registers)
  0000 GENERATOR
  0001 ENTER_CONTEXT/1 r3, r0, r4
  0002 GET_AWAITABLE/1 r5, r4
  0003 LOAD_CONST r4, None
  0004 SEND r4, r5
  0005 JUMP ->0008
  0006 YIELD/1 r4, r4, r5
  0007 JUMP ->0004
  0008 MOVE r1, r4
  0009 GET_ASYNC_ITER r4, r1
  0010 LOOP_HEADER loop 0
  0011 GET_ASYNC_NEXT r6, r4
  0012 LOAD_CONST r5, None
  0013 SEND r5, r6
  0014 JUMP ->0017
  0015 YIELD/1 r5, r5, r6
  0016 JUMP ->0013
  0017 MOVE r2, r5
  0018 MOVE r5, r2
  0019 GET_AWAITABLE r6, r5
  0020 LOAD_CONST r5, None
  0021 SEND r5, r6
  0022 JUMP ->0025
  0023 YIELD/1 r5, r5, r6
  0024 JUMP ->0021
  0025 JUMP ->0010
  0026 END_ASYNC_FOR r5
  0027 MOVE r4, r3
  0028 LOAD_CONST r5, None
  0029 LOAD_CONST r6, None
  0030 LOAD_CONST r7, None
  0031 CALL r4, 3
  0032 GET_AWAITABLE/2 r8, r4
  0033 LOAD_CONST r4, None
  0034 SEND r4, r8
  0035 JUMP ->0038
  0036 YIELD/1 r4, r4, r8
  0037 JUMP ->0034
  0038 JUMP ->0053
  0039 ENTER_HANDLER r4, r5
  0040 EXIT_CONTEXT r6, r3, r4
  0041 GET_AWAITABLE/2 r7, r6
  0042 LOAD_CONST r6, None
  0043 SEND r6, r7
  0044 JUMP ->0047
  0045 YIELD/1 r6, r6, r7
  0046 JUMP ->0043
  0047 JUMP_IF_FALSE r6, ->0050
  0048 LEAVE_HANDLER r5
  0049 JUMP ->0053
  0050 RERAISE r4
  0051 LEAVE_HANDLER r5
  0052 RERAISE r7
  0053 CHECK_BOUND r2, z
  0054 GET_ASYNC_ITER r5, r2
  0055 BUILD_LIST r3, r3.., 0
  0056 LOOP_HEADER loop 1
  0057 GET_ASYNC_NEXT r7, r5
  0058 LOAD_CONST r6, None
  0059 SEND r6, r7
  0060 JUMP ->0063
  0061 YIELD/1 r6, r6, r7
  0062 JUMP ->0059
  0063 MOVE r4, r6
  0064 LIST_APPEND r3, r4
  0065 JUMP ->0056
  0066 END_ASYNC_FOR r6
  0067 YIELD/2 r3, r3, r3
  0068 LOAD_CONST r3, None
  0069 RETURN r3
  0011..0017 fails to 0026 with r5
  0008..0027 fails to 0039 with r4
  0040..0051 fails to 0051 with r7
  0057..0063 fails to 0066 with r6
  0055..0067 is <listcomp>
",
    );
}

#[test]
fn match_statement() {
    check(
        r"
def f(x):
    match x:
        case [1, y, *z] | {'k': y, **z}:
            return y
        case A(y, b=None) as z if y:
            return z
        case _:
            pass
",
        false,
        r#"
f (12 registers)
  0000 MOVE r3, r0
  0001 MATCH_SEQUENCE r6, r3
  0002 JUMP_IF_FALSE r6, ->0014
  0003 GET_LENGTH r7, r3
  0004 LOAD_INT r8, 2
  0005 GREATER_EQUAL r7, r7, r8
  0006 JUMP_IF_FALSE r7, ->0014
  0007 UNPACK_STAR r7.., 3, r3
  0008 LOAD_INT r10, 1
  0009 EQUAL r11, r7, r10
  0010 JUMP_IF_FALSE r11, ->0014
  0011 MOVE r4, r8
  0012 MOVE r5, r9
  0013 JUMP ->0033
  0014 MATCH_MAPPING r6, r3
  0015 JUMP_IF_FALSE r6, ->0036
  0016 GET_LENGTH r7, r3
  0017 LOAD_INT r8, 1
  0018 GREATER_EQUAL r7, r7, r8
  0019 JUMP_IF_FALSE r7, ->0036
  0020 LOAD_CONST r7, "k"
  0021 BUILD_TUPLE r7, r7.., 1
  0022 MATCH_KEYS r7, r3, r7
  0023 LOAD_CONST r8, None
  0024 IS r8, r7, r8
  0025 JUMP_IF_TRUE r8, ->0036
  0026 UNPACK r9.., 1, r7
  0027 MOVE r4, r9
  0028 BUILD_DICT r10, r10.., 0
  0029 DICT_UPDATE r10, r3
  0030 LOAD_CONST r11, "k"
  0031 DELETE_ITEM r10, r11
  0032 MOVE r5, r10
  0033 MOVE r1, r4
  0034 MOVE r2, r5
  0035 RETURN r1
  0036 MOVE r6, r3
  0037 LOAD_GLOBAL r7, A
  0038 LOAD_CONST r8, ("b",)
  0039 MATCH_CLASS/1 r6, r6.., 3
  0040 LOAD_CONST r7, None
  0041 IS r7, r6, r7
  0042 JUMP_IF_TRUE r7, ->0053
  0043 UNPACK r8.., 2, r6
  0044 MOVE r4, r8
  0045 LOAD_CONST r10, None
  0046 IS r10, r9, r10
  0047 JUMP_IF_FALSE r10, ->0053
  0048 MOVE r5, r3
  0049 MOVE r1, r4
  0050 MOVE r2, r5
  0051 JUMP_IF_FALSE r1, ->0053
  0052 RETURN r2
  0053 JUMP ->0054
  0054 LOAD_CONST r3, None
  0055 RETURN r3
"#,
    );
}

#[test]
fn displays_and_star_targets() {
    check(
        r"
def f(a, b):
    x, *y, z = [*a, b]
    return {1: x, **y}, {*z, 2}, (*a,), a @ b
",
        false,
        r"
f (9 registers)
  0000 BUILD_LIST r5, r5.., 0
  0001 LIST_EXTEND r5, r0, r0
  0002 LIST_APPEND r5, r1
  0003 UNPACK_STAR/1 r6.., 3, r5
  0004 MOVE r2, r6
  0005 MOVE r3, r7
  0006 MOVE r4, r8
  0007 BUILD_DICT r5, r5.., 0
  0008 LOAD_INT r6, 1
  0009 DICT_ADD r5, r6, r2
  0010 DICT_UPDATE r5, r3
  0011 BUILD_SET r6, r6.., 0
  0012 SET_UPDATE r6, r4
  0013 LOAD_INT r7, 2
  0014 SET_ADD r6, r7
  0015 BUILD_LIST r7, r7.., 0
  0016 LIST_EXTEND r7, r0, r0
  0017 LIST_TO_TUPLE r7, r7
  0018 MAT_MUL r8, r0, r1
  0019 BUILD_TUPLE r5, r5.., 4
  0020 RETURN r5
",
    );
}

#[test]
fn a_comprehension_whose_variable_is_captured_is_a_function() {
    check(
        r"
def f(x):
    return [lambda: y for y in x]
",
        false,
        r"
f (3 registers)
  0000 LOAD_CONST r1, None
  0001 MAKE_FUNCTION r1, code 2, r1
  0002 GET_ITERATOR r2, r0
  0003 CALL r1, 1
  0004 RETURN r1
f.<locals>.<listcomp> (10 registers)
  0000 MAKE_CELL r1, r1
  0001 BUILD_LIST r2, r2.., 0
  0002 GET_ITER iter r3, r0
  0003 LOOP_HEADER loop 0
  0004 FOR_ITER r7, iter r3
  0005 JUMP ->0015
  0006 STORE_CELL r1, r7
  0007 LOAD_CONST r7, None
  0008 MAKE_FUNCTION r8, code 3, r7
  0009 MOVE r9, r1
  0010 BUILD_TUPLE r9, r9.., 1
  0011 SET_CLOSURE r8, r9
  0012 MOVE r7, r8
  0013 LIST_APPEND r2, r7
  0014 JUMP ->0003
  0015 RETURN r2
f.<locals>.<listcomp>.<locals>.<lambda> (2 registers)
  0000 LOAD_FREE r0, 0
  0001 LOAD_CELL r1, r0, y
  0002 RETURN r1
",
    );
}

#[test]
fn imports_of_all_kinds() {
    check(
        r"
from . import a
from ..b import c
from d import *
",
        true,
        r"
<module> (2 registers)
  0000 IMPORT r0, , 1
  0001 IMPORT_FROM r1, r0, a
  0002 STORE_GLOBAL r1, a
  0003 IMPORT r0, b, 2
  0004 IMPORT_FROM r1, r0, c
  0005 STORE_GLOBAL r1, c
  0006 IMPORT r0, d, 0
  0007 IMPORT_STAR r0, r0
  0008 LOAD_CONST r0, None
  0009 RETURN r0
",
    );
}
