//! The terminal: taken over on start, and given back on every way out, a panic and a signal included.
//!
//! ratatui's own `restore` leaves mouse and paste modes on, and with `panic = "abort"` no destructor runs, so what is
//! taken is given back here, once, by whoever comes first: the loop's end or the panic hook.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

static TAKEN: AtomicBool = AtomicBool::new(false);

// Written here rather than by crossterm, whose mouse capture also reports every movement: clicks and the wheel are
// enough, and an idle screen should stay idle.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";
const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2J";
const LEAVE: &str = "\x1b[?2004l\x1b[?25h\x1b[0m\x1b[?1049l";

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Takes the terminal: raw input, the alternate screen, pastes marked as such.
pub fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    write(ENTER)?;
    capture_mouse(mouse)
}

pub fn capture_mouse(on: bool) -> io::Result<()> {
    write(if on { MOUSE_ON } else { MOUSE_OFF })
}

/// Gives the terminal back as it was; does nothing if it is not taken.
pub fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // There is nobody left to tell if this fails.
        let _ = write(MOUSE_OFF);
        let _ = write(LEAVE);
        let _ = disable_raw_mode();
    }
}

/// From here on a panic gives the terminal back before it is reported.
pub fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        leave();
        report(info);
    }));
}

/// Hands text to the terminal's clipboard, through any number of hops (OSC 52).
pub fn copy(text: &str) -> io::Result<()> {
    write(&format!("\x1b]52;c;{}\x07", base64(text.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |g, b| g << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let six = group >> (18 - 6 * i) & 63;
            out.push(if i <= chunk.len() { char::from(ALPHABET[six as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_as_in_the_rfc() {
        let encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|t| base64(t.as_bytes()));
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }
}
