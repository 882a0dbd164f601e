//! Names for the log: the tables of codes, and texts of guards, constants and observed values.

use std::fmt::{self, Write};

use jitlog::{Log, OpcodeSet, ReasonDomain};

use crate::bytecode::{OPCODES, Op as Bytecode};
use crate::ir::{Body, Const, Effect, Field, Ins, OPERATIONS, Op, Ref, TYPES};
use crate::optimise::RULES;
use crate::runtime::collect::GcCause as GcCauseOfHeap;
use crate::runtime::object::{SHAPES, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;
use crate::trace::abort::{AbortReason, BlacklistReason, LeaveReason, LinkKind as Link, RetireReason};
use crate::trace::decision::Decision;

/// Codes of observed types: the immediate ones, then heap shapes from `SHAPE_TYPES` on.
pub(super) mod observed {
    pub const NONE: u16 = 0;
    pub const INT: u16 = 1;
    pub const FLOAT: u16 = 2;
    pub const BOOL: u16 = 3;
    pub const NONE_TYPE: u16 = 4;
    pub const UNBOUND: u16 = 5;
    pub const OTHER: u16 = 6;
    pub const SHAPE_TYPES: u16 = 16;
    /// Code, name, meaning.
    pub const TABLE: &[(u16, &str, &str)] = &[
        (NONE, "none", "the guard looks at no value"),
        (INT, "int", "an int of at most 62 bits"),
        (FLOAT, "float", "a float held in the value's word"),
        (BOOL, "bool", "True or False"),
        (NONE_TYPE, "NoneType", "None"),
        (UNBOUND, "unbound", "a variable without a value"),
        (OTHER, "other", "another special value"),
    ];
}

/// Why collections begin.
const GC_CAUSES: &[(GcCauseOfHeap, &str, &str)] = &[
    (GcCauseOfHeap::Allocation, "allocation", "so many bytes were allocated since the last collection"),
    (GcCauseOfHeap::Exhausted, "exhausted", "no block was left"),
    (GcCauseOfHeap::Explicit, "explicit", "the program asked"),
    (GcCauseOfHeap::Stress, "stress", "a stress mode of the tests"),
];
/// What a collection does, one after the other.
const GC_PHASES: [(&str, &str); 3] = [
    ("roots", "finding what the stacks and the VM refer to"),
    ("mark", "following references from there"),
    ("sweep", "freeing what was not reached"),
];

/// Names every number of ours that appears in the log.
pub(super) fn define_tables(log: &Log) {
    let defs = log.defs();
    for &(op, name, _, _) in OPCODES.iter().filter(|row| row.0 < Bytecode::FIRST_FUSED) {
        defs.opcode(OpcodeSet::Bytecode, op as u16, 0, name);
    }
    for &(op, name, _, [a, b, c], effect, _, text) in OPERATIONS {
        use jitlog::ir_flags as bits;
        let flag = |field: Field, is_ref: u32, is_number: u32| match field {
            Field::Ref => is_ref,
            Field::Number => is_number,
            Field::No => 0,
        };
        let mut flags = flag(a, bits::A_IS_REF, bits::A_IS_IMMEDIATE)
            | flag(b, bits::B_IS_REF, bits::B_IS_IMMEDIATE)
            | flag(c, bits::C_IS_REF, bits::C_IS_IMMEDIATE);
        if effect == Effect::Guard {
            flags |= bits::GUARD;
            defs.reason(ReasonDomain::GuardKind, op as u16, name, text.trim());
        }
        if matches!(effect, Effect::Store | Effect::Call) {
            flags |= bits::EFFECT;
        }
        defs.opcode(OpcodeSet::Ir, op as u16, flags, name);
    }
    for &(ty, name) in TYPES {
        defs.ir_type(ty as u8, name);
    }
    for &(reason, id, text) in AbortReason::ALL {
        defs.reason(ReasonDomain::Abort, reason as u16, id, text);
    }
    for &(reason, id, text) in BlacklistReason::ALL {
        defs.reason(ReasonDomain::Exit, reason as u16, id, text);
    }
    for &(reason, id, text) in RetireReason::ALL {
        defs.reason(ReasonDomain::Invalidate, reason as u16, id, text);
        defs.reason(ReasonDomain::CodeFree, reason as u16, id, text);
    }
    for &(kind, id, text) in Link::ALL {
        defs.reason(ReasonDomain::LinkKind, kind as u16, id, text);
    }
    for &(cause, id, text) in GC_CAUSES {
        defs.reason(ReasonDomain::GcCause, cause as u16, id, text);
    }
    for (phase, (id, text)) in GC_PHASES.iter().enumerate() {
        defs.reason(ReasonDomain::GcPhase, phase as u16, id, text);
    }
    for (rule, code) in RULES.iter().zip(0..) {
        defs.reason(ReasonDomain::Rule, code, rule.name, rule.reason);
    }
    for (code, name, text) in Decision::all() {
        defs.reason(ReasonDomain::Decision, code, name, text);
    }
    for &(code, name, text) in observed::TABLE {
        defs.reason(ReasonDomain::ObservedType, code, name, text);
    }
    for (shape, _) in SHAPES {
        let name = shape_name(*shape);
        defs.reason(ReasonDomain::ObservedType, observed::SHAPE_TYPES + shape.0 as u16, &name, "a heap object");
    }
}

/// Name of a builtin shape: that of its type, told apart where a type has several.
fn shape_name(shape: ShapeId) -> String {
    let name = SHAPES.iter().find(|(s, _)| *s == shape).map_or("object", |(_, name)| name);
    match shape {
        ShapeId::BIG_INT => "int (big)".into(),
        ShapeId::FLOAT_BOX => "float (boxed)".into(),
        _ => name.into(),
    }
}

/// A constant's text, which is made in `number` if it has none.
pub(super) fn constant_text<'a>(constant: &'a Const, number: &'a mut String) -> &'a str {
    // Writing to a string does not fail.
    let _ = match constant {
        Const::Int(i) => write!(number, "{i:+}"),
        Const::Flt(x) => write!(number, "{x:?}"),
        Const::Val(_, text) | Const::Raw(_, text) => return text,
    };
    number
}

/// An operand in words, as far as they are asked for.
struct Operand<'a>(&'a Body, Ref);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operand(body, r) = *self;
        if r.is_constant() {
            f.write_str(constant_text(&body.constants[r.constant_index()], &mut String::new()))
        } else {
            write!(f, "{:04}", r.0)
        }
    }
}

