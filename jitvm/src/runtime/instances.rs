//! Instances of program classes in memory: allocation, slots, the dict of those that outgrow them.

use super::numbers::exact_float;
use super::object::{
    BigInt, Bytes, Descriptor, Exception, FloatBox, Header, Instance, IteratorObject, List, ShapeId, Str, Tuple,
    TypeObject,
};
use super::shapes::{MOST_SLOTS, SlotKind};
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Vm};
use super::{descriptors, namespace};

/// Bytes of an object by its layout, rounded up to 8; the word of attributes follows in instances of program classes.
///
/// # Safety
/// `header` is an object of the heap that is no INSTANCE.
unsafe fn payload_bytes(header: *mut Header) -> usize {
    // SAFETY: by the caller; the layout says which fields there are.
    unsafe {
        match ShapeId(u32::from((*header).kind)) {
            ShapeId::LIST => size_of::<List>(),
            ShapeId::TUPLE => Tuple::ITEMS + (*header.cast::<Tuple>()).length as usize * 8,
            ShapeId::STR => (Str::BYTES + (*header.cast::<Str>()).bytes as usize).next_multiple_of(8),
            ShapeId::BIG_INT => BigInt::LIMBS + (*header.cast::<BigInt>()).size.unsigned_abs() as usize * 8,
            ShapeId::FLOAT_BOX => size_of::<FloatBox>(),
            ShapeId::DICT => size_of::<super::object::Dict>(),
            ShapeId::SET | ShapeId::FROZENSET => size_of::<super::object::Set>(),
            ShapeId::BYTES => (Bytes::DATA + (*header.cast::<Bytes>()).length as usize).next_multiple_of(8),
            ShapeId::BYTEARRAY => size_of::<super::object::ByteArray>(),
            ShapeId::COMPLEX => size_of::<super::object::Complex>(),
            ShapeId::TYPE => size_of::<TypeObject>(),
            ShapeId::EXCEPTION => size_of::<Exception>(),
            ShapeId::MODULE => size_of::<super::object::Module>(),
            ShapeId::ENUMERATE
            | ShapeId::ZIP
            | ShapeId::MAP
            | ShapeId::FILTER
            | ShapeId::REVERSED
            | ShapeId::CALL_ITERATOR => size_of::<IteratorObject>(),
            _ => size_of::<Descriptor>(),
        }
    }
}

/// Where an instance of a program class that derives from a builtin type keeps the dict of its attributes (or UNDEF).
///
/// # Safety
/// `header` is an object of dynamic shape that is no INSTANCE.
pub unsafe fn attributes_word(header: *mut Header) -> *mut Value {
    // SAFETY: such objects are allocated with one word more than their payload.
    unsafe { header.byte_add(payload_bytes(header)).cast() }
}

/// The slots of an INSTANCE.
#[inline]
pub fn slots<'a>(value: Value) -> &'a mut [Value] {
    debug_assert!(value.has_layout(ShapeId::INSTANCE));
    // SAFETY: the layout was checked; `aux` slots follow the instance.
    unsafe {
        let header = value.object::<Header>();
        std::slice::from_raw_parts_mut(header.byte_add(Instance::SLOTS).cast(), (*header).aux as usize)
    }
}

/// Where instances of a shape have an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Slot(u16),
    /// In no slot.
    None,
    /// What the class has decides: a descriptor, or something that hides a member of `__slots__`.
    Computed,
}

fn set_shape(value: Value, shape: ShapeId) {
    // SAFETY: the caller passes an object.
    unsafe { (*value.object::<Header>()).shape = shape };
}

/// The map of attributes an object has besides its slots, or UNDEF; `None` for objects that can have none.
fn map_word(value: Value) -> Option<*mut Value> {
    if value.has_layout(ShapeId::INSTANCE) {
        // SAFETY: the layout was checked.
        return Some(unsafe { &raw mut (*value.object::<Instance>()).extra });
    }
    if value.is_instance() || value.has_shape(ShapeId::EXCEPTION) {
        // SAFETY: the shape is dynamic, or that of exceptions, which all have the word.
        return Some(unsafe { attributes_word(value.object()) });
    }
    if value.has_shape(ShapeId::FUNCTION) {
        // SAFETY: the shape was checked.
        return Some(unsafe { &raw mut (*value.object::<super::object::Function>()).attributes });
    }
    None
}

