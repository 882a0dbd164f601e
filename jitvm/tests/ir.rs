//! The IR's text, checker and interpreter on traces written by hand.

mod ir_support;

use ir_support::{BOX, BOXES, HELPERS, World, str_of_length, tuple};
use jitvm::ir::check::check;
use jitvm::ir::parse::{parse, parse_with};
use jitvm::ir::text::print;
use jitvm::ir::{Const, TraceId, Ty};
use jitvm::runtime::value::{FIXNUM_MAX, FIXNUM_MIN, Value};

const START: &str = "snap #0 at 0000 execute [code 0 pc 1 base 0] { }\n";

fn int(i: i64) -> Value {
    Value::from_fixnum(i)
}

fn float(x: f64) -> Value {
    Value::try_float(x).expect("immediate")
}

mod text {
    use super::*;

    #[test]
    fn ir_text_of_every_kind_of_operand_is_read_back() {
        let text = r#"
-- code 3 pc 17
snap #0 at 0000 raise [code 3 pc 17 base 0] [code 4 pc 1 base 12] { s0=+1 s3=-2.5 s4=+inf s5=+nan s6=nan:0xfff8000000000000 s7=val:None s8=val:"a \"b\" ~ c" s9=val:2.5 }
0000    val  SLOAD       #7
0001 >  obj  G_SHAPE     0000 list
0002 >  obj  G_SHAPE     0000 shape:4000
0003    val  FIELD_LOAD  0001 [16]
0004    val  CELL_LOAD   raw:"cell x"
0005    val  CELL_LOAD   raw:"cell x"~2
0007    nil  CARG        ---- raw:cell_y
0008  * val  CALLH       0007 peek
0009    val  CALLH       ---- helper:99
0010 >  nil  G_NE        0003 val:builtin
0011    obj  NEW         +32 +0 tuple
0012    nil  FIELD_STORE 0011 raw:2 [8]
0013    nil  SHAPE_STORE 0011 shape:4001
0014  s obj  NEW         +24 +259 shape:4002
snap #1 at 0015 execute [code 3 pc 18 base 0] { s1=0014 } 0014 shape:4002 ( 0000 +1.5 ) 0011 tuple ( raw:2 0014 )
closing at 0015 execute [code 3 pc 2 base 0] { s0=-2305843009213693952 }
"#;
        let parsed = parse(text, HELPERS).expect("well-written");
        assert_eq!(print(&parsed.body, parsed.closing.as_ref(), HELPERS), text.trim_start());
        assert_eq!(parsed.body.ins[6], jitvm::ir::Ins::NOP);
        assert_eq!(parsed.body.origins[10].code.0, 3);
        assert!(parsed.body.constants.contains(&Const::Val(float(2.5), "2.5".into())));
    }

    #[test]
    fn ir_text_errors_name_the_line() {
        for (text, line, part) in [
            ("0000 val SLOAD #0\n0000 val SLOAD #1", 2, "index 0"),
            ("0000 val SLOAD 0", 1, "slot"),
            ("0000 val NOSUCH", 1, "NOSUCH"),
            ("\n\n0000 foo SLOAD #0", 3, "foo"),
            ("0000 val SLOAD #0 0001", 1, "too much"),
            ("0000 int ADD +1", 1, "missing"),
            ("0000 int ADD +1 +2305843009213693952", 1, "fixnum"),
            ("0000 val CALLH ---- nobody", 1, "nobody"),
            ("0000 val CELL_LOAD raw:\"open", 1, "quote"),
            ("snap #1 at 0000 execute [code 0 pc 0 base 0] { }", 1, "snapshot 1"),
            ("snap #0 at 0000 maybe [code 0 pc 0 base 0] { }", 1, "maybe"),
            ("snap #0 at 0000 execute [code 0 pc 0 base 0] { 5=0000 }", 1, "s3=value"),
        ] {
            let error = parse(text, HELPERS).expect_err(text);
            assert_eq!(error.line, line, "{error}");
            assert!(error.message.contains(part), "{error}");
        }
        assert!(parse_with("0000 val CELL_LOAD raw:x", HELPERS, &mut |_, _| None).is_err());
    }
}

