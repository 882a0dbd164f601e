//! Backslashes in patterns: characters by number, categories, references to groups.

use super::*;

impl Parser<'_> {
    pub(super) fn hex(&mut self, count: usize, start: usize) -> Result<u32> {
        let from = self.at;
        while self.at - from < count && self.peek().and_then(char::from_u32).is_some_and(|c| c.is_ascii_hexdigit()) {
            self.at += 1;
        }
        if self.at - from != count {
            return self.fail(format!("incomplete escape {}", self.text(start, self.at)), start);
        }
        Ok(u32::from_str_radix(&self.text(from, self.at), 16).unwrap_or(0))
    }

    /// Escapes that stand for one character, in and outside of sets.
    pub(super) fn character_escape(&mut self, code: u32, start: usize) -> Result<Option<u32>> {
        Ok(match char::from_u32(code) {
            Some('a') => Some(7),
            Some('f') => Some(12),
            Some('n') => Some(10),
            Some('r') => Some(13),
            Some('t') => Some(9),
            Some('v') => Some(11),
            Some('\\') => Some(0x5c),
            Some('x') => Some(self.hex(2, start)?),
            Some('u') if !self.is_bytes => Some(self.hex(4, start)?),
            Some('U') if !self.is_bytes => {
                let code = self.hex(8, start)?;
                if code > 0x10_ffff {
                    return self.fail(format!("bad escape {}", self.text(start, self.at)), start);
                }
                Some(code)
            }
            _ => None,
        })
    }

    pub(super) fn category(&self, code: u32) -> Option<Part> {
        let (category, negated) = match char::from_u32(code)? {
            'd' => (Category::Digit, false),
            'D' => (Category::Digit, true),
            's' => (Category::Space, false),
            'S' => (Category::Space, true),
            'w' => (Category::Word, false),
            'W' => (Category::Word, true),
            _ => return None,
        };
        Some(Part::Category { category, negated })
    }

    pub(super) fn octal(&mut self, first: u32, most: usize) -> u32 {
        let mut value = first;
        for _ in 0..most {
            match self.peek() {
                Some(code @ 0x30..=0x37) => {
                    value = value * 8 + (code - 0x30);
                    self.at += 1;
                }
                _ => break,
            }
        }
        value
    }

    pub(super) fn escape(&mut self, start: usize, flags: u32) -> Result<Node> {
        let Some(code) = self.take() else { return self.fail("bad escape (end of pattern)", start) };
        let ascii = self.ascii(flags);
        if let Some(part) = self.category(code) {
            return Ok(Node::Class(Box::new(Class::new(vec![part], false, false, ascii))));
        }
        match char::from_u32(code) {
            Some('A') => return Ok(Node::Place(Place::Start)),
            Some('Z') => return Ok(Node::Place(Place::End)),
            Some('b') => return Ok(Node::Place(Place::WordEdge { ascii })),
            Some('B') => return Ok(Node::Place(Place::NoWordEdge { ascii })),
            Some('0') => {
                let value = self.octal(0, 2);
                return Ok(self.literal(value, flags));
            }
            Some('1'..='9') => return self.number_escape(code, start, flags),
            _ => {}
        }
        if let Some(value) = self.character_escape(code, start)? {
            return Ok(self.literal(value, flags));
        }
        if char::from_u32(code).is_some_and(|c| c.is_ascii_alphabetic()) {
            return self.fail(format!("bad escape {}", self.text(start, self.at)), start);
        }
        Ok(self.literal(code, flags))
    }

    /// A reference to a group, or a character in octal.
    pub(super) fn number_escape(&mut self, first: u32, start: usize, flags: u32) -> Result<Node> {
        let digit = |code: Option<u32>| code.filter(|code| (0x30..=0x39).contains(code)).map(|code| code - 0x30);
        let mut group = (first - 0x30) as usize;
        if let Some(second) = digit(self.peek()) {
            let third = digit(self.source.get(self.at + 1).copied());
            if let Some(third) = third.filter(|&third| first - 0x30 < 8 && second < 8 && third < 8) {
                let value = (first - 0x30) * 64 + second * 8 + third;
                self.at += 2;
                if value > 0o377 {
                    let text = self.text(start, self.at);
                    return self.fail(format!("octal escape value {text} outside of range 0-0o377"), start);
                }
                return Ok(self.literal(value, flags));
            }
            group = group * 10 + second as usize;
            self.at += 1;
        }
        if group <= self.groups {
            self.check_reference(group, start)?;
            return Ok(self.back(group, flags));
        }
        self.fail(format!("invalid group reference {group}"), start + 1)
    }

    pub(super) fn back(&self, group: usize, flags: u32) -> Node {
        Node::Back { group, ignore_case: flags & IGNORECASE != 0, ascii: self.ascii(flags) }
    }

    pub(super) fn check_reference(&self, group: usize, position: usize) -> Result<()> {
        if self.open.contains(&group) {
            return self.fail("cannot refer to an open group", position);
        }
        if self.behind.is_some_and(|groups| group > groups) {
            return self.fail("cannot refer to group defined in the same lookbehind subpattern", position);
        }
        Ok(())
    }
}
