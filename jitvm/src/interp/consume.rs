//! What builtin functions do with each item of a generator, or of a `map` of a Python function, as loops in Python.
//!
//! A builtin that resumes a generator nests natively for each item, which nothing compiles. So `sum`, `any`, `list` and
//! the like run one of the functions below instead: its loop gets a trace, in which the generator is inlined. There is
//! a copy of it for each code that hands out the items, since a trace is of one.
//!
//! No one can tell that their frames are there: tracebacks and `sys._getframe` leave them out, and the recursion limit is
//! one higher while one of them runs.

use std::collections::HashMap;
use std::sync::Arc;

use super::{call, execute};
use crate::bytecode;
use crate::ir::CodeId;
use crate::runtime::object::{Function, IteratorObject, ShapeId};
use crate::runtime::sequences::{self, items, items_mut};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{operators_sequence, set_operations};
use crate::trace::policy;

/// What shall happen to the items.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Consumer {
    /// The result is the third operand plus all of them.
    Sum,
    Any,
    All,
    /// The result is UNDEF if there is none.
    Min,
    Max,
    /// As `Min`, by what the function makes of each.
    MinKey,
    MaxKey,
    /// Appends them to a list.
    Collect,
    /// Appends what the function makes of each.
    CollectKeys,
    /// Adds them to a set.
    Add,
    /// Whether the third operand is one of them.
    Contains,
}

impl Consumer {
    /// The function of `LOOPS` for it.
    const fn name(self) -> &'static str {
        match self {
            Consumer::Sum => "sum",
            Consumer::Any => "any",
            Consumer::All => "all",
            Consumer::Min => "min",
            Consumer::Max => "max",
            Consumer::MinKey => "min_key",
            Consumer::MaxKey => "max_key",
            Consumer::Collect => "collect",
            Consumer::CollectKeys => "collect_keys",
            Consumer::Add => "add",
            Consumer::Contains => "contains",
        }
    }
}

const PATH: &str = "<loops of builtin functions>";

/// One line each, so that the line where MAP stands can be left out. Operands: what is iterated, a function or None, and
/// one more value.
const LOOPS: &str = "
def sum(source, function, total):
    for item in source:
        MAP
        total = total + item
    return total

def any(source, function, _):
    for item in source:
        MAP
        if item:
            return True
    return False

def all(source, function, _):
    for item in source:
        MAP
        if not item:
            return False
    return True

def min(source, function, nothing):
    best = nothing
    for item in source:
        MAP
        if best is nothing or item < best:
            best = item
    return best

def max(source, function, nothing):
    best = nothing
    for item in source:
        MAP
        if best is nothing or item > best:
            best = item
    return best

def min_key(source, function, nothing):
    best = weight = nothing
    for item in source:
        other = function(item)
        if best is nothing or other < weight:
            best, weight = item, other
    return best

def max_key(source, function, nothing):
    best = weight = nothing
    for item in source:
        other = function(item)
        if best is nothing or other > weight:
            best, weight = item, other
    return best

def collect(source, function, items):
    for item in source:
        MAP
        items.append(item)

def collect_keys(source, function, items):
    for item in source:
        items.append(function(item))

def add(source, function, elements):
    for item in source:
        MAP
        elements.add(item)

def contains(source, function, value):
    for item in source:
        MAP
        if item is value or item == value:
            return True
    return False
";

/// What stands for MAP in the loops over a `map`, which ends when its function raises StopIteration.
const MAPPED: &str = "try: item = function(item)
        except StopIteration: break";

/// What is done, whether over a `map`, and the code that hands out the items.
type Key = (Consumer, bool, CodeId);

/// One of the loops.
#[derive(Clone, Copy)]
struct Loop {
    key: Key,
    function: Value,
    code: CodeId,
    /// How many items it has appended to a list the last time.
    items: u32,
}

/// How many loops are found without a search.
const RECENT: usize = 16;
/// A list gets room for as many items as there were the last time, but for no more than this before they are there.
const MOST_ROOM: usize = 64;