mod checker {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let parsed = parse(text, HELPERS).expect("readable");
        check(&parsed.body, parsed.closing.as_ref(), HELPERS).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ir_checker_names_each_defect() {
        let open = "closing at 0009 execute [code 0 pc 1 base 0] { }";
        for (text, expected) in [
            ("0000 > int G_INT 0001\n0008 val SLOAD #0", "0000: operand 0001 does not precede its use"),
            ("0000 val SLOAD #0\n0001 int ADD 0000 +1\n0008 val SLOAD #0", "0001: ADD takes Int, not val"),
            ("0000 val SLOAD #0\n0001 flt ADDF 0000 +1.0\n0008 val SLOAD #0", "0001: ADDF takes Flt, not val"),
            ("0000 nil CELL_STORE raw:x +1.0\n0008 val SLOAD #0", "0000: CELL_STORE takes Tagged, not flt"),
            ("0000 val SLOAD #0\n0001 int LIST_LEN 0000\n0008 val SLOAD #0", "0001: LIST_LEN takes Object, not val"),
            ("0000 val SLOAD #0\n0001 val ELEM_LOAD 0000 +1\n0008 val SLOAD #0", "0001: ELEM_LOAD takes Raw, not val"),
            ("0000 flt SLOAD #0\n0008 val SLOAD #0", "0000: SLOAD yields val, not flt"),
            ("0000 val CALLH ---- peek\n0008 val SLOAD #0", "0000: peek takes 1 arguments, not 0"),
            ("0000 val CALLH ---- helper:9\n0008 val SLOAD #0", "0000: no helper 9"),
            ("0000 int ADD +1 ----\n0008 val SLOAD #0", "0000: an operand is missing"),
            ("0000 nil G_EQ val:None +1.0\n0008 val SLOAD #0", "0000: compares a tagged word with something else"),
            ("0007 nil LOOP\n0008 val SLOAD #0", "0009: an open trace has 1 LOOP and 0 CLOSE"),
            ("0008 nil CLOSE start", "0009: an open trace has 0 LOOP and 1 CLOSE"),
            ("0000 val SLOAD #0\n0001 int PARENT #0\n0008 val SLOAD #0", "0001: PARENT does not stand at the start"),
        ] {
            let found = problems(&format!("{START}{text}\n{open}"));
            assert!(found.iter().any(|problem| problem == expected), "{text}\n{found:?}");
        }
    }

    #[test]
    fn ir_checker_wants_snapshots_that_name_values() {
        assert_eq!(
            problems("0000 val SLOAD #0\n0001 > int G_INT 0000\n0002 nil LOOP"),
            ["0001: no snapshot to leave through"]
        );
        let body = "0000 val SLOAD #0\n0001 nil LOOP\n";
        for (snapshot, expected) in [
            ("snap #0 at 0000 execute { }", "0000: a snapshot has no frame"),
            ("snap #0 at 0000 execute [code 0 pc 0 base 1] { }", "0000: a snapshot's first frame is not the anchor's"),
            ("snap #0 at 0000 execute [code 0 pc 0 base 0] { s1=0000 }", "0000: slot 1 has no value"),
            (
                "snap #0 at 0001 execute [code 0 pc 0 base 0] { s2=0000 s1=0000 }",
                "0001: a snapshot's slots do not ascend",
            ),
            ("snap #0 at 0002 execute [code 0 pc 0 base 0] { s1=0001 }", "0002: slot 1 has no value"),
            ("snap #0 at 0001 execute [code 0 pc 0 base 0] { s1=raw:x }", "0001: slot 1 has no value"),
        ] {
            assert_eq!(problems(&format!("{body}{snapshot}")), [expected]);
        }
    }

