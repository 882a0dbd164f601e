//! Draws what plotters draws as the pixels of a PNG file, with the same layout as the SVG and a font of its own.
//!
//! Every shape is the coverage of an outline, so nothing is jagged; the font has Latin, Greek and Cyrillic letters.

use std::convert::Infallible;
use std::io::{self, Write};

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};
use ab_glyph_rasterizer::{Point, Rasterizer, point};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

const FONT: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");
/// Pixels for a unit of the drawing, so that small text is sharp on today's screens.
pub const SCALE: u32 = 2;
/// plotters' sizes of fonts are so much more than the size of the letter m; the SVG backend divides by it too.
const POINTS: f64 = 1.24;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// A picture that plotters can draw on: three bytes a pixel, white at first.
pub struct Bitmap<'a> {
    size: (u32, u32),
    pixels: &'a mut [u8],
    font: FontRef<'static>,
}

/// Bytes that a drawing of this size needs.
pub fn bytes(size: (u32, u32)) -> usize {
    3 * (size.0 * SCALE) as usize * (size.1 * SCALE) as usize
}

impl<'a> Bitmap<'a> {
    /// `pixels` has the length that [`bytes`] says; `size` is in units of the drawing.
    pub fn new(size: (u32, u32), pixels: &'a mut [u8]) -> Bitmap<'a> {
        pixels.fill(255);
        let font = FontRef::try_from_slice(FONT).expect("the embedded font is one");
        Bitmap { size, pixels, font }
    }

    fn blend(&mut self, x: i64, y: i64, colour: BackendColor, coverage: f32) {
        let (width, height) = (i64::from(self.size.0 * SCALE), i64::from(self.size.1 * SCALE));
        if x < 0 || y < 0 || x >= width || y >= height {
            return;
        }
        let part = (f64::from(coverage) * colour.alpha).clamp(0.0, 1.0);
        let at = 3 * (y * width + x) as usize;
        let (r, g, b) = colour.rgb;
        for (pixel, ink) in self.pixels[at..at + 3].iter_mut().zip([r, g, b]) {
            *pixel = (f64::from(*pixel) * (1.0 - part) + f64::from(ink) * part).round() as u8;
        }
    }

    /// Fills the outline, whose points are in pixels.
    fn fill(&mut self, outline: &[Point], colour: BackendColor) {
        // What is far outside needs no memory; it is not seen.
        let far = (self.size.0.max(self.size.1) * SCALE * 2) as f32;
        let outline: Vec<Point> = outline.iter().map(|p| point(p.x.clamp(-far, far), p.y.clamp(-far, far))).collect();
        let bound = |pick: fn(&Point) -> f32, most: fn(f32, f32) -> f32| outline.iter().map(pick).reduce(most);
        let (Some(left), Some(right)) = (bound(|p| p.x, f32::min), bound(|p| p.x, f32::max)) else { return };
        let (Some(top), Some(bottom)) = (bound(|p| p.y, f32::min), bound(|p| p.y, f32::max)) else { return };
        let (left, top) = (left.floor(), top.floor());
        let mut shape = Rasterizer::new((right - left).ceil() as usize + 2, (bottom - top).ceil() as usize + 1);
        let near = |p: &Point| point(p.x - left, p.y - top);
        for (from, to) in outline.iter().zip(outline.iter().cycle().skip(1)) {
            shape.draw_line(near(from), near(to));
        }
        shape.for_each_pixel_2d(|x, y, coverage| {
            if coverage > 0.0 {
                self.blend(left as i64 + i64::from(x), top as i64 + i64::from(y), colour, coverage);
            }
        });
    }

    /// A straight piece of a line, a little longer at the ends that others go on from, so that corners are filled.
    fn stroke(&mut self, from: Point, to: Point, width: f32, longer: (bool, bool), colour: BackendColor) {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = (dx * dx + dy * dy).sqrt();
        if length == 0.0 {
            return;
        }
        let (along_x, along_y) = (dx / length * width / 2.0, dy / length * width / 2.0);
        let part = |longer: bool| if longer { 1.0 } else { 0.0 };
        let from = point(from.x - along_x * part(longer.0), from.y - along_y * part(longer.0));
        let to = point(to.x + along_x * part(longer.1), to.y + along_y * part(longer.1));
        let corner = |p: Point, side: f32| point(p.x - along_y * side, p.y + along_x * side);
        self.fill(&[corner(from, 1.0), corner(to, 1.0), corner(to, -1.0), corner(from, -1.0)], colour);
    }
}

fn scaled(at: BackendCoord) -> Point {
    point(at.0 as f32 * SCALE as f32, at.1 as f32 * SCALE as f32)
}

impl DrawingBackend for Bitmap<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Drawn {
        self.draw_rect(at, (at.0 + 1, at.1 + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        if fill {
            self.fill_polygon(corners, style)
        } else {
            self.draw_path(corners.into_iter().chain([(left, top)]), style)
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let mut points: Vec<Point> = path.into_iter().map(scaled).collect();
        points.dedup();
        let width = (style.stroke_width() * SCALE) as f32;
        let last = points.len().saturating_sub(2);
        for (i, pair) in points.windows(2).enumerate() {
            self.stroke(pair[0], pair[1], width, (i > 0, i < last), style.color());
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        const SIDES: usize = 24;
        let (centre, radius) = (scaled(centre), (radius * SCALE) as f32);
        let corner = |i: usize| {
            let (sin, cos) = (i as f32 * std::f32::consts::TAU / SIDES as f32).sin_cos();
            point(centre.x + radius * cos, centre.y + radius * sin)
        };
        let outline: Vec<Point> = (0..SIDES).map(corner).collect();
        if fill {
            self.fill(&outline, style.color());
            return Ok(());
        }
        for (from, to) in outline.iter().zip(outline.iter().cycle().skip(1)) {
            self.stroke(*from, *to, (style.stroke_width() * SCALE) as f32, (true, true), style.color());
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let outline: Vec<Point> = path.into_iter().map(scaled).collect();
        self.fill(&outline, style.color());
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let em = (style.size() / POINTS) as f32 * SCALE as f32;
        let units = self.font.units_per_em().expect("the embedded font says it");
        let font = self.font.clone();
        let font = font.as_scaled(PxScale::from(em * font.height_unscaled() / units));
        let width: f32 = text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum();
        let mut x = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        // The lengths that the SVG backend names in em and ex; a small x is so high.
        let ex = 0.547 * em;
        let baseline = match style.anchor().v_pos {
            VPos::Top => 0.76 * em,
            VPos::Center => 0.5 * ex,
            VPos::Bottom => -0.5 * ex,
        };
        let origin = scaled(at);
        for c in text.chars() {
            let id = font.glyph_id(c);
            let glyph = id.with_scale_and_position(font.scale(), point(x, baseline));
            x += font.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, coverage| {
                let (dx, dy) = (bounds.min.x as i32 + dx as i32, bounds.min.y as i32 + dy as i32);
                let (dx, dy) = style.transform().transform(dx, dy);
                self.blend(origin.x as i64 + i64::from(dx), origin.y as i64 + i64::from(dy), style.color(), coverage);
            });
        }
        Ok(())
    }
}

/// The pixels of a drawing of this size as a PNG file.
pub fn png(size: (u32, u32), pixels: &[u8]) -> io::Result<Vec<u8>> {
    let (width, height) = (size.0 * SCALE, size.1 * SCALE);
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in pixels.chunks(3 * width as usize) {
        // The pixels as they are, none told by its neighbours.
        packed.write_all(&[0])?;
        packed.write_all(row)?;
    }
    // Eight bits of each of three colours, in the only known ways of packing and sorting.
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in [(b"IHDR", header), (b"IDAT", packed.finish()?), (b"IEND", Vec::new())] {
        let mut sum = flate2::Crc::new();
        sum.update(name);
        sum.update(&content);
        out.extend((content.len() as u32).to_be_bytes());
        out.extend(name);
        out.extend(content);
        out.extend(sum.sum().to_be_bytes());
    }
    Ok(out)
}
