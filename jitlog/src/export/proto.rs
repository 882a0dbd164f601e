//! The protobuf wire format, written by hand: Perfetto and pprof need a dozen messages and no generated code.

/// A message being written.
#[derive(Default)]
pub struct Message {
    bytes: Vec<u8>,
}

impl Message {
    pub fn new() -> Message {
        Message::default()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    fn key(&mut self, field: u32, wire_type: u32) {
        self.raw_varint(u64::from(field << 3 | wire_type));
    }

    pub fn raw_varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Any integer type without zigzag, enumerations and booleans.
    pub fn unsigned(&mut self, field: u32, number: u64) -> &mut Message {
        self.key(field, 0);
        self.raw_varint(number);
        self
    }

    /// int32 and int64: negative numbers as their two's complement.
    pub fn signed(&mut self, field: u32, number: i64) -> &mut Message {
        self.unsigned(field, number as u64)
    }

    pub fn double(&mut self, field: u32, number: f64) -> &mut Message {
        self.key(field, 1);
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self
    }

    pub fn data(&mut self, field: u32, data: &[u8]) -> &mut Message {
        self.key(field, 2);
        self.raw_varint(data.len() as u64);
        self.bytes.extend_from_slice(data);
        self
    }

    pub fn text(&mut self, field: u32, text: &str) -> &mut Message {
        self.data(field, text.as_bytes())
    }

    pub fn message(&mut self, field: u32, inner: &Message) -> &mut Message {
        self.data(field, &inner.bytes)
    }

    /// A repeated integer field, packed.
    pub fn packed(&mut self, field: u32, numbers: impl IntoIterator<Item = u64>) -> &mut Message {
        let mut inner = Message::new();
        numbers.into_iter().for_each(|number| inner.raw_varint(number));
        self.message(field, &inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_wire_format() {
        let mut inner = Message::new();
        inner.unsigned(1, 150);
        let mut message = Message::new();
        message.message(3, &inner).text(2, "testing").signed(1, -1).packed(4, [3, 270, 86942]).double(5, 1.0);
        let expected = [
            &[0x1a, 3, 0x08, 0x96, 0x01][..],
            &[0x12, 7],
            b"testing",
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            &[0x22, 6, 3, 0x8e, 2, 0x9e, 0xa7, 5],
            &[0x29, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
        ];
        assert_eq!(message.bytes(), expected.concat());
    }
}