/// Adds what a guard expects, in words.
pub(super) fn expectation(vm: &Vm, body: &Body, ins: &Ins, text: &mut String) {
    let (a, b) = (Operand(body, ins.a), Operand(body, ins.b));
    // Writing to a string does not fail.
    let _ = match ins.op {
        Op::G_Int => text.write_str("int"),
        Op::G_Flt => text.write_str("float"),
        // A class has a layout for each set of attributes and order of them.
        Op::G_Shape if ShapeId(ins.c).is_dynamic() => {
            write!(text, "{} #{}", vm.class_name(vm.shapes.class(ShapeId(ins.c))), ins.c)
        }
        Op::G_Shape => match SHAPES.iter().find(|(s, _)| s.0 == ins.c) {
            Some((shape, _)) => text.write_str(&shape_name(*shape)),
            None => write!(text, "{}", ins.c),
        },
        Op::G_Eq | Op::G_FltEq => write!(text, "== {b}"),
        Op::G_Ne | Op::G_FltNe => write!(text, "!= {b}"),
        Op::G_Lt | Op::G_FltLt => write!(text, "{a} < {b}"),
        Op::G_Le | Op::G_FltLe => write!(text, "{a} <= {b}"),
        Op::G_FltNlt => write!(text, "not {a} < {b}"),
        Op::G_FltNle => write!(text, "not {a} <= {b}"),
        Op::G_Ult => text.write_str("an index in range"),
        Op::G_NoExc => text.write_str("no exception"),
        Op::G_Watch => write!(text, "{a} == {b}"),
        Op::G_Poll => text.write_str("no signal"),
        Op::Leave => {
            let reason = LeaveReason::ALL.get(ins.c as usize).map_or("", |reason| reason.1);
            write!(text, "the interpreter: {reason}")
        }
        Op::AddOv | Op::SubOv | Op::MulOv | Op::ShlOv => text.write_str("an int of at most 62 bits"),
        Op::IntToFltExact => text.write_str("an int that a float holds exactly"),
        Op::FltToInt => text.write_str("a float in the range of int"),
        _ => Ok(()),
    };
}

/// Code of the type a guard expects of its operand.
pub(super) fn expected_type(kind: Op, ins: &Ins) -> u16 {
    match kind {
        Op::G_Int | Op::AddOv | Op::SubOv | Op::MulOv | Op::ShlOv | Op::G_Lt | Op::G_Le | Op::G_Ult => observed::INT,
        Op::G_Flt | Op::G_FltLt | Op::G_FltLe | Op::G_FltNlt | Op::G_FltNle | Op::G_FltEq | Op::G_FltNe => {
            observed::FLOAT
        }
        Op::G_Shape => observed::SHAPE_TYPES + ins.c as u16,
        _ => observed::NONE,
    }
}

pub fn observed_type(bits: u64, of_float: bool) -> u16 {
    let value = Value(bits);
    if of_float || value.is_float() {
        observed::FLOAT
    } else if value.is_int() {
        observed::INT
    } else if value.is_bool() {
        observed::BOOL
    } else if value == Value::NONE {
        observed::NONE_TYPE
    } else if value == Value::UNDEF {
        observed::UNBOUND
    } else if value.is_pointer() {
        // SAFETY: a pointer value in a trace is the address of a live heap object, which starts with its shape.
        observed::SHAPE_TYPES + unsafe { *(value.address() as *const u32) } as u16
    } else {
        observed::OTHER
    }
}

/// Name of an observed type, as in the log.
pub fn observed_name(code: u16) -> String {
    let immediate = observed::TABLE.iter().find(|entry| entry.0 == code).map(|entry| entry.1);
    let shape = u32::from(code.wrapping_sub(observed::SHAPE_TYPES));
    immediate.map_or_else(|| shape_name(ShapeId(shape)), str::to_owned)
}

/// The value as the program would print it, at most 40 bytes.
pub(super) fn observed_text(vm: &mut Vm, bits: u64, of_float: bool) -> String {
    let mut text = if of_float {
        format!("{:?}", f64::from_bits(bits))
    } else {
        crate::trace::describe::describe(vm, Value(bits))
    };
    if text.len() > 40 {
        let mut end = 37;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("...");
    }
    text
}