    #[test]
    fn ir_checker_knows_when_objects_are_filled_and_who_makes_sunk_ones() {
        let text = |lines: &str| format!("{START}0000 val SLOAD #0\n{lines}\n0009 nil LOOP");
        let filled = "0001 obj NEW +24 +0 shape:4040\n0002 nil FIELD_STORE 0001 0000 [16]";
        let late = "0003 val SLOAD #1\n0004 nil FIELD_STORE 0001 0003 [8]";
        assert_eq!(problems(&text(&format!("{filled}\n0003 nil FIELD_STORE 0001 +1 [8]"))), [""; 0]);
        assert_eq!(
            problems(&text(&format!("{filled}\n{late}"))),
            ["0001: something comes before the object is filled"]
        );
        assert_eq!(problems(&text("0001 obj NEW +20 +0 shape:4040")), ["0001: NEW of no object"]);
        assert_eq!(
            problems(&text("0001 s obj NEW +16 +0 shape:4040\n0002 val FIELD_LOAD 0001 [8]")),
            ["0002: uses 0001, which is not executed"]
        );
        let sunk = |rest: &str| {
            text(&format!(
                "0001 s obj NEW +16 +0 shape:4040\nsnap #1 at 0002 execute [code 0 pc 2 base 0] {{ s1=0001 }} {rest}"
            ))
        };
        assert_eq!(problems(&sunk("0001 shape:4040 ( 0000 )")), [""; 0]);
        assert_eq!(problems(&sunk("")), ["0002: does not say what the words of 0001 are"]);
        assert_eq!(problems(&sunk("0001 shape:4040 ( 0000 +1 )")), ["0002: 0001 has another number of words"]);
        assert_eq!(problems(&sunk("0001 shape:4040 ( 0004 )")), ["0002: a word of 0001 has no value"]);
    }

    #[test]
    fn ir_checker_knows_the_shape_of_loops() {
        let head =
            format!("{START}0000 val SLOAD #0\n0001 > int G_INT 0000\n0002 nil LOOP\n0003 > int ADDOV 0001 +1\n");
        assert_eq!(problems(&format!("{head}0004 int PHI 0001 0003")), [""; 0]);
        assert_eq!(
            problems(&format!("{head}0004 int PHI 0001 0003\n0005 val SLOAD #1")),
            ["0005: stands behind a PHI"]
        );
        assert_eq!(
            problems(&format!("{head}0004 int PHI 0003 0003")),
            ["0004: a PHI starts with a value from before LOOP"]
        );
        assert_eq!(
            problems(&format!("{head}0004 val PHI 0000 0003\n0005 int PHI 0001 0000")),
            ["0005: the values of a PHI differ in type"]
        );
        assert_eq!(
            problems(&format!("{head}0004 int PHI 0001 0003\n0005 int PHI 0001 0003")),
            ["0005: the value is carried by another PHI already"]
        );
        assert_eq!(problems(START), ["0000: a closed trace has 0 LOOP and 0 CLOSE"]);
        assert_eq!(
            problems(&format!("{START}0000 nil CLOSE start\n0001 val SLOAD #1")),
            ["0002: CLOSE is not the last instruction"]
        );
    }

    #[test]
    fn ir_checker_finds_addresses_kept_across_calls() {
        let list = format!("{START}0000 val SLOAD #0\n0001 > obj G_SHAPE 0000 list\n0002 raw LIST_DATA 0001\n");
        let call = "nil CARG ---- raw:x\n";
        assert_eq!(
            problems(&format!("{list}0003 {call}0004 val CALLH 0003 peek\n0005 val ELEM_LOAD 0002 +0\n0006 nil LOOP")),
            ["0005: address 0002 is kept across a helper call"]
        );
        assert_eq!(
            problems(&format!("{list}0003 nil LOOP\n0004 val ELEM_LOAD 0002 +0\n0005 {call}0006 val CALLH 0005 peek")),
            ["0004: address 0002 is kept across a helper call"]
        );
        assert_eq!(problems(&format!("{list}0003 nil LOOP\n0004 val ELEM_LOAD 0002 +0")), [""; 0]);
    }
}

