//! Text as HTML: cleaned of what steers terminals or hides text, then escaped.

use crate::clean::clean;

/// The text as it may stand between tags and in quoted attributes.
pub fn escape(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_becomes_markup() {
        assert_eq!(escape("<b a=\"'\">&\u{202e}"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;\\u{202e}");
    }
}
