//! One element of HotSpot's log: it is no whole XML while the VM runs, but each element is a line.

use std::borrow::Cow;

pub struct Element<'a> {
    pub name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    /// `</name>`.
    pub closes: bool,
    /// `<name .../>`.
    pub empty: bool,
}

impl Element<'_> {
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.attributes.iter().find(|(known, _)| *known == name)?;
        Some(unescape(value))
    }

    pub fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().into_owned()
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        match value.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => value.parse().ok(),
        }
    }

    /// Seconds with three decimals, as nanoseconds.
    pub fn stamp(&self) -> Option<u64> {
        let seconds: f64 = self.get("stamp")?.parse().ok()?;
        (0.0..1e9).contains(&seconds).then_some((seconds * 1e3).round() as u64 * 1_000_000)
    }
}

/// The element of a line; `None` if there is none, or not all of it.
pub fn parse(line: &str) -> Option<Element<'_>> {
    let inner = line.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (inner, closes) = inner.strip_prefix('/').map_or((inner, false), |inner| (inner, true));
    let (inner, empty) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
    let end = inner.find(|c: char| c.is_whitespace()).unwrap_or(inner.len());
    let name = &inner[..end];
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return None;
    }
    let mut attributes = Vec::new();
    let mut rest = inner[end..].trim_start();
    while !rest.is_empty() {
        let (key, value) = rest.split_once('=')?;
        let quote = value.chars().next().filter(|c| *c == '\'' || *c == '"')?;
        let close = value[1..].find(quote)?;
        attributes.push((key.trim(), &value[1..1 + close]));
        rest = value[close + 2..].trim_start();
    }
    Some(Element { name, attributes, closes, empty })
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&apos;", "'").replace("&quot;", "\"");
    Cow::Owned(text.replace("&amp;", "&"))
}

pub fn is_xml(line: &str) -> bool {
    line.starts_with("<hotspot_log ") || line.starts_with("<compilation_log ") || line.starts_with("<task_queued ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_taken_apart() {
        let line = "<task id='7' method='a.B &lt;init&gt; ()V' stamp='0.057'/>";
        let element = parse(line).unwrap();
        assert_eq!((element.name, element.empty, element.number("id")), ("task", true, Some(7)));
        assert_eq!((element.text("method").as_str(), element.stamp()), ("a.B <init> ()V", Some(57_000_000)));
        assert!(parse("</task>").unwrap().closes);
        for cut in 0..line.len() {
            assert!(parse(&line[..cut]).is_none());
        }
    }
}