mod interpreter {
    use super::*;

    /// Runs instructions on slots until the guard `G_NE +0 +0` at their end, and gives the value of reference `last`.
    fn value_of(lines: &str, slots: &[Value], last: u32) -> Option<Value> {
        let mut world = World::new(slots, &[], &[]);
        let result = slots.len();
        world.slots.push(Value::UNDEF);
        let text = format!(
            "{START}{lines}\nsnap #1 at 0099 execute [code 0 pc 2 base 0] {{ s{result}={last:04} }}\n\
             0099 > nil G_NE +0 +0\n0100 nil LOOP"
        );
        let body = world.parse(&text).body;
        assert_eq!(check(&body, None, HELPERS), [], "{text}");
        let exit = world.run(&body, 1).expect("the last guard fails");
        (exit.guard == 99).then(|| world.slots[result])
    }

    fn int_operation(op: &str, a: i64, b: i64) -> Option<i64> {
        let lines = format!(
            "0000 val SLOAD #0\n0001 > int G_INT 0000\n0002 val SLOAD #1\n0003 > int G_INT 0002\n0004 int {op} 0001 0003"
        );
        value_of(&lines, &[int(a), int(b)], 4).map(Value::as_fixnum)
    }

    #[test]
    fn ir_int_operations_are_pythons() {
        for (op, a, b, expected) in [
            ("ADDOV", FIXNUM_MAX, 0, Some(FIXNUM_MAX)),
            ("ADDOV", FIXNUM_MAX, 1, None),
            ("SUBOV", FIXNUM_MIN, 1, None),
            ("MULOV", FIXNUM_MIN, -1, None),
            ("MULOV", 1 << 40, 1 << 20, Some(1 << 60)),
            ("MULOV", 1 << 40, 1 << 40, None),
            ("DIV", -7, 2, Some(-4)),
            ("DIV", 7, -2, Some(-4)),
            ("DIV", -6, 2, Some(-3)),
            ("MOD", -7, 2, Some(1)),
            ("MOD", 7, -2, Some(-1)),
            ("MOD", -6, 2, Some(0)),
            ("SHLOV", 1, 60, Some(1 << 60)),
            ("SHLOV", 1, 61, None),
            ("SHLOV", 1, -1, None),
            ("SHLOV", -1, 60, Some(-(1 << 60))),
            ("SHR", -1, 100, Some(-1)),
            ("SHR", -9, 1, Some(-5)),
            ("AND", -1, 255, Some(255)),
            ("OR", -8, 3, Some(-5)),
            ("XOR", -1, 1, Some(-2)),
            ("MIN", 3, -4, Some(-4)),
            ("MAX", 3, -4, Some(3)),
        ] {
            assert_eq!(int_operation(op, a, b), expected, "{a} {op} {b}");
        }
    }

