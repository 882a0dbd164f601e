//! A chart as SVG text or as a PNG file. The same numbers give the same bytes.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::bitmap::{self, Bitmap};
use crate::analyse::series::{Chart, Shape, Unit};
use crate::clean::clean;
use crate::styled::Charset;
use crate::units;

const SIZE: (u32, u32) = (900, 320);

/// Okabe and Ito's colours for all sorts of eyes, those that stand out from white and from black.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(154, 112, 0),
    RGBColor(110, 110, 110),
];
/// plotters writes four fifths of it into the file.
const FONT: u32 = 16;
const GRID: RGBColor = RGBColor(128, 128, 128);

/// Below the title, if there is one.
const LEGEND_FROM: i32 = 44;
/// Beside a chart that fills its area.
const LEGEND_WIDTH: u32 = 130;
/// Marks with a line; the page lists all of them.
const MARKS: usize = 5;

/// On what the chart stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Alone: white, with black text.
    White,
    /// In a page with a text colour and a background of its own.
    Page,
}

/// The chart as an `svg` element; `Err` says why it cannot be drawn.
pub fn svg(chart: &Chart, ground: Ground) -> Result<String, String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size(chart)).into_drawing_area();
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
    let size = size(chart);
    let mut pixels = vec![0; bitmap::bytes(size)];
    draw(chart, &Bitmap::new(size, &mut pixels).into_drawing_area(), Ground::White).map_err(|e| e.to_string())?;
    bitmap::png(size, &pixels).map_err(|e| e.to_string())
}

type Area<B> = DrawingArea<B, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// The height of a row of boxes.
const ROW: u32 = 22;
/// About so wide is a letter, since nothing here knows the font.
const LETTER: i32 = 8;

fn size(chart: &Chart) -> (u32, u32) {
    match chart.shape {
        Shape::Boxes => (SIZE.0, 110 + ROW * chart.rows.len().max(2) as u32),
        _ => SIZE,
    }
}

fn boxes<B: DrawingBackend<ErrorType: 'static>>(chart: &Chart, area: &Area<B>, ground: Ground) -> Drawn {
    let rows = chart.rows.len().max(1) as i32;
    let side = if chart.rows.iter().all(String::is_empty) { 12 } else { 130 };
    let value = |v: &u64| show(chart.unit, *v);
    let mut builder = ChartBuilder::on(area);
    if ground == Ground::White {
        builder.caption(chart.title, ("sans-serif", FONT + 4));
    }
    builder.margin(12).margin_top(34);
    let mut plot =
        builder.x_label_area_size(36).y_label_area_size(side).build_cartesian_2d(0..chart.width.max(1), 0..rows)?;
    plot.configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.mix(0.4))
        .axis_style(GRID)
        .x_labels(8)
        .y_labels(2)
        .y_label_formatter(&|_| String::new())
        .x_label_formatter(&value)
        .label_style(("sans-serif", FONT))
        .draw()?;
    for (name, row) in chart.rows.iter().zip(0..) {
        let (_, y) = plot.backend_coord(&(0, rows - row));
        let name = Charset::UNICODE.fit(&clean(name), 15);
        area.draw(&Text::new(name, (16, y + 4), ("sans-serif", FONT).into_font().color(&BLACK)))?;
    }
    for each in &chart.boxes {
        let row = each.row as i32;
        let colour = COLOURS[each.series % COLOURS.len()];
        let ((left, top), (right, bottom)) =
            (plot.backend_coord(&(each.from, rows - row)), plot.backend_coord(&(each.to, rows - row - 1)));
        // One pixel between boxes, and none so narrow that it does not show.
        let right = right.max(left + 2) - 1;
        area.draw(&Rectangle::new([(left, top + 1), (right, bottom - 1)], colour.filled()))?;
        let room = (right - left) / LETTER;
        if room >= 3 {
            let name = Charset::UNICODE.fit(&clean(&each.name), room as usize);
            // White on these colours has the contrast of text on a page; see the test.
            area.draw(&Text::new(name, (left + 3, top + 4), ("sans-serif", FONT - 2).into_font().color(&WHITE)))?;
        }
    }
    for (series, i) in chart.series.iter().zip(0..) {
        let (x, y) = (16 + 140 * i, 16);
        area.draw(&PathElement::new(vec![(x, y), (x + 22, y)], COLOURS[i as usize % COLOURS.len()].stroke_width(6)))?;
        area.draw(&Text::new(
            clean(&series.name).into_owned(),
            (x + 28, y - 6),
            ("sans-serif", FONT).into_font().color(&BLACK),
        ))?;
    }
    Ok(())
}

fn show(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Count => units::count(value),
        Unit::Bytes => units::bytes(value),
        Unit::Nanoseconds => units::ns(value),
        Unit::Permille => units::share(value, 1_000).unwrap_or_default(),
    }
}

