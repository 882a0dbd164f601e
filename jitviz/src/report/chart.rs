//! A chart as SVG text or as a PNG file: title, names of the series and marks, then one panel below the other. The
//! same numbers give the same bytes.

mod boxes;
mod plot;

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::bitmap::{self, Bitmap};
use super::colours::{COLOURS, HEAT};
use crate::analyse::series::{Chart, Shape, Unit};
use crate::clean::clean;
use crate::styled::Charset;
use crate::units;

const WIDTH: u32 = 900;
/// Of the part that shows numbers, with its axis.
const HEIGHT: u32 = 260;
/// Of such a part below another.
const LOWER_HEIGHT: u32 = 170;
/// plotters writes four fifths of it into the file.
const FONT: u32 = 16;
const GRID: RGBColor = RGBColor(128, 128, 128);
/// About so wide is a letter; the font of an SVG is not known here.
const LETTER: i32 = 8;
/// Of a line of the legend.
const LINE: i32 = 19;
const LEFT: i32 = 12;
/// Marks with a line; the page lists all of them.
const MARKS: usize = 5;

/// On what the chart stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Alone: white, with black text.
    White,
    /// In a page with a title, a text colour and a background of its own.
    Page,
}

type Area<B> = DrawingArea<B, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// The chart as an `svg` element; `Err` says why it cannot be drawn.
pub fn svg(chart: &Chart, ground: Ground) -> Result<String, String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size(chart, ground)).into_drawing_area();
        if ground == Ground::White {
            area.fill(&WHITE).map_err(|e| e.to_string())?;
        }
        draw(chart, &area, ground).map_err(|e| e.to_string())?;
        area.present().map_err(|e| e.to_string())?;
    }
    let label = format!(
        "<svg role=\"img\" aria-label=\"{0}\"><title>{0}</title><desc>{1}</desc>",
        super::html::escape(chart.title),
        super::html::escape(chart.how_to_read)
    );
    // plotters writes one opening tag; ours adds what screen readers need.
    let (open, rest) = text.split_once('>').ok_or("the drawing has no opening tag")?;
    let (start, inside) = label.split_once('>').ok_or("the label has no opening tag")?;
    let mut whole = format!("{open}{}>{inside}{rest}", start.trim_start_matches("<svg"));
    if ground == Ground::Page {
        whole = whole.replace("\"#000000\"", "\"currentColor\"").replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
    }
    Ok(whole)
}

/// The chart as a PNG file, alone and so on white.
pub fn png(chart: &Chart) -> Result<Vec<u8>, String> {
    let size = size(chart, Ground::White);
    let mut pixels = vec![0; bitmap::bytes(size)];
    draw(chart, &Bitmap::new(size, &mut pixels).into_drawing_area(), Ground::White).map_err(|e| e.to_string())?;
    bitmap::png(size, &pixels).map_err(|e| e.to_string())
}

fn size(chart: &Chart, ground: Ground) -> (u32, u32) {
    (WIDTH, panels(chart, ground).iter().map(|p| p.head + p.height).sum())
}

/// A part of the picture with axes of its own.
struct Panel<'a> {
    chart: &'a Chart,
    title: Option<String>,
    /// Height of what stands above the axes, and of the rest.
    head: u32,
    height: u32,
}

fn panels(chart: &Chart, ground: Ground) -> Vec<Panel<'_>> {
    let panel = |chart, title: Option<String>, height| {
        let lines = legend(chart).last().map_or(0, |l| l.line + 1) + usize::from(title.is_some()) as i32;
        Panel { chart, title, head: 10 + LINE as u32 * lines as u32, height }
    };
    let height = if chart.shape == Shape::Boxes { boxes::height(chart) } else { HEIGHT };
    let first = panel(chart, (ground == Ground::White).then(|| title(chart)), height);
    let lower = chart.panels.iter().map(|lower| panel(lower, Some(lower.title.to_string()), LOWER_HEIGHT));
    std::iter::once(first).chain(lower).collect()
}

/// With what the chart comes to, which a page says beside it.
fn title(chart: &Chart) -> String {
    match &chart.outcome {
        Some(outcome) => Charset::UNICODE.fit(&clean(&format!("{} - {outcome}", chart.title)), 100),
        None => chart.title.to_string(),
    }
}

fn draw<B: DrawingBackend<ErrorType: 'static>>(chart: &Chart, area: &Area<B>, ground: Ground) -> Drawn {
    let panels = panels(chart, ground);
    let (mut top, mut left) = (0, panels.iter().map(|p| p.head + p.height).sum::<u32>());
    for panel in panels {
        head(&panel, area, top)?;
        left -= panel.head + panel.height;
        let axes = area.margin(top + panel.head as i32, left, 0, 0);
        match panel.chart.shape {
            Shape::Boxes => boxes::draw(panel.chart, area, &axes)?,
            Shape::Bars => plot::bars(panel.chart, area, &axes)?,
            _ => plot::draw(panel.chart, area, &axes)?,
        }
        top += (panel.head + panel.height) as i32;
    }
    Ok(())
}

/// A name with its colour, or with the number of a mark.
struct Name {
    line: i32,
    x: i32,
    text: String,
    colour: Option<RGBColor>,
}

