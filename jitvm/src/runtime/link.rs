//! Linking: a compiled module's codes get constants, names and global cells in the heap.

use super::complex;
use super::modules::module_name;
use super::object::{Cell, ShapeId};
use super::set;
use super::surrogates;
use super::value::Value;
use super::vm::{Code, FrameLayout, Vm};
use crate::bytecode::{self, Constant};
use crate::interp::cache::Caches;
use crate::interp::words::words;
use crate::ir::CodeId;
use crate::trace::policy::LoopState;

impl Vm {
    /// Creates the Python module `name` and links `module` into it. The result is the code of its body.
    pub fn link_module(&mut self, module: &bytecode::Module, name: &str) -> CodeId {
        let object = self.new_module(name);
        let file = self.str(&module.source.path);
        self.set_global(object, "__file__", file);
        self.link_into(module, object)
    }

    /// Links codes whose globals are those of an existing module object. They take the numbers of as many that nothing
    /// knows any more, if there are such.
    pub fn link_into(&mut self, module: &bytecode::Module, object: Value) -> CodeId {
        debug_assert!(!module_name(object).is_empty());
        let freed = self.texts.take_free_codes(module.codes.len());
        if module.codes.iter().any(|code| code.names.iter().any(|name| name == "f_locals")) {
            self.jit.show_variables();
        }
        if let Some(first) = freed {
            self.jit.forget_codes(first, module.codes.len());
        }
        let first = freed.map_or(self.codes.len() as u32, |id| id.0);
        for (index, proto) in module.codes.iter().enumerate() {
            // Constants are reachable through `permanent` until the code has them.
            let mark = self.permanent.len();
            for constant in &proto.constants {
                let value = self.constant(constant, first);
                self.permanent.push(value);
            }
            let names = proto.names.iter().map(|name| self.intern(name)).collect();
            let parameters = proto.local_names[..proto.parameters()].iter().map(|name| self.intern(name)).collect();
            let globals: Vec<*mut Cell> = proto
                .globals
                .iter()
                .map(|name| {
                    let name = self.intern(name);
                    self.global_cell(object, name)
                })
                .collect();
            let constants: Box<[Value]> = self.permanent.drain(mark..).collect();
            let loops: Vec<LoopState> = proto.loops.iter().map(|_| LoopState::default()).collect();
            let caches = Caches::new(&proto.instructions);
            let code = Box::new(Code {
                id: CodeId(first + index as u32),
                proto: proto.clone(),
                source: module.source.clone(),
                module: object,
                words: words(proto, &constants, &globals, &caches, &loops),
                layout: FrameLayout::of(proto),
                constants,
                globals: globals.into(),
                names,
                parameters,
                suspensions: std::cell::OnceCell::new(),
                iterator_class: std::cell::Cell::new(super::types::TypeId::GENERATOR),
                caches,
                loops,
                function: LoopState::default(),
                entry: std::cell::Cell::new(crate::codegen::entry::interpret_activation as *const u8),
                body: std::cell::Cell::new(std::ptr::null()),
            });
            match freed {
                Some(first) => {
                    self.codes[first.index() + index] = code;
                    self.fixed_roots.outdate();
                }
                None => self.codes.push(code),
            }
        }
        CodeId(first)
    }