impl Vm {
    /// The shape that a new plain instance of a class gets.
    pub fn root_shape(&mut self, id: TypeId) -> ShapeId {
        let class = self.class(id);
        let (capacity, layout) = (class.capacity, class.layout);
        if let Some(&(_, shape)) = class.roots.iter().rev().find(|&&(known, _)| known == capacity) {
            return shape;
        }
        let fixed = class.slots.clone();
        let mut shape = self.shapes.new_root(id, layout, capacity, false);
        for name in fixed {
            let next = self.shapes.transition(shape, name, SlotKind::Any);
            shape = next.expect("the capacity is not below the number of slots");
        }
        self.class_mut(id).roots.push((capacity, shape));
        shape
    }

    fn dictionary_shape(&mut self, id: TypeId) -> ShapeId {
        if let Some(shape) = self.class(id).dictionary_shape {
            return shape;
        }
        let layout = self.class(id).layout;
        let shape = self.shapes.new_root(id, layout, 0, true);
        self.class_mut(id).dictionary_shape = Some(shape);
        shape
    }

    /// A new instance of a class with the layout INSTANCE, all slots unassigned.
    pub fn new_instance(&mut self, id: TypeId) -> Value {
        let shape = if id == TypeId::OBJECT { ShapeId::INSTANCE } else { self.root_shape(id) };
        let capacity = if shape.is_dynamic() { self.shapes.get(shape).capacity } else { 0 };
        let instance = self.new_instance_of(shape, capacity);
        self.watch_instance(id, instance);
        instance
    }

    /// A new instance of a root shape.
    pub fn new_instance_of(&mut self, shape: ShapeId, capacity: u16) -> Value {
        let object = self.allocate(Instance::SLOTS + capacity as usize * 8, shape).cast::<Instance>();
        // SAFETY: the allocation has room for the instance and its slots.
        unsafe {
            (*object).header.kind = ShapeId::INSTANCE.0 as u8;
            (*object).header.aux = capacity;
            (*object).extra = Value::UNDEF;
        }
        let value = Value::of(object);
        slots(value).fill(Value::UNDEF);
        value
    }

    /// A copy of an exact builtin object, which nothing else may refer to, as an instance of a class that derives from
    /// its type.
    pub fn adopt(&mut self, id: TypeId, value: Value) -> Outcome {
        let value = self.boxed(value);
        let value = if value.is_str() { self.plain_str(value)? } else { value };
        // SAFETY: `boxed` gives an object that is no INSTANCE; the new one has room for its bytes and one word more, and
        // has no other references yet.
        unsafe {
            let from = value.object::<Header>();
            let bytes = payload_bytes(from);
            let shape = self.root_shape(id);
            let to = self.try_allocate(bytes + 8, shape)?;
            std::ptr::copy_nonoverlapping(from.byte_add(8).cast::<u8>(), to.byte_add(8).cast::<u8>(), bytes - 8);
            (*to).kind = (*from).kind;
            (*to).aux = (*from).aux;
            *to.byte_add(bytes).cast::<Value>() = Value::UNDEF;
            if (*to).kind == ShapeId::EXCEPTION.0 as u8 {
                (*to.cast::<Exception>()).class = self.type_object(id);
            }
            let value = Value::of(to);
            self.watch_instance(id, value);
            Ok(value)
        }
    }

    /// An int that is no instance of a derived class.
    pub fn exact_integer(&mut self, integer: Value) -> Outcome {
        if !integer.is_instance() {
            return Ok(integer);
        }
        let limbs = super::numbers::Limbs::of_big(integer);
        self.try_integer_from_limbs(limbs.negative, limbs.limbs)
    }

    /// A number as an object of the heap.
    fn boxed(&mut self, value: Value) -> Value {
        if value.is_int() || value.is_bool() {
            let small = super::numbers::as_i64(value).unwrap_or_default();
            let count = usize::from(small != 0);
            let big = self.allocate(BigInt::LIMBS + count * 8, ShapeId::BIG_INT).cast::<BigInt>();
            // SAFETY: the allocation has room for the limb.
            unsafe {
                (*big).size = small.signum();
                if count == 1 {
                    *big.byte_add(BigInt::LIMBS).cast::<u64>() = small.unsigned_abs();
                }
            }
            return Value::of(big);
        }
        if value.is_float() {
            let object = self.allocate(size_of::<FloatBox>(), ShapeId::FLOAT_BOX).cast::<FloatBox>();
            // SAFETY: the allocation has room for a `FloatBox`.
            unsafe { (*object).value = value.as_float() };
            return Value::of(object);
        }
        value
    }