/// The loops that were needed so far.
#[derive(Default)]
pub struct Consumers {
    /// All of them: over what hands the items out itself, and over a `map`.
    modules: Option<[bytecode::Module; 2]>,
    functions: HashMap<Key, Value>,
    /// Those looked up last, each in a place that its key tells.
    recent: [Option<Loop>; RECENT],
    /// A list in which the items of a tuple are collected, empty.
    spare: Option<Value>,
    /// What stands for no item: an object that the program never sees.
    nothing: Option<Value>,
    /// How many of their frames are on the stack.
    pub frames: u32,
}

impl Consumers {
    pub fn visit_roots(&self, f: &mut dyn FnMut(Value)) {
        self.functions.values().chain(&self.nothing).chain(&self.spare).for_each(|&value| f(value));
    }
}

impl Vm {
    /// Whether a code is one of the loops of builtins, of which the program must not learn.
    pub fn is_consumer(&self, code: CodeId) -> bool {
        let Some(modules) = &self.consumers.modules else { return false };
        let source = &self.codes[code.index()].source;
        modules.iter().any(|module| Arc::ptr_eq(&module.source, source))
    }

    /// The recursion limit that the program knows is the other way round: less by the frames it does not.
    pub fn set_recursion_limit(&mut self, limit: u32) {
        self.recursion_limit = limit + self.consumers.frames;
        self.frames.set_limit(self.recursion_limit as usize);
    }
}