/// The series beside each other as far as there is room, then the marks.
fn legend(chart: &Chart) -> Vec<Name> {
    let mut names = Vec::new();
    let (mut x, mut line) = (LEFT, 0);
    // Rows that are named need no legend.
    let series = chart.series.iter().enumerate().filter(|(_, s)| !chart.rows.contains(&s.name));
    for (i, series) in series {
        let text = Charset::UNICODE.fit(&clean(&series.name), 60);
        let width = 52 + (LETTER - 1) * text.chars().count() as i32;
        if x > LEFT && x + width > WIDTH as i32 {
            (x, line) = (LEFT, line + 1);
        }
        names.push(Name { line, x, text, colour: Some(colour(chart, i)) });
        x += width;
    }
    for (mark, number) in chart.marks.iter().take(MARKS).zip(1..) {
        line += 1;
        let text = Charset::UNICODE.fit(&clean(&format!("{number}  {}", mark.text)), 115);
        names.push(Name { line, x: LEFT, text, colour: None });
    }
    names
}

fn head<B: DrawingBackend<ErrorType: 'static>>(panel: &Panel<'_>, area: &Area<B>, top: i32) -> Drawn {
    let mut y = top + 10;
    if let Some(title) = &panel.title {
        area.draw(&Text::new(title.clone(), (LEFT, y - 3), ("sans-serif", FONT + 3).into_font().color(&BLACK)))?;
        y += LINE;
    }
    for name in legend(panel.chart) {
        let (x, y) = (name.x, y + name.line * LINE);
        if let Some(colour) = name.colour {
            area.draw(&Rectangle::new([(x, y + 3), (x + 20, y + 10)], colour.filled()))?;
        }
        let x = if name.colour.is_some() { x + 26 } else { x };
        area.draw(&Text::new(name.text, (x, y), ("sans-serif", FONT).into_font().color(&BLACK)))?;
    }
    Ok(())
}

fn colour(chart: &Chart, series: usize) -> RGBColor {
    if chart.is_heat { HEAT[series.min(HEAT.len() - 1)] } else { COLOURS[series % COLOURS.len()] }
}

fn show(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Count => units::count(value),
        Unit::Bytes => units::bytes(value),
        Unit::Nanoseconds => units::ns(value),
        Unit::Permille => units::share(value, 1_000).unwrap_or_default(),
    }
}

/// As on an axis, where all values are round: `20 ms`, not `20.0 ms`.
fn tick(unit: Unit, value: u64) -> String {
    let text = show(unit, value);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// Round values from 0 to the end, about so many.
fn ticks(unit: Unit, end: u64, about: u64) -> Vec<u64> {
    ticks_from(unit, 0, end, about)
}

/// Round values from somewhere to the end, about so many.
fn ticks_from(unit: Unit, from: u64, end: u64, about: u64) -> Vec<u64> {
    let least = (end.saturating_sub(from) / about.max(1)).max(1);
    let step = match unit {
        Unit::Bytes => least.checked_next_power_of_two().unwrap_or(least),
        _ => {
            let tens = 10_u64.saturating_pow(least.ilog10());
            [1, 2, 5, 10].iter().map(|n| tens.saturating_mul(*n)).find(|step| *step >= least).unwrap_or(least)
        }
    };
    (from.div_ceil(step)..=end / step).map(|i| i * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::series::Series;

    #[test]
    fn axes_have_round_values() {
        let texts = |unit, end| ticks(unit, end, 5).into_iter().map(|v| tick(unit, v)).collect::<Vec<_>>();
        assert_eq!(texts(Unit::Nanoseconds, 92_000_000), ["0 ns", "20 ms", "40 ms", "60 ms", "80 ms"]);
        assert_eq!(texts(Unit::Bytes, 4_600_000), ["0 B", "1 MiB", "2 MiB", "3 MiB", "4 MiB"]);
        assert_eq!(texts(Unit::Permille, 1_000), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
        assert_eq!(texts(Unit::Count, 3), ["0", "1", "2", "3"]);
        assert_eq!(texts(Unit::Count, 0), ["0"]);
        assert!(ticks(Unit::Bytes, u64::MAX, 5).len() < 10 && ticks(Unit::Count, u64::MAX, 5).len() < 10);
    }

    #[test]
    fn a_picture_is_a_png_of_its_size_and_shows_something() {
        let points = (0..50).map(|t| (t * 10, t % 7)).collect();
        let mut chart = Chart { title: "Örtliche Größe", duration_ns: 500, ..Chart::default() };
        chart.series.push(Series { name: "Größe δ 漢".into(), points });
        for shape in [Shape::Steps, Shape::Spikes, Shape::Points, Shape::Stacked, Shape::Layers, Shape::Bars] {
            chart.shape = shape;
            let file = png(&chart).expect("it can be drawn");
            assert_eq!(file, png(&chart).expect("again"), "the same bytes");
            assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
            let (width, height) = size(&chart, Ground::White);
            let header = [(2 * width).to_be_bytes(), (2 * height).to_be_bytes()].concat();
            assert_eq!(file[16..24], header);
            let ink = COLOURS[0];
            let mut pixels = Vec::new();
            let length = u32::from_be_bytes([file[33], file[34], file[35], file[36]]) as usize;
            let mut unpack = flate2::read::ZlibDecoder::new(&file[41..41 + length]);
            std::io::Read::read_to_end(&mut unpack, &mut pixels).expect("the pixels unpack");
            let row = 6 * width as usize + 1;
            assert_eq!(pixels.len(), row * 2 * height as usize);
            let has =
                |colour: [u8; 3]| pixels.chunks(row).flat_map(|r| r[1..].chunks(3)).filter(|p| *p == colour).count();
            assert!(has([ink.0, ink.1, ink.2]) > 200, "{shape:?}: its colour");
            assert!(has([0, 0, 0]) > 100, "{shape:?}: its text");
            assert!(has([255, 255, 255]) > pixels.len() / 6, "{shape:?}: white");
        }
    }
}