    /// The slot of an attribute that is no member of `__slots__`.
    #[inline]
    fn own_slot(&self, shape: ShapeId, name: Value) -> Option<u16> {
        let slot = self.shapes.lookup(shape, name)?;
        (slot as usize >= self.class(self.shapes.class(shape)).slots.len()).then_some(slot)
    }

    /// Whether an instance with a builtin layout, whose members of `__slots__` are in the map, can have the attribute
    /// only as a member.
    fn is_member_only(&self, value: Value, name: Value) -> bool {
        let class = self.class(self.type_of(value));
        !class.has_dict && class.slots.contains(&name)
    }

    /// Where instances of a shape have an attribute for which the class has `of_class`.
    pub fn attribute_place(&self, shape: ShapeId, name: Value, of_class: Option<Value>) -> Place {
        let slot = self.shapes.lookup(shape, name);
        let fixed = self.class(self.shapes.class(shape)).slots.len();
        let is_fixed = slot.is_some_and(|slot| (slot as usize) < fixed);
        match of_class {
            // A member may have been assigned to the class under another name.
            Some(member) if member.has_shape(ShapeId::MEMBER) => match slot {
                Some(slot) if is_fixed && descriptors::fields(member)[0] == name => Place::Slot(slot),
                _ => Place::Computed,
            },
            Some(found) if descriptors::is_data(self, found) => Place::Computed,
            // Something else was assigned to the class in place of the member.
            _ if is_fixed => Place::Computed,
            // Not attributes like others, though no class says so.
            None if slot.is_none() && [self.names.class, self.names.dict].contains(&name) => Place::Computed,
            _ => slot.map_or(Place::None, Place::Slot),
        }
    }

    /// What a slot that `__slots__` made has.
    pub fn member_get(&self, value: Value, name: Value) -> Option<Value> {
        let found = match self.shapes.lookup(value.shape(), name) {
            Some(slot) if value.has_layout(ShapeId::INSTANCE) => slots(value)[slot as usize],
            _ => {
                // SAFETY: `map_word` gives the address of a word in the object.
                let map = unsafe { *map_word(value)? };
                if map == Value::UNDEF { Value::UNDEF } else { namespace::get(map, name)? }
            }
        };
        (found != Value::UNDEF).then_some(found)
    }

    /// Empties a slot that `__slots__` made; false if it was.
    pub fn member_delete(&mut self, value: Value, name: Value) -> Outcome<bool> {
        if self.member_get(value, name).is_none() {
            return Ok(false);
        }
        match self.shapes.lookup(value.shape(), name) {
            Some(slot) if value.has_layout(ShapeId::INSTANCE) => {
                slots(value)[slot as usize] = Value::UNDEF;
                Ok(true)
            }
            _ => {
                let Some(word) = map_word(value) else { return Ok(false) };
                // SAFETY: as above.
                let map = unsafe { *word };
                namespace::remove(self, map, name)
            }
        }
    }

    /// The instance's own attribute, no member of `__slots__`; `name` is interned. Makes a new box for a double from a float
    /// slot that needs one.
    #[inline]
    pub fn instance_get(&mut self, value: Value, name: Value) -> Option<Value> {
        if value.has_layout(ShapeId::INSTANCE) {
            let shape = value.shape();
            if !shape.is_dynamic() {
                return None;
            }
            if let Some(slot) = self.own_slot(shape, name) {
                let found = slots(value)[slot as usize];
                if self.shapes.get(shape).kind(slot) == SlotKind::Float {
                    return Some(self.float(f64::from_bits(found.0)));
                }
                return (found != Value::UNDEF).then_some(found);
            }
        } else if value.is_instance() && self.is_member_only(value, name) {
            return None;
        }
        Self::map_get(value, name)
    }

