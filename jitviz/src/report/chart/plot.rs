//! Draws charts over time, and histograms.

use plotters::prelude::*;

use super::{Area, Drawn, FONT, GRID, LEFT, MARKS, colour, tick, ticks, ticks_from};
use crate::analyse::series::{Chart, Series, Shape, Unit};
use crate::report::colours::{MARK, text_on};

const SIDE: u32 = 78;
const AXIS: u32 = 42;

pub fn draw<B: DrawingBackend<ErrorType: 'static>>(chart: &Chart, area: &Area<B>, axes: &Area<B>) -> Drawn {
    let stacked = matches!(chart.shape, Shape::Stacked | Shape::Layers);
    let layers = layers(chart);
    let highest = match stacked {
        true => layers.iter().flatten().map(|p| p.2).max(),
        false => chart.series.iter().flat_map(|s| s.points.iter().map(|p| p.1)).max(),
    };
    let highest = highest.unwrap_or(0).max(1);
    // A little air above the highest value, but none above all of it.
    let top = match chart.shape {
        Shape::Stacked => 1_000,
        _ => highest.saturating_add(highest / 20).max(highest.saturating_add(1)),
    };
    let from = chart.from_ns;
    let end = from.saturating_add(chart.duration_ns.max(1));
    let mut builder = ChartBuilder::on(axes);
    builder.margin_right(24).margin_bottom(8).margin_top(4).margin_left(LEFT);
    let x = (from..end).with_key_points(ticks_from(Unit::Nanoseconds, from, end, 8));
    let y = (0..top).with_key_points(ticks(chart.unit, top, 5));
    let mut plot = builder.x_label_area_size(AXIS).y_label_area_size(SIDE).build_cartesian_2d(x, y)?;
    plot.configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.mix(0.4))
        .axis_style(GRID)
        .x_desc("time since the start of the log")
        .x_label_formatter(&|t| tick(Unit::Nanoseconds, *t))
        .y_label_formatter(&|v| tick(chart.unit, *v))
        .label_style(("sans-serif", FONT))
        .draw()?;
    for (i, series) in chart.series.iter().enumerate() {
        let colour = colour(chart, i);
        let line = |points: Vec<(u64, u64)>| PathElement::new(points, colour.stroke_width(2));
        match chart.shape {
            Shape::Spikes => {
                plot.draw_series(series.points.iter().map(|&(t, v)| line(vec![(t, 0), (t, v)])))?;
            }
            Shape::Points => {
                plot.draw_series(series.points.iter().map(|&point| Circle::new(point, 2, colour.filled())))?;
            }
            Shape::Stacked | Shape::Layers => {
                let above = layers[i].iter().map(|p| (p.0, p.2));
                let below = layers[i].iter().rev().map(|p| (p.0, p.1));
                let outline: Vec<(u64, u64)> = above.chain(below).collect();
                if layers[i].iter().any(|p| p.1 != p.2) {
                    plot.draw_series(std::iter::once(Polygon::new(outline, colour.filled())))?;
                }
            }
            Shape::Steps | Shape::Boxes | Shape::Bars => {
                plot.draw_series(std::iter::once(line(steps(series, end))))?;
            }
        }
    }
    if chart.has_letters {
        let style = |colour: RGBColor| ("sans-serif", FONT).into_font().color(&text_on(colour));
        for (i, layer) in layers.iter().enumerate() {
            let on_screen: Vec<_> = layer
                .iter()
                .map(|p| (plot.backend_coord(&(p.0, p.1)).1, plot.backend_coord(&(p.0, p.2))))
                .map(|(low, (x, high))| (x, high, low))
                .collect();
            let Some((x, y)) = roomiest(&on_screen) else { continue };
            let letter = chart.series[i].name.chars().next().map(|c| c.to_uppercase().to_string());
            area.draw(&Text::new(letter.unwrap_or_default(), (x - 5, y - 6), style(colour(chart, i))))?;
        }
    }
    for (mark, number) in chart.marks.iter().take(MARKS).zip(1..) {
        let line = vec![(mark.at_ns, 0), (mark.at_ns, top)];
        plot.draw_series(std::iter::once(PathElement::new(line, MARK.stroke_width(1))))?;
        let (x, y) = plot.backend_coord(&(mark.at_ns, top));
        area.draw(&Text::new(number.to_string(), (x + 4, y), ("sans-serif", FONT).into_font().color(&BLACK)))?;
    }
    Ok(())
}

