//! Objects: which types are alive, how many hidden classes each class has, and where inline caches miss.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::objects::Census;
use crate::model::{Model, Place};

/// Objects of one type that a collection left alive.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LivingRow {
    #[serde(rename = "type")]
    pub ty: String,
    pub objects: u64,
    pub bytes: u64,
    /// Of all bytes alive, in thousandths.
    pub permille: u64,
}

/// What was alive when a collection ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Living {
    pub at_ns: u64,
    pub bytes: u64,
    /// Most bytes first.
    pub types: Vec<LivingRow>,
}

/// One class and the hidden classes that its instances came to have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassRow {
    pub class: String,
    pub shapes: u64,
    /// Hidden classes from which several others follow: attributes come in different orders there.
    pub forks: u64,
    /// Most attributes that one has.
    pub attributes: u16,
    /// Some instances keep attributes in a dict.
    pub has_dictionaries: bool,
    /// Where the last of them came to be.
    pub last: Option<Place>,
}

/// An inline cache that had no entry for an object more than once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CacheRow {
    #[serde(flatten)]
    pub place: Place,
    /// get, set or method.
    pub kind: String,
    /// The last number logged: there were at least as many, and fewer than twice as many.
    pub misses: u32,
    pub entries: u8,
    /// Types of the objects, those most often logged first.
    pub types: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObjectReport {
    /// At the last full collection that was counted, and at the one with the most bytes alive.
    pub alive_last: Option<Living>,
    pub alive_most: Option<Living>,
    /// Most hidden classes first; of classes with one only the number.
    pub classes: Vec<ClassRow>,
    pub classes_with_one: u64,
    /// Most misses first.
    pub caches: Vec<CacheRow>,
}

pub fn objects(model: &Model) -> ObjectReport {
    let (classes, classes_with_one) = classes(model);
    ObjectReport {
        alive_last: living(model, &model.objects.last),
        alive_most: living(model, &model.objects.largest),
        classes,
        classes_with_one,
        caches: caches(model),
    }
}

fn living(model: &Model, census: &Census) -> Option<Living> {
    let bytes = census.bytes();
    let rows = census.types.iter().map(|&(ty, objects, of_type)| LivingRow {
        ty: model.words.type_name(ty),
        objects,
        bytes: of_type,
        permille: (u128::from(of_type) * 1_000).checked_div(u128::from(bytes)).unwrap_or(0) as u64,
    });
    let mut types: Vec<LivingRow> = rows.collect();
    types.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.ty.cmp(&b.ty)));
    (!types.is_empty()).then_some(Living { at_ns: census.at_ns, bytes, types })
}

fn classes(model: &Model) -> (Vec<ClassRow>, u64) {
    let shapes = &model.objects.shapes;
    let mut followers: BTreeMap<u32, u64> = BTreeMap::new();
    for shape in shapes.values().filter(|shape| shape.parent != 0) {
        *followers.entry(shape.parent).or_default() += 1;
    }
    let mut rows: BTreeMap<u32, ClassRow> = BTreeMap::new();
    for (id, shape) in shapes {
        let row = rows.entry(shape.class).or_insert_with(|| ClassRow {
            class: model.words.type_name(shape.class),
            shapes: 0,
            forks: 0,
            attributes: 0,
            has_dictionaries: false,
            last: None,
        });
        row.shapes += 1;
        row.forks += u64::from(followers.get(id).is_some_and(|&count| count > 1));
        row.attributes = row.attributes.max(shape.attributes);
        row.has_dictionaries |= shape.is_dictionary;
        if let Some(loc) = shape.loc.known() {
            row.last = Some(model.program.place(loc));
        }
    }
    let one = rows.values().filter(|row| row.shapes == 1).count() as u64;
    let mut rows: Vec<ClassRow> = rows.into_values().filter(|row| row.shapes > 1).collect();
    rows.sort_by(|a, b| (b.forks, b.shapes).cmp(&(a.forks, a.shapes)).then_with(|| a.class.cmp(&b.class)));
    (rows, one)
}

fn caches(model: &Model) -> Vec<CacheRow> {
    let rows = model.objects.caches.iter().map(|(&(loc, kind), cache)| {
        let mut types: Vec<(u32, u32)> = cache.types.iter().map(|(&ty, &times)| (ty, times)).collect();
        types.sort_by_key(|&(ty, times)| (std::cmp::Reverse(times), ty));
        CacheRow {
            place: model.program.place(loc),
            kind: kind.to_string(),
            misses: cache.misses,
            entries: cache.entries,
            types: types.into_iter().map(|(ty, _)| model.words.type_name(ty)).collect(),
        }
    });
    let mut rows: Vec<CacheRow> = rows.collect();
    rows.sort_by(|a, b| b.misses.cmp(&a.misses).then_with(|| a.place.cmp(&b.place)).then_with(|| a.kind.cmp(&b.kind)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LocId;
    use crate::model::objects::Shape;
    use jitlog::CacheKind;

    #[test]
    fn forks_of_hidden_classes_and_the_largest_census_are_found() {
        let mut model = Model::default();
        let shape =
            |parent, attribute, attributes| Shape { parent, class: 1, attribute, attributes, ..Shape::default() };
        model.words.types = BTreeMap::from([(1, "Point".into()), (2, "str".into()), (3, "x".into()), (4, "y".into())]);
        for (id, row) in [(10, shape(0, 0, 0)), (11, shape(10, 3, 1)), (12, shape(10, 4, 1)), (13, shape(11, 4, 2))] {
            model.objects.shape(id, row);
        }
        model.objects.shape(20, Shape { class: 2, ..Shape::default() });
        model.objects.living(1, 5, (1, 10, 400));
        model.objects.living(1, 5, (2, 1, 100));
        model.objects.living(2, 9, (2, 3, 300));
        model.objects.settle();
        model.objects.missed(LocId(1), CacheKind::Get, 1, 2, 1);
        model.objects.missed(LocId(1), CacheKind::Get, 2, 8, 2);
        let report = objects(&model);
        assert_eq!((report.classes.len(), report.classes_with_one), (1, 1));
        let row = &report.classes[0];
        assert_eq!((row.class.as_str(), row.shapes, row.forks, row.attributes), ("Point", 4, 1, 2));
        let most = report.alive_most.unwrap();
        assert_eq!((most.bytes, most.at_ns, most.types[0].ty.as_str(), most.types[0].permille), (500, 5, "Point", 800));
        assert_eq!(report.alive_last.unwrap().bytes, 300);
        assert_eq!((report.caches[0].misses, report.caches[0].entries), (8, 2));
        assert_eq!(report.caches[0].types, ["Point", "str"]);
    }
}
