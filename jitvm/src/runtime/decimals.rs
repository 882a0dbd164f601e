//! What `decimal.Decimal`, a class of the library written in Python, does with finite numbers of moderate size, without
//! calling its methods.
//!
//! Results, flags and rounding are those of `lib/decimal`. Whatever is rare there (infinities, NaNs, traps that spring,
//! coefficients of more than 127 bits, results at the limits of the exponent, clamping) is left to it: then each function
//! here says `None`, and nothing has happened.

use std::cmp::Ordering;

use super::compare::CompareKind;
use super::instances::slots;
use super::numbers::Limbs;
use super::object::{Cell, Header, ShapeId};
use super::operators::Binary;
use super::strings::text;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::Vm;

/// Which objects are decimals and contexts, and where their slots lie.
#[derive(Clone, Copy, Debug)]
pub struct Decimals {
    shape: ShapeId,
    capacity: u16,
    sign: u16,
    coefficient: u16,
    exponent: u16,
    kind: u16,
    /// The module's variable with the current context.
    current: *const Cell,
    context_class: TypeId,
    /// The shape that contexts had last, and in it the slots of [`CONTEXT_NAMES`].
    context_shape: ShapeId,
    context_slots: [u16; CONTEXT_NAMES.len()],
}

impl Default for Decimals {
    /// Nothing is a decimal before the module is imported.
    fn default() -> Decimals {
        Decimals {
            shape: ShapeId::FREE,
            capacity: 0,
            sign: 0,
            coefficient: 0,
            exponent: 0,
            kind: 0,
            current: std::ptr::null(),
            context_class: TypeId::OBJECT,
            context_shape: ShapeId::FREE,
            context_slots: [0; CONTEXT_NAMES.len()],
        }
    }
}

/// Attributes of a context, in the order of [`Context`]'s fields.
const CONTEXT_NAMES: [&str; 7] = ["prec", "rounding", "Emin", "Emax", "clamp", "_flags", "_traps"];

/// Bits of signals, as `lib/decimal/context.py` has them.
const INEXACT: i64 = 64;
const ROUNDED: i64 = 128;

/// Exponents beyond this are left alone, so that sums of them fit.
const FAR: i64 = 1 << 60;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rounding {
    Down,
    HalfUp,
    HalfEven,
    Ceiling,
    Floor,
    Up,
    HalfDown,
    ZeroFiveUp,
}

impl Rounding {
    fn of(value: Value) -> Option<Rounding> {
        if !value.has_shape(ShapeId::STR) {
            return None;
        }
        Some(match text(value) {
            "ROUND_DOWN" => Rounding::Down,
            "ROUND_HALF_UP" => Rounding::HalfUp,
            "ROUND_HALF_EVEN" => Rounding::HalfEven,
            "ROUND_CEILING" => Rounding::Ceiling,
            "ROUND_FLOOR" => Rounding::Floor,
            "ROUND_UP" => Rounding::Up,
            "ROUND_HALF_DOWN" => Rounding::HalfDown,
            "ROUND_05UP" => Rounding::ZeroFiveUp,
            _ => return None,
        })
    }

    /// Whether `kept` and a positive `rest` of a unit become the next larger magnitude.
    fn is_up(self, negative: bool, kept: u128, rest: u128, unit: u128) -> bool {
        // Twice the rest may not fit.
        let half = rest.cmp(&(unit - rest));
        match self {
            Rounding::HalfEven => half.is_gt() || half.is_eq() && kept & 1 == 1,
            Rounding::Down => false,
            Rounding::HalfUp => half.is_ge(),
            Rounding::HalfDown => half.is_gt(),
            Rounding::Up => true,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            Rounding::ZeroFiveUp => kept.is_multiple_of(5),
        }
    }
}

/// A finite number.
#[derive(Clone, Copy, Debug)]
struct Number {
    negative: bool,
    coefficient: u128,
    exponent: i64,
}

#[derive(Clone, Copy, Debug)]
struct Context {
    object: Value,
    precision: i64,
    rounding: Value,
    least: i64,
    most: i64,
    flags: i64,
    traps: i64,
}

impl Context {
    fn is_floor(&self) -> bool {
        Rounding::of(self.rounding) == Some(Rounding::Floor)
    }
}