/// A line that keeps each value until the next.
fn steps(series: &Series, end: u64) -> Vec<(u64, u64)> {
    let mut points = Vec::with_capacity(series.points.len() * 2 + 1);
    let mut last = 0;
    for &(t, v) in &series.points {
        points.extend([(t, last), (t, v)]);
        last = v;
    }
    points.push((end, last));
    points
}

/// Time, lower and upper bound of each series of a stack.
fn layers(chart: &Chart) -> Vec<Vec<(u64, u64, u64)>> {
    let mut below: Vec<u64> = Vec::new();
    let mut layers = Vec::new();
    let limit = if chart.shape == Shape::Stacked { 1_000 } else { u64::MAX };
    for series in chart.series.iter().filter(|_| matches!(chart.shape, Shape::Stacked | Shape::Layers)) {
        below.resize(series.points.len(), 0);
        let above: Vec<u64> = below.iter().zip(&series.points).map(|(b, p)| b.saturating_add(p.1).min(limit)).collect();
        let bounds = below.iter().zip(&above);
        let layer = match chart.shape {
            // Each holds until the next.
            Shape::Stacked => {
                let ends =
                    series.points.iter().skip(1).map(|p| p.0).chain([chart.from_ns.saturating_add(chart.duration_ns)]);
                let whole = series.points.iter().zip(ends).zip(bounds);
                whole.flat_map(|((p, end), (b, a))| [(p.0, *b, *a), (end, *b, *a)]).collect()
            }
            _ => series.points.iter().zip(bounds).map(|(p, (b, a))| (p.0, *b, *a)).collect(),
        };
        layers.push(layer);
        below = above;
    }
    layers
}

/// The middle of the place where a layer, given by x, top and bottom, has most room for a letter; none if it has none.
fn roomiest(layer: &[(i32, i32, i32)]) -> Option<(i32, i32)> {
    const NEEDED: (i32, i32) = (14, 16);
    let mut best: Option<(i32, i32, i32)> = None;
    for start in 0..layer.len() {
        let (mut high, mut low) = (layer[start].1, layer[start].2);
        for &(x, top, bottom) in &layer[start..] {
            (high, low) = (high.max(top), low.min(bottom));
            if low - high < NEEDED.1 {
                break;
            }
            let room = (x - layer[start].0, low - high);
            if room.0 >= NEEDED.0 && best.is_none_or(|b| room.0.min(60) * room.1 > b.2) {
                best = Some(((x + layer[start].0) / 2, (high + low) / 2, room.0.min(60) * room.1));
            }
        }
    }
    best.map(|b| (b.0, b.1))
}

/// How many have a value of at least what stands below the bar, and less than what stands below the next.
pub fn bars<B: DrawingBackend<ErrorType: 'static>>(chart: &Chart, area: &Area<B>, axes: &Area<B>) -> Drawn {
    let Some(series) = chart.series.first() else { return Ok(()) };
    let most = series.points.iter().map(|p| p.1).max().unwrap_or(0).max(1);
    let n = series.points.len() as u64;
    let mut builder = ChartBuilder::on(axes);
    builder.margin_right(24).margin_bottom(8).margin_top(4).margin_left(LEFT);
    let y = (0..most + most / 20 + 1).with_key_points(ticks(Unit::Count, most, 3));
    // plotters cannot count labels to 0 by itself.
    let x = (0..n).with_key_points(Vec::new());
    let mut plot = builder.x_label_area_size(AXIS - 12).y_label_area_size(SIDE).build_cartesian_2d(x, y)?;
    plot.configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.mix(0.4))
        .axis_style(GRID)
        .y_label_formatter(&|v| tick(Unit::Count, *v))
        .label_style(("sans-serif", FONT))
        .draw()?;
    // As many names of bars as have room.
    let every = (n / 10 + 1) as usize;
    for (i, point) in series.points.iter().enumerate() {
        let ((left, bottom), (right, top)) =
            (plot.backend_coord(&(i as u64, 0)), plot.backend_coord(&(i as u64 + 1, point.1)));
        if point.1 > 0 {
            area.draw(&Rectangle::new([(left + 1, top), (right - 1, bottom)], colour(chart, 0).filled()))?;
        }
        if i % every == 0 {
            let text = tick(chart.unit, point.0);
            area.draw(&Text::new(text, (left, bottom + 6), ("sans-serif", FONT).into_font().color(&BLACK)))?;
        }
    }
    Ok(())
}