    /// The code that differs from another only in which of its parameters have defaults: the same one, one made before,
    /// or a new one.
    pub fn code_with_defaults(&mut self, id: CodeId, defaulted: Vec<u16>) -> CodeId {
        let old = &self.codes[id.index()];
        if old.proto.defaulted == defaulted {
            return id;
        }
        // The instructions are another code's unless its constants and globals are these too.
        let is_same = |code: &Code| {
            code.proto.defaulted == defaulted
                && std::sync::Arc::ptr_eq(&code.source, &old.source)
                && code.module == old.module
                && code.proto.qualname == old.proto.qualname
                && code.proto.positions == old.proto.positions
                && code.proto.instructions == old.proto.instructions
                && code.constants == old.constants
        };
        if let Some(known) = self.codes.iter().find(|code| is_same(code)) {
            return known.id;
        }
        let new = CodeId(self.codes.len() as u32);
        let proto = bytecode::CodeProto { defaulted, ..old.proto.clone() };
        let caches = Caches::new(&proto.instructions);
        let loops: Vec<LoopState> = proto.loops.iter().map(|_| LoopState::default()).collect();
        let code = Code {
            id: new,
            words: words(&proto, &old.constants, &old.globals, &caches, &loops),
            layout: FrameLayout::of(&proto),
            proto,
            source: old.source.clone(),
            module: old.module,
            constants: old.constants.clone(),
            globals: old.globals.clone(),
            names: old.names.clone(),
            parameters: old.parameters.clone(),
            suspensions: std::cell::OnceCell::new(),
            iterator_class: std::cell::Cell::new(super::types::TypeId::GENERATOR),
            caches,
            loops,
            function: LoopState::default(),
            entry: std::cell::Cell::new(crate::codegen::entry::interpret_activation as *const u8),
            body: std::cell::Cell::new(std::ptr::null()),
        };
        self.codes.push(Box::new(code));
        crate::trace::policy::code_linked(self, new);
        new
    }

    /// The value of a constant of no code; unlike those of codes, strs are not kept.
    pub fn constant_value(&mut self, constant: &Constant) -> Value {
        match constant {
            Constant::Str(text) => self.str(text),
            constant => self.constant(constant, 0),
        }
    }

    fn constant(&mut self, constant: &Constant, first_code: u32) -> Value {
        match constant {
            Constant::None => Value::NONE,
            Constant::True => Value::TRUE,
            Constant::False => Value::FALSE,
            Constant::Ellipsis => Value::ELLIPSIS,
            Constant::Int(i) => self.integer(*i),
            Constant::BigInt(digits) => {
                let parsed = digits.parse().expect("the front end passes decimal digits");
                self.integer_big(&parsed).unwrap_or(Value::EXC)
            }
            Constant::Float(x) => self.float(*x),
            // As in CPython, constants that look like names are interned; here all short ones are.
            Constant::Str(text) if text.len() <= 40 => self.intern(text),
            Constant::Str(text) => self.str(text),
            Constant::Complex(real, imaginary) => self.complex(complex::parts(*real, *imaginary)),
            Constant::Bytes(data) => self.bytes(data).unwrap_or(Value::EXC),
            Constant::Surrogates(points) => {
                let character = |&point: &u32| surrogates::from_code(point).unwrap_or(char::REPLACEMENT_CHARACTER);
                let text: String = points.iter().map(character).collect();
                self.str(&text)
            }
            Constant::Tuple(constants) => {
                let mark = self.permanent.len();
                for constant in constants {
                    let value = self.constant(constant, first_code);
                    self.permanent.push(value);
                }
                let items: Vec<Value> = self.permanent[mark..].to_vec();
                let tuple = self.tuple(&items).unwrap_or(Value::EXC);
                self.permanent.truncate(mark);
                tuple
            }
            Constant::FrozenSet(constants) => {
                let mark = self.permanent.len();
                let first = self.new_set_of(ShapeId::FROZENSET);
                self.permanent.push(first);
                for constant in constants {
                    let value = self.constant(constant, first_code);
                    self.permanent.push(value);
                    // Constants hash and compare without the program's code; out of memory, the element is missing.
                    let _ = set::add(self, first, value);
                }
                // CPython's compiler makes the set once more when it shares equal constants.
                let second = self.new_set_of(ShapeId::FROZENSET);
                self.permanent.push(second);
                let mut position = 0;
                while let Some((hash, value)) = set::hashed_element_at(first, &mut position) {
                    let _ = set::add_hashed(self, second, value, hash);
                }
                self.permanent.truncate(mark);
                second
            }
            Constant::Code(index) => Value::from_fixnum(i64::from(first_code + index)),
        }
    }
}