    /// An attribute in the dict of those that are in no slot.
    pub fn map_get(value: Value, name: Value) -> Option<Value> {
        let map = map_word(value)?;
        // SAFETY: `map_word` gives the address of a word in the object.
        let map = unsafe { *map };
        if map == Value::UNDEF { None } else { namespace::get(map, name) }
    }

    /// An instance with a builtin layout has a dict of attributes.
    pub fn has_own_attributes(&self, value: Value) -> bool {
        // SAFETY: `map_word` gives the address of a word in the object.
        map_word(value).is_some_and(|map| unsafe { *map } != Value::UNDEF)
    }

    /// True if the value can have attributes of its own that its class does not declare.
    pub fn has_instance_dict(&self, value: Value) -> bool {
        match value.shape() {
            ShapeId::FUNCTION | ShapeId::EXCEPTION => true,
            _ if value.is_instance() => self.class(self.type_of(value)).has_dict,
            _ => false,
        }
    }

    /// Sets the instance's own attribute. False if it can have none of that name.
    pub fn instance_set(&mut self, value: Value, name: Value, new: Value) -> Outcome<bool> {
        if !self.has_instance_dict(value) {
            return Ok(false);
        }
        if value.has_layout(ShapeId::INSTANCE) {
            let shape = value.shape();
            if let Some(slot) = self.own_slot(shape, name) {
                if self.shapes.get(shape).kind(slot) == SlotKind::Float {
                    if let Some(x) = exact_float(new) {
                        slots(value)[slot as usize] = Value(x.to_bits());
                        return Ok(true);
                    }
                    self.open_float_slot(value, slot)?;
                    return self.instance_set(value, name, new);
                }
                slots(value)[slot as usize] = new;
                self.heap.written(value.object::<Header>());
                return Ok(true);
            }
            if !self.shapes.get(shape).is_dictionary {
                let slot = self.shapes.get(shape).keys.len();
                // Only the dict can have an attribute of the name of a member.
                let is_free = slot < slots(value).len() && self.shapes.lookup(shape, name).is_none();
                let kind = if is_free { self.kind_of_new_slot(shape, name, new) } else { SlotKind::Any };
                if is_free && let Some(next) = self.shapes.transition(shape, name, kind) {
                    slots(value)[slot] = match exact_float(new) {
                        Some(x) if kind == SlotKind::Float => Value(x.to_bits()),
                        _ => new,
                    };
                    self.heap.written(value.object::<Header>());
                    set_shape(value, next);
                    return Ok(true);
                }
                self.use_dictionary(value)?;
            }
            self.note_attributes(value);
        }
        let map = map_word(value).expect("instances have a map word");
        // SAFETY: `map_word` gives the address of a word in the object, which does not move.
        unsafe {
            if *map == Value::UNDEF {
                let fresh = namespace::new(self)?;
                *map = fresh;
                self.heap.written(value.object::<Header>());
            }
            namespace::set(self, *map, name, new)?;
        }
        Ok(true)
    }

    /// Assigns a slot that `__slots__` made.
    pub fn set_slot(&mut self, value: Value, name: Value, new: Value) {
        match self.shapes.lookup(value.shape(), name) {
            Some(slot) if value.has_layout(ShapeId::INSTANCE) => {
                slots(value)[slot as usize] = new;
                self.heap.written(value.object::<Header>());
            }
            // Objects with a builtin layout have only the map.
            _ => {
                let Some(word) = map_word(value) else { return };
                // SAFETY: `map_word` gives the address of a word in the object.
                unsafe {
                    if *word == Value::UNDEF {
                        let Ok(fresh) = namespace::new(self) else { return };
                        *word = fresh;
                        self.heap.written(value.object::<Header>());
                    }
                    // Storing a str key fails only for want of memory, which ends the process.
                    let _ = namespace::set(self, *word, name, new);
                }
            }
        }
    }

    /// Removes the instance's own attribute; false if it has none of that name.
    pub fn instance_delete(&mut self, value: Value, name: Value) -> Outcome<bool> {
        if self.instance_get(value, name).is_none() {
            return Ok(false);
        }
        if value.has_layout(ShapeId::INSTANCE) && !self.shapes.get(value.shape()).is_dictionary {
            self.use_dictionary(value)?;
        }
        let Some(map) = map_word(value) else { return Ok(false) };
        // SAFETY: as above.
        let map = unsafe { *map };
        if map == Value::UNDEF { Ok(false) } else { namespace::remove(self, map, name) }
    }