    #[test]
    fn ir_comparisons_give_bools_that_choose() {
        let chosen = |op: &str, a: Value, b: Value, guard: &str| {
            let lines = format!(
                "0000 val SLOAD #0\n0001 > {guard} 0000\n0002 val SLOAD #1\n0003 > {guard} 0002\n\
                 0004 bool {op} 0001 0003\n0005 bool SEL val:False val:True 0004\n0006 int SEL +7 +8 0005\n\
                 0007 flt SELF +1.5 -0.0 0004"
            );
            [4, 5, 6, 7].map(|at| value_of(&lines, &[a, b], at).expect("no guard fails"))
        };
        let are = |truth: bool| {
            let half = if truth { 1.5 } else { -0.0 };
            [Value::from_bool(truth), Value::from_bool(!truth), int(if truth { 8 } else { 7 }), float(half)]
        };
        for (a, b) in [(1, 2), (2, 2), (3, 2), (FIXNUM_MIN, FIXNUM_MAX)] {
            assert_eq!(chosen("LT", int(a), int(b), "int G_INT"), are(a < b), "{a} < {b}");
            assert_eq!(chosen("LE", int(a), int(b), "int G_INT"), are(a <= b), "{a} <= {b}");
            assert_eq!(chosen("EQ", int(a), int(b), "int G_INT"), are(a == b), "{a} == {b}");
        }
        for (a, b) in [(1.0, 2.0), (0.0, -0.0), (3.0, 2.0), (f64::NAN, 1.0), (f64::NAN, f64::NAN)] {
            assert_eq!(chosen("LTF", float(a), float(b), "flt G_FLT"), are(a < b), "{a} < {b}");
            assert_eq!(chosen("LEF", float(a), float(b), "flt G_FLT"), are(a <= b), "{a} <= {b}");
            assert_eq!(chosen("EQF", float(a), float(b), "flt G_FLT"), are(a == b), "{a} == {b}");
        }
    }

    #[test]
    fn ir_conversions_exit_where_they_must() {
        let float_of = |op: &str, i: i64| {
            let lines = format!("0000 val SLOAD #0\n0001 > int G_INT 0000\n0002 flt {op} 0001");
            value_of(&lines, &[int(i)], 2).map(Value::as_float)
        };
        assert_eq!(float_of("INT_TO_FLT", (1 << 53) + 1), Some(2f64.powi(53)));
        assert_eq!(float_of("INT_TO_FLT_EXACT", 1 << 53), Some(2f64.powi(53)));
        assert_eq!(float_of("INT_TO_FLT_EXACT", (1 << 53) + 1), None);
        assert_eq!(float_of("INT_TO_FLT_EXACT", -(1 << 53) - 1), None);
        let int_of = |x: f64| {
            let lines = "0000 val SLOAD #0\n0001 > flt G_FLT 0000\n0002 int FLT_TO_INT 0001";
            value_of(lines, &[float(x)], 2).map(Value::as_fixnum)
        };
        assert_eq!(int_of(-2.9), Some(-2));
        assert_eq!(int_of(-(2f64.powi(61))), Some(FIXNUM_MIN));
        assert_eq!(int_of(2f64.powi(61)), None);
        assert_eq!(int_of(f64::NAN), None);
        assert_eq!(int_of(f64::INFINITY), None);
    }

    #[test]
    fn ir_float_guards_know_nan() {
        let holds = |op: &str, a: f64, b: f64| {
            let lines = format!(
                "0000 val SLOAD #0\n0001 > flt G_FLT 0000\n0002 val SLOAD #1\n0003 > flt G_FLT 0002\n\
                 0004 > nil {op} 0001 0003"
            );
            value_of(&lines, &[float(a), float(b)], 1).is_some()
        };
        let table = [("GF_LT", "GF_NLT"), ("GF_LE", "GF_NLE"), ("GF_EQ", "GF_NE")];
        for (a, b, expected) in [
            (1.0, 2.0, [true, true, false]),
            (2.0, 2.0, [false, true, true]),
            (0.0, -0.0, [false, true, true]),
            (f64::NAN, 1.0, [false; 3]),
            (f64::NAN, f64::NAN, [false; 3]),
        ] {
            for ((op, not), expected) in table.into_iter().zip(expected) {
                assert_eq!(holds(op, a, b), expected, "{a} {op} {b}");
                assert_eq!(holds(not, a, b), !expected, "{a} {not} {b}");
            }
        }
    }