/// The powers of ten that there are in 128 bits.
const POWERS: [u128; 39] = {
    let mut powers = [1; 39];
    let mut i = 1;
    while i < powers.len() {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Decimal digits; 1 of zero.
#[inline]
fn digits(n: u128) -> i64 {
    // From the binary digits: never too many, and at most one too few.
    let least = ((u128::BITS - (n | 1).leading_zeros()) as usize * 1233) >> 12;
    least as i64 + i64::from(POWERS.get(least).is_some_and(|&power| n | 1 >= power))
}

#[inline]
fn power10(n: i64) -> Option<u128> {
    POWERS.get(usize::try_from(n).ok()?).copied()
}

/// Quotient and remainder, quickly where both are of 64 bits.
#[inline]
fn divide(a: u128, b: u128) -> (u128, u128) {
    match (u64::try_from(a), u64::try_from(b)) {
        (Ok(a), Ok(b)) => ((a / b).into(), (a % b).into()),
        _ => {
            let quotient = a / b;
            (quotient, a - quotient * b)
        }
    }
}

impl Vm {
    /// The classes of decimals and of contexts, and the module whose variable `_current` is the context in use.
    pub fn know_decimals(&mut self, class: Value, context_class: Value, module: Value) {
        let shape = self.root_shape(type_id(class));
        let mut slot = |name| {
            let name = self.intern(name);
            self.shapes.lookup(shape, name)
        };
        if let (Some(sign), Some(coefficient), Some(exponent), Some(kind)) =
            (slot("_sign"), slot("_int"), slot("_exp"), slot("_kind"))
        {
            let name = self.intern("_current");
            self.decimals = Decimals {
                shape,
                capacity: self.shapes.get(shape).capacity,
                sign,
                coefficient,
                exponent,
                kind,
                current: self.global_cell(module, name),
                context_class: type_id(context_class),
                ..Decimals::default()
            };
        }
    }

    /// A number that the functions here may know what to do with.
    #[inline(always)]
    pub fn is_decimal(&self, value: Value) -> bool {
        value.is_pointer() && value.shape() == self.decimals.shape
    }

    /// A finite decimal, or a fixnum. In line, since a result handed over in memory is waited for.
    #[inline(always)]
    fn decimal_parts(&self, value: Value) -> Option<Number> {
        if value.is_int() {
            let int = value.as_fixnum();
            return Some(Number { negative: int < 0, coefficient: int.unsigned_abs().into(), exponent: 0 });
        }
        if !self.is_decimal(value) {
            return None;
        }
        let (fields, at) = (slots(value), &self.decimals);
        let (coefficient, exponent) = (fields[at.coefficient as usize], fields[at.exponent as usize]);
        if fields[at.kind as usize] != Value::from_fixnum(0) || !exponent.is_int() {
            return None;
        }
        let coefficient = if coefficient.is_int() {
            u128::try_from(coefficient.as_fixnum()).ok()?
        } else if coefficient.has_shape(ShapeId::BIG_INT) {
            match *Limbs::of_big(coefficient).limbs {
                [low] => low.into(),
                [low, high] if high >> 63 == 0 => u128::from(high) << 64 | u128::from(low),
                _ => return None,
            }
        } else {
            return None;
        };
        let exponent = exponent.as_fixnum();
        (exponent.abs() < FAR).then_some(Number {
            negative: fields[at.sign as usize] == Value::from_fixnum(1),
            coefficient,
            exponent,
        })
    }

    /// A context that does not clamp; without one given, the current one.
    #[inline(always)]
    fn decimal_context(&mut self, given: Option<Value>) -> Option<Context> {
        // SAFETY: the cell is that of an embedded module, which lives as long as the VM once it is known.
        let object = given.unwrap_or_else(|| unsafe { (*self.decimals.current).value });
        if !object.is_pointer() || !object.is_instance() || !object.has_layout(ShapeId::INSTANCE) {
            return None;
        }
        if object.shape() != self.decimals.context_shape {
            self.know_context_shape(object.shape())?;
        }
        let (fields, at) = (slots(object), &self.decimals.context_slots);
        let number = |i: usize| {
            let value = fields[at[i] as usize];
            value.is_int().then(|| value.as_fixnum())
        };
        if number(4)? != 0 {
            return None;
        }
        Some(Context {
            object,
            precision: number(0)?,
            rounding: fields[at[1] as usize],
            least: number(2)?,
            most: number(3)?,
            flags: number(5)?,
            traps: number(6)?,
        })
    }

    /// Finds where contexts of a shape have their attributes.
    #[cold]
    fn know_context_shape(&mut self, shape: ShapeId) -> Option<()> {
        if self.shapes.class(shape) != self.decimals.context_class || !self.shapes.get(shape).has_values() {
            return None;
        }
        for (i, name) in CONTEXT_NAMES.into_iter().enumerate() {
            let name = self.intern(name);
            self.decimals.context_slots[i] = self.shapes.lookup(shape, name)?;
        }
        self.decimals.context_shape = shape;
        Some(())
    }

    /// Sets flags; false, and nothing has happened, if one of them is trapped.
    fn decimal_signal(&self, context: &Context, bits: i64) -> bool {
        if bits & context.traps != 0 {
            return false;
        }
        let flags = self.decimals.context_slots[5];
        slots(context.object)[flags as usize] = Value::from_fixnum(context.flags | bits);
        true
    }

    #[inline]
    fn make_decimal(&mut self, number: &Number) -> Option<Value> {
        let coefficient = self.integer_wide(i128::try_from(number.coefficient).ok()?);
        let made = self.new_instance_of(self.decimals.shape, self.decimals.capacity);
        let fields = slots(made);
        fields[self.decimals.sign as usize] = Value::from_fixnum(number.negative.into());
        fields[self.decimals.coefficient as usize] = coefficient;
        fields[self.decimals.exponent as usize] = Value::from_fixnum(number.exponent);
        fields[self.decimals.kind as usize] = Value::from_fixnum(0);
        self.heap.written(made.object::<Header>());
        Some(made)
    }

    /// A result rounded to the context (`fix`).
    fn fix_decimal(&mut self, number: &Number, context: &Context) -> Option<Value> {
        let precision = context.precision;
        if number.coefficient == 0 {
            let low = context.least - precision + 1;
            return if (low..=context.most).contains(&number.exponent) { self.make_decimal(number) } else { None };
        }
        let count = digits(number.coefficient);
        let adjusted = number.exponent + count - 1;
        if !(context.least..=context.most).contains(&adjusted) {
            return None;
        }
        if count <= precision {
            return self.make_decimal(number);
        }
        let mut exponent = number.exponent + count - precision;
        let unit = power10(count - precision)?;
        let (mut kept, rest) = divide(number.coefficient, unit);
        let mut bits = ROUNDED;
        if rest != 0 {
            bits |= INEXACT;
            if Rounding::of(context.rounding)?.is_up(number.negative, kept, rest, unit) {
                kept += 1;
                if digits(kept) > precision {
                    kept /= 10;
                    exponent += 1;
                }
            }
        }
        if exponent > context.most - precision + 1 || !self.decimal_signal(context, bits) {
            return None;
        }
        self.make_decimal(&Number { negative: number.negative, coefficient: kept, exponent })
    }

    /// `a op b` of a decimal and a decimal or int.
    #[inline]
    pub fn decimal_operator(&mut self, op: Binary, a: Value, b: Value) -> Option<Value> {
        if !self.is_decimal(a) && !self.is_decimal(b) {
            return None;
        }
        let (x, y) = (self.decimal_parts(a)?, self.decimal_parts(b)?);
        let context = self.decimal_context(None)?;
        match op {
            Binary::Add => self.add_decimals(&x, &y, y.negative, &context),
            Binary::Sub => self.add_decimals(&x, &y, !y.negative, &context),
            Binary::Mul => {
                let number = Number {
                    negative: x.negative != y.negative,
                    coefficient: x.coefficient.checked_mul(y.coefficient)?,
                    exponent: x.exponent + y.exponent,
                };
                self.fix_decimal(&number, &context)
            }
            Binary::TrueDiv => self.divide_decimals(&x, &y, &context),
            Binary::FloorDiv => self.quotient_of_decimals(&x, &y, &context),
            _ => None,
        }
    }

    /// x + y with another sign of y.
    fn add_decimals(&mut self, x: &Number, y: &Number, y_negative: bool, context: &Context) -> Option<Value> {
        let (mut p, mut q, mut exponent) = (x.coefficient, y.coefficient, x.exponent);
        let difference = x.exponent - y.exponent;
        match difference.cmp(&0) {
            Ordering::Greater => {
                p = p.checked_mul(power10(difference)?)?;
                exponent = y.exponent;
            }
            Ordering::Less => q = q.checked_mul(power10(-difference)?)?,
            Ordering::Equal => {}
        }
        let (negative, coefficient) = if x.negative == y_negative {
            (x.negative, p.checked_add(q)?)
        } else {
            match p.cmp(&q) {
                Ordering::Greater => (x.negative, p - q),
                Ordering::Less => (y_negative, q - p),
                Ordering::Equal => (context.is_floor(), 0),
            }
        };
        self.fix_decimal(&Number { negative, coefficient, exponent }, context)
    }

    fn divide_decimals(&mut self, x: &Number, y: &Number, context: &Context) -> Option<Value> {
        if y.coefficient == 0 {
            return None;
        }
        let negative = x.negative != y.negative;
        let ideal = x.exponent - y.exponent;
        if x.coefficient == 0 {
            return self.fix_decimal(&Number { negative, coefficient: 0, exponent: ideal }, context);
        }
        let shift = digits(y.coefficient) - digits(x.coefficient) + context.precision + 1;
        let mut exponent = ideal - shift;
        let (mut quotient, rest) = if shift >= 0 {
            divide(x.coefficient.checked_mul(power10(shift)?)?, y.coefficient)
        } else {
            divide(x.coefficient, y.coefficient.checked_mul(power10(-shift)?)?)
        };
        if rest != 0 {
            // One digit more says that something follows.
            quotient = quotient.checked_mul(10)? + 1;
            exponent -= 1;
        } else {
            while exponent < ideal {
                let (shorter, last) = divide(quotient, 10);
                if last != 0 {
                    break;
                }
                quotient = shorter;
                exponent += 1;
            }
        }
        self.fix_decimal(&Number { negative, coefficient: quotient, exponent }, context)
    }

    /// The whole quotient towards zero.
    fn quotient_of_decimals(&mut self, x: &Number, y: &Number, context: &Context) -> Option<Value> {
        if y.coefficient == 0 {
            return None;
        }
        let exponent = x.exponent.min(y.exponent);
        let p = x.coefficient.checked_mul(power10(x.exponent - exponent)?)?;
        let q = y.coefficient.checked_mul(power10(y.exponent - exponent)?)?;
        let (quotient, _) = divide(p, q);
        if digits(quotient) > context.precision {
            return None;
        }
        let number = Number { negative: x.negative != y.negative, coefficient: quotient, exponent: 0 };
        self.fix_decimal(&number, context)
    }

    /// `a < b` and the like of a decimal and a decimal or int.
    #[inline]
    pub fn decimal_comparison(&self, kind: CompareKind, a: Value, b: Value) -> Option<bool> {
        if !self.is_decimal(a) && !self.is_decimal(b) {
            return None;
        }
        let (x, y) = (self.decimal_parts(a)?, self.decimal_parts(b)?);
        // Zeros have no sign.
        let signum = |number: Number| match number.coefficient {
            0 => 0,
            _ if number.negative => -1,
            _ => 1,
        };
        let (left, right) = (signum(x), signum(y));
        let order = if left != right || left == 0 {
            left.cmp(&right)
        } else {
            let (p, q) = (x.exponent + digits(x.coefficient), y.exponent + digits(y.coefficient));
            let magnitudes = if p != q {
                p.cmp(&q)
            } else if x.exponent >= y.exponent {
                x.coefficient.checked_mul(power10(x.exponent - y.exponent)?)?.cmp(&y.coefficient)
            } else {
                x.coefficient.cmp(&y.coefficient.checked_mul(power10(y.exponent - x.exponent)?)?)
            };
            if left < 0 { magnitudes.reverse() } else { magnitudes }
        };
        Some(kind.holds(Some(order)))
    }

    /// `number.quantize(target, rounding, context)`, of which the last two may be None.
    pub fn decimal_quantize(&mut self, number: Value, target: Value, rounding: Value, context: Value) -> Option<Value> {
        if !self.is_decimal(number) || !self.is_decimal(target) {
            return None;
        }
        let (x, wanted) = (self.decimal_parts(number)?, self.decimal_parts(target)?.exponent);
        let context = self.decimal_context(Some(context).filter(|&context| context != Value::NONE))?;
        let rounding = Rounding::of(if rounding == Value::NONE { context.rounding } else { rounding })?;
        if wanted <= context.least - context.precision || wanted > context.most {
            return None;
        }
        let (mut coefficient, mut bits) = (x.coefficient, 0);
        let drop = wanted - x.exponent;
        if drop > 0 && coefficient != 0 {
            bits = ROUNDED;
            let unit = power10(drop)?;
            let (kept, rest) = divide(coefficient, unit);
            coefficient = kept;
            if rest != 0 {
                bits |= INEXACT;
                coefficient += u128::from(rounding.is_up(x.negative, kept, rest, unit));
            }
        } else if drop < 0 && coefficient != 0 {
            coefficient = coefficient.checked_mul(power10(-drop)?)?;
        }
        if coefficient != 0 {
            let count = digits(coefficient);
            let adjusted = wanted + count - 1;
            if count > context.precision || !(context.least..=context.most).contains(&adjusted) {
                return None;
            }
        }
        if bits != 0 && !self.decimal_signal(&context, bits) {
            return None;
        }
        self.make_decimal(&Number { negative: x.negative, coefficient, exponent: wanted })
    }

    /// `str(number)` where that is written without an exponent.
    pub fn decimal_text(&self, number: Value) -> Option<String> {
        if !self.is_decimal(number) {
            return None;
        }
        let Number { negative, coefficient, exponent } = self.decimal_parts(number)?;
        let mut all = coefficient.to_string();
        let point = exponent + all.len() as i64;
        if exponent > 0 || point <= -6 {
            return None;
        }
        if exponent < 0 {
            let missing = usize::try_from(1 - point).unwrap_or(0);
            all.insert_str(0, &"0".repeat(missing));
            all.insert((all.len() as i64 + exponent) as usize, '.');
        }
        if negative {
            all.insert(0, '-');
        }
        Some(all)
    }
}