    /// Lets a slot of an instance hold any value that has held doubles, and with it those for whose attributes that has
    /// been done before. Where there are too many shapes, the attributes move to a dict.
    fn open_float_slot(&mut self, value: Value, slot: u16) -> Outcome<()> {
        let shape = self.shapes.get(value.shape());
        let (class, name) = (shape.class, shape.keys[slot as usize]);
        if self.shapes.opens(class, name) {
            self.shapes_opened(class);
        }
        self.settle_float_slots(value)
    }

    /// Lets those slots of an instance hold any value that hold doubles, though slots of these attributes no longer do.
    pub fn settle_float_slots(&mut self, value: Value) -> Outcome<()> {
        let id = value.shape();
        let still = self.shapes.still_float(id);
        let shape = self.shapes.get(id);
        let (root, opened) = (shape.root, shape.float_slots & !still);
        if opened == 0 {
            return Ok(());
        }
        let keys = shape.keys.clone();
        let Some(next) = self.shapes.replay(root, &keys, still) else { return self.use_dictionary(value) };
        // On the native stack, where a collection sees the boxes.
        let mut contents = [Value::UNDEF; MOST_SLOTS];
        let is_opened = |slot: &usize| opened >> slot & 1 == 1;
        for slot in (0..keys.len()).filter(is_opened) {
            contents[slot] = self.float(f64::from_bits(slots(value)[slot].0));
        }
        for slot in (0..keys.len()).filter(is_opened) {
            slots(value)[slot] = contents[slot];
        }
        set_shape(value, next);
        self.heap.written(value.object::<Header>());
        Ok(())
    }

    /// What the slot of an attribute is to hold that an object of a shape gets, with this value in it.
    pub fn kind_of_new_slot(&mut self, shape: ShapeId, name: Value, value: Value) -> SlotKind {
        self.kind_of_slot(self.shapes.class(shape), name, value)
    }

    /// Moves the attributes of an instance to a dict.
    fn use_dictionary(&mut self, value: Value) -> Outcome<()> {
        let class = self.type_of(value);
        let map = namespace::new(self)?;
        let of = self.shapes.get(value.shape());
        let (keys, float_slots) = (of.keys.clone(), of.float_slots);
        let fixed = self.class(class).slots.len();
        for (slot, &key) in keys.iter().enumerate().skip(fixed) {
            let mut content = slots(value)[slot];
            if float_slots >> slot & 1 == 1 {
                content = self.float(f64::from_bits(content.0));
            }
            if content != Value::UNDEF {
                namespace::set(self, map, key, content)?;
            }
        }
        // They are no doubles any more for whoever looks.
        slots(value)[fixed..].fill(Value::UNDEF);
        let shape = self.dictionary_shape_with_slots(class)?;
        // SAFETY: the object is an INSTANCE.
        unsafe { (*value.object::<Instance>()).extra = map };
        self.heap.written(value.object::<Header>());
        set_shape(value, shape);
        Ok(())
    }

    /// The dictionary-mode shape; of a class with `__slots__` and a dict it still has the slots.
    fn dictionary_shape_with_slots(&mut self, id: TypeId) -> Outcome<ShapeId> {
        if let Some(shape) = self.class(id).dictionary_shape {
            return Ok(shape);
        }
        let fixed = self.class(id).slots.clone();
        let layout = self.class(id).layout;
        if fixed.is_empty() {
            return Ok(self.dictionary_shape(id));
        }
        let root = self.shapes.new_root(id, layout, fixed.len() as u16, false);
        let shape = self.shapes.replay(root, &fixed, 0).expect("there is room for the slots");
        self.shapes.make_dictionary(shape);
        self.class_mut(id).dictionary_shape = Some(shape);
        Ok(shape)
    }

    /// Later instances get as many slots as this one would have needed.
    fn note_attributes(&mut self, value: Value) {
        let class = self.type_of(value);
        // SAFETY: the object is an INSTANCE in dictionary mode.
        let used =
            namespace::length(unsafe { (*value.object::<Instance>()).extra }) + 1 + self.class(class).slots.len();
        let wanted = used.next_multiple_of(2).min(MOST_SLOTS) as u16;
        let class = self.class_mut(class);
        class.capacity = class.capacity.max(wanted);
    }