fn draw<B: DrawingBackend<ErrorType: 'static>>(chart: &Chart, area: &Area<B>, ground: Ground) -> Drawn {
    if chart.shape == Shape::Boxes {
        return boxes(chart, area, ground);
    }
    let highest = chart.series.iter().flat_map(|s| s.points.iter().map(|p| p.1)).max().unwrap_or(0).max(1);
    // A little air above the highest line.
    let top = highest.saturating_add(highest / 20).max(highest.saturating_add(1));
    let end = chart.duration_ns.max(1);
    let value = |v: &u64| show(chart.unit, *v);
    let stacked = chart.shape == Shape::Stacked;
    let top = match chart.shape {
        Shape::Stacked => 1_000,
        // Points would hide behind the legend.
        Shape::Points => top.saturating_add(top / 10 * (2 + chart.marks.len().min(MARKS) as u64)),
        _ => top,
    };
    let mut builder = ChartBuilder::on(area);
    if ground == Ground::White {
        builder.caption(chart.title, ("sans-serif", FONT + 4));
    }
    builder.margin(12);
    if stacked {
        builder.margin_right(LEGEND_WIDTH);
    }
    let mut plot = builder.x_label_area_size(36).y_label_area_size(90).build_cartesian_2d(0..end, 0..top)?;
    plot.configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.mix(0.4))
        .axis_style(GRID)
        .x_labels(8)
        .y_labels(6)
        .x_desc("time since the start of the log")
        .x_label_formatter(&|t| units::ns(*t))
        .y_label_formatter(&value)
        .label_style(("sans-serif", FONT))
        .draw()?;
    let mut below: Vec<u64> = Vec::new();
    for (i, series) in chart.series.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let line = |points: Vec<(u64, u64)>| PathElement::new(points, colour.stroke_width(2));
        match chart.shape {
            Shape::Spikes => {
                plot.draw_series(series.points.iter().map(|&(t, v)| line(vec![(t, 0), (t, v)])))?;
            }
            Shape::Points => {
                plot.draw_series(series.points.iter().map(|&point| Circle::new(point, 2, colour.filled())))?;
            }
            Shape::Stacked => {
                below.resize(series.points.len(), 0);
                let above: Vec<u64> = below.iter().zip(&series.points).map(|(b, p)| (b + p.1).min(top)).collect();
                let times: Vec<u64> = series.points.iter().map(|p| p.0).chain([end]).collect();
                let steps = |values: &[u64]| {
                    let sides = values.iter().zip(times.windows(2)).flat_map(|(&v, t)| [(t[0], v), (t[1], v)]);
                    sides.collect::<Vec<_>>()
                };
                let outline: Vec<(u64, u64)> =
                    steps(&above).into_iter().chain(steps(&below).into_iter().rev()).collect();
                if above != below {
                    plot.draw_series(std::iter::once(Polygon::new(outline, colour.filled())))?;
                }
                below = above;
            }
            Shape::Steps | Shape::Boxes => {
                let mut points = Vec::with_capacity(series.points.len() * 2 + 1);
                let mut last = 0;
                for &(t, v) in &series.points {
                    points.extend([(t, last), (t, v)]);
                    last = v;
                }
                points.push((end, last));
                plot.draw_series(std::iter::once(line(points)))?;
            }
        }
        // The name stands inside the chart, one below the other, with a piece of its line.
        let x = if stacked { (SIZE.0 - LEGEND_WIDTH) as i32 + 12 } else { 118 };
        legend(area, x, i, colour, &series.name)?;
    }
    for (mark, number) in chart.marks.iter().take(MARKS).zip(1..) {
        let line = vec![(mark.at_ns, 0), (mark.at_ns, top)];
        plot.draw_series(std::iter::once(PathElement::new(line, COLOURS[1].stroke_width(1))))?;
        let (x, y) = plot.backend_coord(&(mark.at_ns, 0));
        let style = ("sans-serif", FONT).into_font().color(&COLOURS[1]);
        area.draw(&Text::new(number.to_string(), (x + 3, y - 16), style))?;
        legend(area, 118, chart.series.len() + number - 1, COLOURS[1], &format!("{number}  {}", mark.text))?;
    }
    Ok(())
}

/// A line of the legend: a piece of its colour and the name.
fn legend<B: DrawingBackend<ErrorType: 'static>>(
    area: &Area<B>,
    x: i32,
    row: usize,
    colour: RGBColor,
    name: &str,
) -> Drawn {
    let y = LEGEND_FROM + 18 * row as i32;
    area.draw(&PathElement::new(vec![(x, y), (x + 22, y)], colour.stroke_width(4)))?;
    let name = Charset::UNICODE.fit(&clean(name), 90);
    area.draw(&Text::new(name, (x + 28, y - 6), ("sans-serif", FONT).into_font().color(&BLACK)))?;
    Ok(())
}