    #[test]
    fn ir_type_guards_tell_what_they_saw() {
        let exit_of = |guard: &str, value: Value| {
            let mut world = World::new(&[value], &[], &[]);
            let body = world.parse(&format!("{START}0000 val SLOAD #0\n0001 > {guard}\n0002 nil LOOP")).body;
            world.run(&body, 1).map(|exit| (exit.guard, exit.observed))
        };
        let seen = |value: Value| Some((1, Some((Ty::Val, value.0))));
        assert_eq!(exit_of("int G_INT 0000", int(-1)), None);
        assert_eq!(exit_of("int G_INT 0000", float(1.0)), seen(float(1.0)));
        assert_eq!(exit_of("flt G_FLT 0000", Value::TRUE), seen(Value::TRUE));
        assert_eq!(exit_of("flt G_FLT 0000", int(3)), seen(int(3)));
        assert_eq!(exit_of("obj G_SHAPE 0000 list", int(3)), seen(int(3)));
        assert_eq!(exit_of("nil G_ULT +2 +3", int(0)), None);
        assert_eq!(exit_of("nil G_ULT -1 +3", int(0)), Some((1, Some((Ty::Int, int(-1).0)))));
        let mut world = World::new(&[], &[], &[]);
        let body = world.parse(&format!("{START}0000 > nil G_POLL\n0001 nil LOOP")).body;
        assert_eq!(world.run(&body, 3).map(|exit| exit.guard), None);
        world.set_poll(1);
        assert_eq!(world.run(&body, 3).map(|exit| exit.guard), Some(0));
        let body = world.parse(&format!("{START}0000 > nil LEAVE await")).body;
        assert_eq!(check(&body, None, HELPERS), []);
        assert_eq!(world.run(&body, 1).map(|exit| (exit.guard, exit.observed)), Some((0, None)));
        let body = world.parse(&format!("{START}0000 > nil LEAVE await\n0001 > nil G_POLL")).body;
        assert_eq!(check(&body, None, HELPERS).len(), 1);
    }

    #[test]
    fn ir_reads_objects_by_their_layouts() {
        let mut world = World::new(&[Value::NONE; 4], &[&[int(10), int(20), int(30)]], &[]);
        let (items, text) = (tuple([int(7), int(8)]), str_of_length(5));
        world.slots[0] = world.list(0);
        world.slots[1] = Value::from_address(&raw const *items as usize);
        world.slots[2] = Value::from_address(&raw const *text as usize);
        let body = world.parse(&format!(
            "{START}0000 val SLOAD #0\n0001 > obj G_SHAPE 0000 list\n0002 int LIST_LEN 0001\n0003 raw LIST_DATA 0001
             0004 val ELEM_LOAD 0003 +1\n0005 nil ELEM_STORE 0003 +2 0004
             0006 val SLOAD #1\n0007 > obj G_SHAPE 0006 tuple\n0008 int TUPLE_LEN 0007\n0009 raw TUPLE_DATA 0007
             0010 val ITEM_LOAD 0009 +1\n0011 val SLOAD #2\n0012 > obj G_SHAPE 0011 str\n0013 int STR_LEN 0012
             0014 nil FIELD_STORE 0007 +9 [16]\n0015 val FIELD_LOAD 0007 [16]
             snap #1 at 0016 execute [code 0 pc 2 base 0] {{ s0=0002 s1=0008 s2=0013 s3=0015 }}
             0016 > nil G_EQ 0010 +0\n0017 nil LOOP"
        ));
        assert_eq!(check(&body.body, None, HELPERS), []);
        let exit = world.run(&body.body, 1).expect("8 is not 0");
        assert_eq!(exit.observed, Some((Ty::Val, int(8).0)));
        assert_eq!(world.slots, [int(3), int(2), int(5), int(9)]);
        assert_eq!(world.items(0), [int(10), int(20), int(20)]);
    }