    /// `instance.__dict__`: the map itself. Instances with slots change to dictionary mode.
    pub fn instance_dict(&mut self, value: Value) -> Outcome<Option<Value>> {
        if !self.has_instance_dict(value) {
            return Ok(None);
        }
        if value.has_layout(ShapeId::INSTANCE) && !self.shapes.get(value.shape()).is_dictionary {
            self.use_dictionary(value)?;
        }
        let map = map_word(value).expect("instances have a map word");
        // SAFETY: as above.
        unsafe {
            if *map == Value::UNDEF {
                let fresh = namespace::new(self)?;
                *map = fresh;
                self.heap.written(value.object::<Header>());
            }
            Ok(Some(*map))
        }
    }

    /// `instance.__dict__ = map`.
    pub fn set_instance_dict(&mut self, value: Value, map: Value) -> Outcome<()> {
        self.instance_dict(value)?;
        if let Some(word) = map_word(value) {
            // SAFETY: as above.
            unsafe { *word = map };
            self.heap.written(value.object::<Header>());
        }
        Ok(())
    }

    /// Names of the instance's own attributes, in the order they were set.
    pub fn instance_names(&self, value: Value) -> Vec<Value> {
        let mut result = Vec::new();
        if value.has_layout(ShapeId::INSTANCE) && value.is_instance() {
            let shape = self.shapes.get(value.shape());
            let fixed = self.class(shape.class).slots.len();
            let float_slots = shape.float_slots;
            for (slot, (&key, &content)) in shape.keys.iter().zip(slots(value).iter()).enumerate().skip(fixed) {
                if float_slots >> slot & 1 == 1 || content != Value::UNDEF {
                    result.push(key);
                }
            }
        }
        if let Some(map) = map_word(value) {
            // SAFETY: as above.
            let map = unsafe { *map };
            if map != Value::UNDEF {
                result.extend(namespace::entries(map).into_iter().map(|entry| entry.0));
            }
        }
        result
    }

    /// Gives a class another metaclass; both are classes of the program.
    pub fn change_metaclass(&mut self, class: TypeId, metaclass: TypeId) {
        let shape = self.root_shape(metaclass);
        set_shape(self.type_object(class), shape);
        self.class_mut(class).metaclass = metaclass;
        self.class_changed(class);
        if self.is_descriptor_class(metaclass) {
            self.becomes_descriptor();
        }
    }

    /// `instance.__class__ = other`, whose instances have the same layout. False if that is not so.
    pub fn change_class(&mut self, value: Value, id: TypeId) -> Outcome<bool> {
        let old = self.type_of(value);
        let (from, to) = (self.class(old), self.class(id));
        if !old.is_dynamic()
            || !id.is_dynamic()
            || from.layout != to.layout
            || from.slots != to.slots
            || from.has_dict != to.has_dict
        {
            return Ok(false);
        }
        if self.is_descriptor_class(id) {
            self.becomes_descriptor();
        }
        if !value.has_layout(ShapeId::INSTANCE) {
            let shape = self.root_shape(id);
            set_shape(value, shape);
            if value.has_layout(ShapeId::EXCEPTION) {
                let class = self.type_object(id);
                super::exceptions::exception(value).class = class;
            }
            return Ok(true);
        }
        let shape = self.shapes.get(value.shape());
        let (keys, float_slots, is_dictionary) = (shape.keys.clone(), shape.float_slots, shape.is_dictionary);
        if !is_dictionary {
            let capacity = slots(value).len() as u16;
            let layout = self.class(id).layout;
            let root = match self.class(id).roots.iter().find(|&&(known, _)| known == capacity) {
                Some(&(_, root)) => self.shapes.get(root).root,
                None => self.shapes.new_root(id, layout, capacity, false),
            };
            if let Some(next) = self.shapes.replay(root, &keys, float_slots) {
                set_shape(value, next);
                return Ok(true);
            }
            self.use_dictionary(value)?;
        }
        let next = self.dictionary_shape_with_slots(id)?;
        set_shape(value, next);
        Ok(true)
    }
}
