//! Tests of the dict's table.

use super::*;
use crate::runtime::hash::hash;
use crate::runtime::sequences::items;

fn int(i: i64) -> Value {
    Value::from_fixnum(i)
}

fn keys(dict: Value) -> Vec<Value> {
    let mut position = 0;
    std::iter::from_fn(|| entry_at(dict, &mut position)).map(|(key, _)| key).collect()
}

#[test]
fn hashes_are_those_of_cpython() {
    let mut vm = Vm::new(Vec::new());
    let big = |vm: &mut Vm, text: &str| vm.integer_big(&text.parse().unwrap()).unwrap();
    let power_64 = big(&mut vm, "18446744073709551616");
    let largest = big(&mut vm, "2305843009213693951");
    let float = |vm: &mut Vm, x: f64| vm.float(x);
    let nested = vm.tuple(&[int(1), Value::try_float(2.5).unwrap()]).unwrap();
    let a = vm.str("a");
    let triple = vm.tuple(&[int(1), Value::try_float(2.5).unwrap(), a]).unwrap();
    // What `python3 -c 'print(hash(...))'` prints with PYTHONHASHSEED=0.
    let cases = [
        (int(0), 0),
        (int(-1), -2),
        (int(-2), -2),
        (power_64, 8),
        (largest, 0),
        (Value::TRUE, 1),
        (Value::FALSE, 0),
        (float(&mut vm, 0.5), 1_152_921_504_606_846_976),
        (float(&mut vm, -1.5), -1_152_921_504_606_846_977),
        (float(&mut vm, 1e300), 1_224_995_262_755_759_164),
        (float(&mut vm, f64::INFINITY), 314_159),
        (vm.str("a"), 4_644_417_185_603_328_019),
        (vm.str(""), 0),
        (vm.str("hello world"), -5_642_461_784_034_726_774),
        (vm.str("é"), 6_047_309_291_227_476_195),
        (vm.str("日本語"), 7_116_994_712_188_270),
        (vm.str("😀x"), -8_926_728_262_118_538_918),
        (vm.empty_tuple, 5_740_354_900_026_072_187),
        (nested, 396_935_360_214_441_795),
        (triple, 4_984_778_385_329_142_680),
    ];
    for (value, expected) in cases {
        assert_eq!(hash_of_key(&mut vm, value), Ok(expected), "{value:?}");
        assert_eq!(hash(&mut vm, value), Ok(expected), "{value:?} again");
    }
}

#[test]
fn order_is_that_of_insertion() {
    let mut vm = Vm::new(Vec::new());
    let dict = vm.new_dict();
    for i in 0..100 {
        set(&mut vm, dict, int(i * 7919 % 101), int(i)).unwrap();
    }
    assert_eq!(keys(dict), (0..100).map(|i| int(i * 7919 % 101)).collect::<Vec<_>>());
    for i in 0..50 {
        assert_eq!(remove(&mut vm, dict, int(i * 2 * 7919 % 101)), Ok(Some(int(i * 2))));
    }
    set(&mut vm, dict, int(0), int(-1)).unwrap();
    let mut expected: Vec<Value> = (0..50).map(|i| int((i * 2 + 1) * 7919 % 101)).collect();
    expected.push(int(0));
    assert_eq!(keys(dict), expected);
    assert_eq!(pop_last(&mut vm, dict), Some((int(0), int(-1))));
    assert_eq!(length(dict), 50);
}

#[test]
fn equal_keys_of_different_types_are_one() {
    let mut vm = Vm::new(Vec::new());
    let dict = vm.new_dict();
    set(&mut vm, dict, int(1), int(10)).unwrap();
    set(&mut vm, dict, Value::TRUE, int(20)).unwrap();
    let one = vm.float(1.0);
    assert_eq!(get(&mut vm, dict, one), Ok(Some(int(20))));
    assert_eq!(keys(dict), [int(1)]);
    let (a, b) = (vm.str("two words"), vm.str("two words"));
    assert_ne!(a, b);
    set(&mut vm, dict, a, int(3)).unwrap();
    assert_eq!(get(&mut vm, dict, b), Ok(Some(int(3))));
    assert_eq!(get_str(dict, b), Some(int(3)));
    let list = vm.list(&[]).unwrap();
    assert!(get(&mut vm, dict, list).is_err());
}

