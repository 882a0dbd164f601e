//! The colours of charts: told apart by all sorts of eyes, seen on white and on the dark page; each text that stands
//! on one is black or white, whichever is easier to read.

use plotters::style::RGBColor;

/// Found by search: of all sets of six with a contrast of 3 on both grounds, about as far apart as there are for eyes
/// with and without red, green or blue.
pub const COLOURS: [RGBColor; 6] = [
    RGBColor(51, 153, 221),
    RGBColor(136, 153, 85),
    RGBColor(153, 0, 238),
    RGBColor(187, 34, 153),
    RGBColor(221, 17, 0),
    RGBColor(136, 102, 102),
];

/// Of a line where something changed.
pub const MARK: RGBColor = COLOURS[4];

/// What is cold, tepid, warm and hot.
pub const HEAT: [RGBColor; 4] = [COLOURS[5], COLOURS[1], COLOURS[0], COLOURS[4]];

/// Black that stays black where the page is dark, other than plotters' black.
const BLACK: RGBColor = RGBColor(1, 1, 1);
const WHITE: RGBColor = RGBColor(255, 255, 255);

/// What can be read on the colour.
pub fn text_on(colour: RGBColor) -> RGBColor {
    if contrast(BLACK, colour) > contrast(WHITE, colour) { BLACK } else { WHITE }
}

/// Shares of red, green and blue light.
fn light(colour: RGBColor) -> [f64; 3] {
    [colour.0, colour.1, colour.2].map(|c| match f64::from(c) / 255.0 {
        c if c <= 0.04045 => c / 12.92,
        c => ((c + 0.055) / 1.055).powf(2.4),
    })
}

/// WCAG's ratio of contrast, 1 to 21.
pub fn contrast(a: RGBColor, b: RGBColor) -> f64 {
    let luminance = |c: RGBColor| light(c).iter().zip([0.2126, 0.7152, 0.0722]).map(|(c, w)| c * w).sum::<f64>();
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What people see who have no cones for long, medium or short waves (Machado, Oliveira and Fernandes, 2009).
    const EYES: [(&str, [[f64; 3]; 3]); 4] = [
        ("all", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        ),
        (
            "deuteranopia",
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        ),
        (
            "tritanopia",
            [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
        ),
    ];

    /// CIE L*a*b* of light under D65.
    fn lab(light: [f64; 3]) -> [f64; 3] {
        let along = |w: [f64; 3]| light.iter().zip(w).map(|(c, w)| c * w).sum::<f64>();
        let root = |t: f64| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let x = root(along([0.4124, 0.3576, 0.1805]) / 0.95047);
        let y = root(along([0.2126, 0.7152, 0.0722]));
        let z = root(along([0.0193, 0.1192, 0.9505]) / 1.08883);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn distance(a: RGBColor, b: RGBColor, eyes: [[f64; 3]; 3]) -> f64 {
        let seen = |c: RGBColor| {
            let light = light(c);
            lab(eyes.map(|row| row.iter().zip(light).map(|(m, c)| m * c).sum::<f64>().clamp(0.0, 1.0)))
        };
        seen(a).iter().zip(seen(b)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }

    #[test]
    fn the_measures_are_those_of_the_books() {
        assert!((contrast(RGBColor(0, 0, 0), WHITE) - 21.0).abs() < 1e-9);
        assert!((contrast(RGBColor(119, 119, 119), WHITE) - 4.48).abs() < 0.01);
        // The old pair that only some eyes tell apart.
        let (orange, gold) = (RGBColor(213, 94, 0), RGBColor(154, 112, 0));
        assert!(distance(orange, gold, EYES[0].1) > 30.0 && distance(orange, gold, EYES[1].1) < 1.0);
    }

    #[test]
    fn all_eyes_tell_the_colours_apart() {
        for (name, eyes) in EYES {
            for (i, &a) in COLOURS.iter().enumerate() {
                for &b in &COLOURS[..i] {
                    let far = distance(a, b, eyes);
                    assert!(far >= 25.0, "{name}: {a:?} and {b:?} are {far:.1} apart");
                }
            }
        }
    }

    /// The colours of the page by name, one list for each theme, and paper.
    fn themes() -> Vec<Vec<(String, RGBColor)>> {
        let style = include_str!("style.css");
        let rules = style.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
        let number = |hex: &str| u8::from_str_radix(hex, 16).expect("a colour is six digits");
        let colour = |hex: &str| RGBColor(number(&hex[1..3]), number(&hex[3..5]), number(&hex[5..7]));
        rules
            .map(|rule| {
                let facts = rule.split(';').filter_map(|fact| fact.trim().strip_prefix("--")?.split_once(": "));
                facts.map(|(name, hex)| (name.to_string(), colour(hex))).collect()
            })
            .collect()
    }

    #[test]
    fn everything_stands_out_from_its_ground_in_all_themes() {
        let themes = themes();
        assert_eq!(themes.len(), 3, "light, dark, paper");
        for theme in &themes {
            let of = |name: &str| theme.iter().find(|c| c.0 == name).unwrap_or_else(|| panic!("no {name}")).1;
            for text in ["text", "soft", "warn", "link", "added"] {
                let ratio = contrast(of(text), of("back"));
                assert!(ratio >= 4.5, "{text} on {:?}: {ratio:.2}", of("back"));
            }
            for colour in COLOURS {
                let ratio = contrast(colour, of("back"));
                assert!(ratio >= 3.0, "{colour:?} on {:?}: {ratio:.2}", of("back"));
            }
        }
        for colour in COLOURS {
            assert!(contrast(text_on(colour), colour) >= 4.5, "text on {colour:?}");
        }
    }
}
