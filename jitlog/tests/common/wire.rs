//! Protobuf as it lies in a file, for tests of what the tool writes: fields by number, without a schema.
#![allow(dead_code)]

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Wire<'a> {
    Varint(u64),
    Double(f64),
    Data(&'a [u8]),
}

/// A message's fields in order.
pub struct Message<'a>(pub Vec<(u64, Wire<'a>)>);

impl<'a> Message<'a> {
    pub fn parse(mut bytes: &'a [u8]) -> Message<'a> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let value = match key & 7 {
                0 => Wire::Varint(varint(&mut bytes)),
                1 => {
                    let (number, rest) = bytes.split_at(8);
                    bytes = rest;
                    Wire::Double(f64::from_le_bytes(number.try_into().unwrap()))
                }
                2 => {
                    let length = varint(&mut bytes) as usize;
                    let (data, rest) = bytes.split_at(length);
                    bytes = rest;
                    Wire::Data(data)
                }
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, value));
        }
        Message(fields)
    }

    pub fn all(&self, field: u64) -> impl Iterator<Item = &Wire<'a>> {
        self.0.iter().filter(move |(number, _)| *number == field).map(|(_, value)| value)
    }

    pub fn number(&self, field: u64) -> Option<u64> {
        self.all(field).find_map(|value| if let Wire::Varint(number) = value { Some(*number) } else { None })
    }

    pub fn messages(&self, field: u64) -> Vec<Message<'a>> {
        self.data(field).into_iter().map(Message::parse).collect()
    }

    pub fn data(&self, field: u64) -> Vec<&'a [u8]> {
        self.all(field).filter_map(|value| if let Wire::Data(data) = value { Some(*data) } else { None }).collect()
    }

    pub fn text(&self, field: u64) -> Option<&'a str> {
        self.data(field).first().map(|data| std::str::from_utf8(data).unwrap())
    }

    /// A packed field's numbers.
    pub fn packed(&self, field: u64) -> Vec<u64> {
        let mut numbers = Vec::new();
        for mut data in self.data(field) {
            while !data.is_empty() {
                numbers.push(varint(&mut data));
            }
        }
        numbers
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        number |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    number
}