/// Random operations against a plain list of pairs, with keys that collide and a collection at each allocation.
#[test]
fn behaves_like_a_list_of_pairs() {
    let mut vm = Vm::new(Vec::new());
    vm.heap.stress = 3;
    let dict = vm.new_dict();
    let mut model: Vec<(i64, i64)> = Vec::new();
    let mut state = 12345_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for step in 0..20_000 {
        let limit = if step < 10_000 { 40 } else { 700 };
        // Multiples of a power of two collide in small tables.
        let number = random(limit) as i64 * 4096;
        let key = if number % 3 == 0 { vm.str(&format!("key {number}")) } else { int(number) };
        let known = model.iter().position(|&(k, _)| k == number);
        match random(10) {
            0..=4 => {
                set(&mut vm, dict, key, int(step)).unwrap();
                match known {
                    Some(at) => model[at].1 = step,
                    None => model.push((number, step)),
                }
            }
            5..=7 => {
                let expected = known.map(|at| int(model.remove(at).1));
                assert_eq!(remove(&mut vm, dict, key), Ok(expected));
            }
            8 => assert_eq!(get(&mut vm, dict, key), Ok(known.map(|at| int(model[at].1)))),
            _ => assert_eq!(pop_last(&mut vm, dict).map(|(_, value)| value), model.pop().map(|(_, value)| int(value))),
        }
        if random(2000) == 0 {
            clear(&mut vm, dict);
            model.clear();
        }
        assert_eq!(length(dict), model.len());
        if step % 97 == 0 {
            let mut position = 0;
            let values: Vec<Value> =
                std::iter::from_fn(|| entry_at(dict, &mut position)).map(|(_, value)| value).collect();
            assert_eq!(values, model.iter().map(|&(_, value)| int(value)).collect::<Vec<_>>());
            let copied = copy(&mut vm, dict).unwrap();
            assert_eq!(keys(copied), keys(dict));
        }
    }
}

#[test]
fn large_tables_have_wider_slots() {
    let mut vm = Vm::new(Vec::new());
    let dict = vm.new_dict();
    for i in 0..70_000 {
        set(&mut vm, dict, int(i), int(-i)).unwrap();
    }
    for i in (0..70_000).step_by(7) {
        assert_eq!(get(&mut vm, dict, int(i)), Ok(Some(int(-i))));
    }
    assert_eq!(get(&mut vm, dict, int(70_000)), Ok(None));
    assert_eq!(length(dict), 70_000);
}

#[test]
fn globals_are_cells_that_readers_do_not_see() {
    let mut vm = Vm::new(Vec::new());
    let dict = vm.new_dict();
    let (x, len) = (vm.intern("x"), vm.intern("len"));
    set(&mut vm, dict, x, int(1)).unwrap();
    make_globals(&mut vm, dict);
    assert_eq!(get(&mut vm, dict, x), Ok(Some(int(1))));
    let hidden = cell(&mut vm, dict, len);
    assert_eq!(get_str(dict, len), None);
    assert_eq!(length(dict), 1);
    // SAFETY: the dict keeps its cells alive.
    unsafe {
        assert!((*hidden).fallback.has_shape(ShapeId::BUILTIN));
        (*hidden).value = int(5);
    }
    assert_eq!(keys(dict), [x, len]);
    assert_eq!(remove(&mut vm, dict, len), Ok(Some(int(5))));
    set(&mut vm, dict, len, int(6)).unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { (*hidden).value }, int(6));
    let plain = copy(&mut vm, dict).unwrap();
    assert!(!is_globals(plain));
    assert_eq!(get_str(plain, len), Some(int(6)));
    let list = vm.list(&keys(plain)).unwrap();
    assert_eq!(items(list), [x, len]);
}