/// The items of an iterator object as `consumer` wants them, if Python code hands them out. `operand` is what the
/// consumer works on.
///
/// # Errors
/// What hands them out, or an operator, has raised.
pub fn consume(vm: &mut Vm, consumer: Consumer, iterator: Value, operand: Value) -> Outcome<Option<Value>> {
    if !iterator.is_pointer() {
        return Ok(None);
    }
    match iterator.shape() {
        ShapeId::GENERATOR => {
            let code = super::generator::fields(iterator).code;
            run(vm, consumer, code, [iterator, Value::NONE, operand])
        }
        ShapeId::MAP => {
            // SAFETY: the shape was checked; nothing runs while the fields are read.
            let fields = unsafe { &*iterator.object::<IteratorObject>() };
            let (function, sources) = (fields.state[3], fields.extra);
            match (code_of(function), items(sources)) {
                (Some(code), &[source]) if is_plain(source) => run(vm, consumer, code, [source, function, operand]),
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// `list`, `tuple` or `set` of a generator.
///
/// # Errors
/// The generator has raised, or an element cannot be hashed.
pub fn gather(vm: &mut Vm, class: TypeId, generator: Value) -> Outcome {
    let code = super::generator::fields(generator).code;
    if class == TypeId::SET {
        let set = vm.new_set();
        if run(vm, Consumer::Add, code, [generator, Value::NONE, set])?.is_none() {
            set_operations::update(vm, set, generator)?;
        }
        return Ok(set);
    }
    let is_tuple = class == TypeId::TUPLE;
    // While it is in use, another tuple is collected in a list of its own.
    let spare = if is_tuple { vm.consumers.spare.take() } else { None };
    let list = match spare {
        Some(spare) => spare,
        None => vm.list(&[])?,
    };
    if run(vm, Consumer::Collect, code, [generator, Value::NONE, list])?.is_none() {
        operators_sequence::extend(vm, list, generator)?;
    }
    if !is_tuple {
        return Ok(list);
    }
    let tuple = vm.tuple(items(list))?;
    if items(list).len() <= MOST_ROOM {
        items_mut(vm, list).fill(Value::UNDEF);
        sequences::truncate(list, 0);
        vm.consumers.spare = Some(list);
    }
    Ok(tuple)
}

/// As [`consume`], of anything iterable, whose items a Python function weighs. `iterator` is what iterates over it, if that
/// is an object of its own.
///
/// # Errors
/// As there.
pub fn consume_by_key(
    vm: &mut Vm,
    consumer: Consumer,
    source: Value,
    iterator: Value,
    key: Value,
    operand: Value,
) -> Outcome<Option<Value>> {
    // `__iter__` is asked but once.
    let source = if source.is_instance() { iterator } else { source };
    match code_of(key) {
        Some(code) if is_plain(source) => run(vm, consumer, code, [source, key, operand]),
        _ => Ok(None),
    }
}

/// The code of a Python function.
fn code_of(function: Value) -> Option<CodeId> {
    let function: *const Function = call::as_function(function)?;
    // SAFETY: its caller holds the function.
    Some(unsafe { (*function).code })
}

/// Its iterator asks nothing of the program.
fn is_plain(value: Value) -> bool {
    value.is_pointer() && !value.is_instance()
}

fn run(vm: &mut Vm, consumer: Consumer, code: CodeId, mut operands: [Value; 3]) -> Outcome<Option<Value>> {
    // Where it is not compiled, such a loop is slower than the builtin itself.
    if !vm.jit.enabled {
        return Ok(None);
    }
    let is_map = operands[1] != Value::NONE;
    let key = (consumer, is_map, code);
    let place = (code.index() + consumer as usize) % RECENT;
    let known = match vm.consumers.recent[place] {
        Some(known) if known.key == key => known,
        _ => {
            let function = vm.consumers.functions.get(&key).copied();
            let function = function.unwrap_or_else(|| link(vm, consumer, is_map, code));
            let Some(code) = code_of(function) else { return Ok(None) };
            let known = Loop { key, function, code, items: 0 };
            vm.consumers.recent[place] = Some(known);
            known
        }
    };
    if vm.codes[known.code.index()].loops[0].blacklisted {
        return Ok(None);
    }
    let collects = consumer == Consumer::Collect && items(operands[2]).is_empty();
    if collects {
        vm.reserve(operands[2], known.items as usize)?;
    }
    let nothing = match vm.consumers.nothing {
        Some(nothing) => nothing,
        None => {
            let nothing = vm.list(&[])?;
            vm.consumers.nothing = Some(nothing);
            nothing
        }
    };
    if operands[2] == Value::UNDEF {
        operands[2] = nothing;
    }
    let limit = vm.recursion_limit - vm.consumers.frames;
    vm.consumers.frames += 1;
    vm.set_recursion_limit(limit);
    let result = call_loop(vm, known, operands);
    let limit = vm.recursion_limit - vm.consumers.frames;
    vm.consumers.frames -= 1;
    vm.set_recursion_limit(limit);
    if collects && let Some(again) = vm.consumers.recent[place].as_mut().filter(|again| again.key == key) {
        again.items = items(operands[2]).len().min(MOST_ROOM) as u32;
    }
    result.map(|value| Some(if value == nothing { Value::UNDEF } else { value }))
}

fn call_loop(vm: &mut Vm, known: Loop, operands: [Value; 3]) -> Outcome {
    let top = call::stack_top(vm);
    // SAFETY: the end of the stack is checked; `push_frame` checks it for all of the loop's registers.
    unsafe {
        if execute::native_stack_is_short(vm) || top.add(operands.len() + 1) >= vm.stack_end {
            return Err(vm.raise_recursion_error());
        }
        *top = known.function;
        top.add(1).cast::<[Value; 3]>().write(operands);
        call::push_frame(vm, known.code, top.add(1))?;
    }
    execute::execute(vm)
}

/// A new copy of a loop.
#[cold]
fn link(vm: &mut Vm, consumer: Consumer, is_map: bool, code: CodeId) -> Value {
    let modules = vm.consumers.modules.get_or_insert_with(|| {
        [("\n        MAP", ""), ("MAP", MAPPED)].map(|(place, text)| {
            crate::front::compile(PATH, &LOOPS.replace(place, text)).expect("the loops are Python")
        })
    });
    let of = &modules[usize::from(is_map)];
    let proto = of.codes.iter().find(|proto| proto.name == consumer.name()).expect("each consumer has a loop");
    let module = bytecode::Module { codes: vec![proto.clone()], source: of.source.clone(), warnings: Vec::new() };
    // The loops name no globals.
    let globals = vm.codes[code.index()].module;
    let linked = vm.link_into(&module, globals);
    policy::code_linked(vm, linked);
    let function = vm.function(linked, Value::NONE);
    vm.consumers.functions.insert((consumer, is_map, code), function);
    function
}