    /// Fibonacci in a loop with PHIs that take each other's values, and the same closed with CLOSE.
    #[test]
    fn ir_loops_assign_all_phis_at_once() {
        let peeled = "
            snap #0 at 0000 execute [code 0 pc 1 base 0] { }
            0000 val SLOAD #0\n0001 > int G_INT 0000\n0002 val SLOAD #1\n0003 > int G_INT 0002
            0004 > int ADDOV 0001 0003\n0005 nil LOOP
            snap #1 at 0006 execute [code 0 pc 1 base 0] { s0=0003 s1=0004 }
            0006 > nil G_LT 0004 +1000\n0007 > int ADDOV 0003 0004
            0008 int PHI 0003 0004\n0009 int PHI 0004 0007";
        let closed = "
            snap #0 at 0000 execute [code 0 pc 1 base 0] { }
            0000 val SLOAD #0\n0001 > int G_INT 0000\n0002 val SLOAD #1\n0003 > int G_INT 0002
            0004 > nil G_LT 0003 +1000\n0005 > int ADDOV 0001 0003
            snap #1 at 0006 execute [code 0 pc 1 base 0] { s0=0003 s1=0005 }
            0006 nil CLOSE start";
        for text in [peeled, closed] {
            let mut world = World::new(&[int(0), int(1)], &[], &[]);
            let body = world.parse(text).body;
            assert_eq!(check(&body, None, HELPERS), []);
            assert!(world.run(&body, 5).is_none());
            world.slots = vec![int(0), int(1)];
            let exit = world.run(&body, 100).expect("the numbers grow");
            assert_eq!(world.slots, [int(987), int(1597)], "{text}");
            assert!(exit.back_edges > 10);
        }
    }

    /// A side trace takes what its parent left, writes the slots of both, and goes on to a root trace.
    #[test]
    fn ir_side_traces_link() {
        let mut world = World::new(&[Value::UNDEF, Value::UNDEF], &[], &[]);
        world.inputs = vec![float(0.5).0, int(7).0];
        let text = "
            snap #0 at 0000 execute [code 0 pc 4 base 0] { }
            0000 flt PARENT #0\n0001 int PARENT #1\n0002 > int ADDOV 0001 +1\n0003 flt ADDF 0000 +1.0
            snap #1 at 0004 execute [code 0 pc 1 base 0] { s0=0002 s1=0003 }
            0004 nil CLOSE trace:7";
        let body = world.parse(text).body;
        assert_eq!(check(&body, None, HELPERS), []);
        let exit = world.run(&body, 100).expect("it links");
        assert_eq!((exit.linked, exit.back_edges), (Some(TraceId(7)), 0));
        assert_eq!(world.slots, [int(8), float(1.5)]);
        assert!(print(&body, None, HELPERS).ends_with("0004    nil  CLOSE       trace:7\n"));
    }

    #[test]
    fn ir_exits_box_floats() {
        BOXES.set(0);
        assert_eq!(value_of("0000 flt MULF +1.5 +2.0", &[], 0), Some(float(3.0)));
        assert_eq!(BOXES.get(), 0);
        assert_eq!(value_of("0000 flt MULF +1e100 +1.0", &[], 0), Some(Value(BOX)));
        assert_eq!(BOXES.get(), 1);
    }

    #[test]
    fn ir_calls_pass_arguments_in_order_and_raise() {
        let mut world = World::new(&[], &[], &[int(5)]);
        let text = format!(
            "{START}0000 nil CARG ---- raw:cell0\n0001 nil CARG 0000 +1\n0002 val CALLH 0001 bump
             snap #1 at 0003 raise [code 0 pc 7 base 0] {{ }}\n0003 > nil G_NOEXC 0002\n0004 nil LOOP"
        );
        let body = world.parse(&text).body;
        assert_eq!(world.run(&body, 1), None);
        assert_eq!(world.cell_value(0), int(6));
        let exit = world.run(&body, 1).expect("the sum is 7");
        assert_eq!((exit.guard, exit.observed), (3, Some((Ty::Val, Value::EXC.0))));
        assert_eq!(exit.frames, [(0, 7, 0)]);
    }
}
