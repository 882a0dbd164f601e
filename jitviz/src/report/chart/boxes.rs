//! Draws charts of boxes in rows.

use plotters::prelude::*;

use super::{Area, Drawn, FONT, GRID, LEFT, LETTER, WIDTH, colour, tick, ticks_from};
use crate::analyse::series::Chart;
use crate::clean::clean;
use crate::report::colours::text_on;
use crate::styled::Charset;

/// The height of a row of boxes.
const ROW: u32 = 22;
/// Of a name one letter and three dots say nothing.
const LEAST_NAME: i32 = 4;
/// For the names of rows: at least, and at most.
const SIDE: [u32; 2] = [130, 230];
const AXIS: u32 = 30;
const MARGIN: u32 = 12;
/// Half of a label of the axis, which stands below its end.
const HALF_A_LABEL: i32 = 28;

pub fn height(chart: &Chart) -> u32 {
    ROW * chart.rows.len().max(1) as u32 + AXIS + MARGIN
}

pub fn draw<B: DrawingBackend<ErrorType: 'static>>(chart: &Chart, area: &Area<B>, axes: &Area<B>) -> Drawn {
    let rows = chart.rows.len().max(1) as i32;
    let longest = chart.rows.iter().map(|name| name.chars().count()).max().unwrap_or(0) as u32;
    let side = if longest == 0 { 0 } else { (longest * LETTER as u32 + LEFT as u32).clamp(SIDE[0], SIDE[1]) };
    let letters = ((side as i32 - LEFT) / LETTER).max(16);
    let width = chart.width.max(1);
    let mut builder = ChartBuilder::on(axes);
    builder.margin_left(if side == 0 { HALF_A_LABEL } else { LEFT }).margin_right(HALF_A_LABEL).margin_bottom(MARGIN);
    let from = chart.from_ns;
    let points = ticks_from(chart.unit, from, from.saturating_add(width), 8);
    let x = (0..width).with_key_points(points.into_iter().map(|v| v - from).collect::<Vec<_>>());
    // plotters cannot count labels to 0 by itself.
    let y = (0..rows).with_key_points(Vec::new());
    let mut plot = builder.x_label_area_size(AXIS).y_label_area_size(side).build_cartesian_2d(x, y)?;
    plot.configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.mix(0.4))
        .axis_style(GRID)
        .x_label_formatter(&|v| tick(chart.unit, *v + chart.from_ns))
        .label_style(("sans-serif", FONT))
        .draw()?;
    for (name, row) in chart.rows.iter().zip(0..) {
        let (_, y) = plot.backend_coord(&(0, rows - row));
        let name = Charset::UNICODE.fit(&clean(name), letters as usize);
        area.draw(&Text::new(name, (LEFT, y + 4), ("sans-serif", FONT).into_font().color(&BLACK)))?;
    }
    for each in &chart.boxes {
        let row = each.row as i32;
        let colour = colour(chart, each.series);
        let ((left, top), (right, bottom)) =
            (plot.backend_coord(&(each.from, rows - row)), plot.backend_coord(&(each.to, rows - row - 1)));
        // One pixel between boxes, and none so narrow that it does not show.
        let right = right.max(left + 2) - 1;
        area.draw(&Rectangle::new([(left, top + 1), (right, bottom - 1)], colour.filled()))?;
        let room = (right - left - 4) / LETTER;
        if room < LEAST_NAME {
            continue;
        }
        // Not by colour alone: the state's letter, where boxes are coloured by state.
        let letter = chart.series.get(each.series).and_then(|s| s.name.chars().next()).filter(|_| chart.has_letters);
        let name = match letter {
            Some(letter) => format!("{} {}", letter.to_uppercase(), each.name),
            None => each.name.clone(),
        };
        let name = Charset::UNICODE.fit(&clean(&name), room as usize);
        let style = ("sans-serif", FONT - 2).into_font().color(&text_on(colour));
        area.draw(&Text::new(name, (left + 3, top + 5), style))?;
    }
    let values = chart.boxes.iter().filter(|_| chart.has_values);
    for each in values {
        let (x, y) = plot.backend_coord(&(each.to, rows - each.row as i32));
        let (left, _) = plot.backend_coord(&(each.from, 0));
        let text = tick(chart.unit, each.to);
        // Which of the bars it is, if that has no room in it.
        let is_named = (x - left - 5) / LETTER >= LEAST_NAME.max(each.name.chars().count() as i32);
        let text = if is_named { text } else { format!("{} {text}", each.name) };
        let room = LETTER * text.chars().count() as i32 + 8;
        let (x, colour) =
            if x + room > WIDTH as i32 { (x - room, text_on(colour(chart, each.series))) } else { (x + 6, BLACK) };
        area.draw(&Text::new(text, (x, y + 5), ("sans-serif", FONT - 2).into_font().color(&colour)))?;
    }
    Ok(())
}
