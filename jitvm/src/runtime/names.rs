//! The interned names that the object model looks up itself.

use super::dispatch::binary_names;
use super::operators::Binary;
use super::value::Value;
use super::vm::Vm;

macro_rules! names {
    ($($field:ident $text:literal;)*) => {
        /// Interned strs, one field each.
        #[derive(Clone, Copy, Debug)]
        pub struct Names {
            $(pub $field: Value,)*
            /// By binary operator: of its plain, reflected and in-place methods.
            pub binary: [[Value; 3]; Binary::COUNT],
        }

        impl Names {
            /// Before they are made.
            pub const UNSET: Names = Names { $($field: Value::UNDEF,)* binary: [[Value::UNDEF; 3]; Binary::COUNT] };

            pub fn new(vm: &mut Vm) -> Names {
                Names {
                    $($field: vm.intern($text),)*
                    binary: Binary::ALL.map(|op| binary_names(op).map(|name| vm.intern(name))),
                }
            }
        }
    };
}

names! {
    abs "__abs__";
    aiter "__aiter__";
    annotations "__annotations__";
    bases "__bases__";
    bool "__bool__";
    bytes "__bytes__";
    call "__call__";
    class "__class__";
    class_cell "__classcell__";
    class_getitem "__class_getitem__";
    complex "__complex__";
    contains "__contains__";
    del "__del__";
    delattr "__delattr__";
    delete "__delete__";
    delitem "__delitem__";
    dict "__dict__";
    dir "__dir__";
    divmod "__divmod__";
    doc "__doc__";
    eq "__eq__";
    float "__float__";
    format "__format__";
    ge "__ge__";
    get "__get__";
    getattr "__getattr__";
    getattribute "__getattribute__";
    getitem "__getitem__";
    gt "__gt__";
    hash "__hash__";
    index "__index__";
    init "__init__";
    init_subclass "__init_subclass__";
    instancecheck "__instancecheck__";
    int "__int__";
    invert "__invert__";
    iter "__iter__";
    le "__le__";
    len "__len__";
    length_hint "__length_hint__";
    lt "__lt__";
    metaclass "metaclass";
    missing "__missing__";
    module "__module__";
    mro_entries "__mro_entries__";
    name "__name__";
    ne "__ne__";
    neg "__neg__";
    new "__new__";
    next "__next__";
    orig_bases "__orig_bases__";
    orig_class "__orig_class__";
    origin "__origin__";
    args "__args__";
    pos "__pos__";
    pow "__pow__";
    prepare "__prepare__";
    qualname "__qualname__";
    rdivmod "__rdivmod__";
    repr "__repr__";
    reversed "__reversed__";
    round "__round__";
    set "__set__";
    set_name "__set_name__";
    setattr "__setattr__";
    setitem "__setitem__";
    slots "__slots__";
    str "__str__";
    subclasscheck "__subclasscheck__";
    subclasshook "__subclasshook__";
    trunc "__trunc__";
    weakref "__weakref__";
    isabstractmethod "__isabstractmethod__";
    abstractmethods "__abstractmethods__";
    mro "mro";
    wrapped "__wrapped__";
    notes "__notes__";
    main "__main__";
    self_name "self";
}
