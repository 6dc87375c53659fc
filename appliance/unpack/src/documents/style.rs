//! What styles do to text: only as far as it can vanish by them.
//!
//! No cascade: an inline style, the attributes of old, and class rules that hide outright. Start
//! with [`Look::within`].

use std::collections::HashSet;

use super::markup::Tag;
use crate::limits;

type Colour = [u8; 3];

/// How text at one place looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// What no element inside can undo.
    why: Option<&'static str>,
    /// What an element inside can undo by a style of its own.
    is_tiny: bool,
    is_invisible: bool,
    is_transparent: bool,
    colour: Colour,
    /// `None` behind pictures and gradients.
    paper: Option<Colour>,
}

impl Default for Look {
    fn default() -> Self {
        Look {
            why: None,
            is_tiny: false,
            is_invisible: false,
            is_transparent: false,
            colour: [0; 3],
            paper: Some([255; 3]),
        }
    }
}

impl Look {
    /// Why text is not seen here.
    pub(crate) fn hidden_by(&self) -> Option<&'static str> {
        let near = |paper: Colour| {
            let pairs = paper.iter().zip(self.colour);
            pairs.map(|(one, other)| u32::from(one.abs_diff(other))).sum::<u32>()
                <= limits::NEAR_COLOURS
        };
        match self {
            Look { why: Some(why), .. } => Some(*why),
            Look { is_tiny: true, .. } => Some("font-size near 0"),
            Look { is_invisible: true, .. } => Some("visibility:hidden"),
            Look { is_transparent: true, .. } => Some("transparent"),
            Look { paper, .. } => {
                paper.filter(|paper| near(*paper)).map(|_| "in the colour of the paper")
            }
        }
    }

    /// Whether the paper is dark.
    pub(crate) fn is_on_dark(&self) -> bool {
        let [red, green, blue] = self.paper.unwrap_or([255; 3]).map(u32::from);
        red * 77 + green * 150 + blue * 29 < 100 * 256
    }

    /// The look inside an element.
    pub(crate) fn within(mut self, tag: &Tag<'_>, sheet: &Sheet) -> Look {
        if tag.name.eq_ignore_ascii_case("template") {
            self.hide("in a template");
        }
        for (name, value) in tag.attributes() {
            match name.as_bytes() {
                name if name.eq_ignore_ascii_case(b"style") => self.style(value),
                name if name.eq_ignore_ascii_case(b"hidden") => self.hide("hidden"),
                name if name.eq_ignore_ascii_case(b"color")
                    || name.eq_ignore_ascii_case(b"text") =>
                {
                    self.colour = colour(value).unwrap_or(self.colour);
                }
                name if name.eq_ignore_ascii_case(b"bgcolor") => {
                    self.paper = colour(value).or(self.paper);
                }
                name if name.eq_ignore_ascii_case(b"background") => self.paper = None,
                name if name.eq_ignore_ascii_case(b"class") && sheet.hides(value) => {
                    self.hide("hidden by its class");
                }
                name if name.eq_ignore_ascii_case(b"id") && sheet.hides(value) => {
                    self.hide("hidden by its name");
                }
                _ => {}
            }
        }
        self
    }

    fn hide(&mut self, why: &'static str) {
        self.why.get_or_insert(why);
    }

    fn style(&mut self, style: &str) {
        let mut is_flat = false;
        let mut is_cut = false;
        for part in style.split(';').take(limits::STYLES) {
            let Some((name, value)) = part.split_once(':') else { continue };
            let (name, value) =
                (name.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase());
            let value = value.trim_end_matches("!important").trim_end();
            match name.as_str() {
                "display" if value == "none" => self.hide("display:none"),
                "visibility" if value != "inherit" => {
                    self.is_invisible = matches!(value, "hidden" | "collapse");
                }
                "mso-hide" if value == "all" => self.hide("mso-hide:all"),
                "opacity" if value.parse::<f32>().is_ok_and(|one| one < 0.05) => {
                    self.hide("opacity:0")
                }
                "font-size" => self.size(value),
                "font" => value
                    .split_whitespace()
                    .filter(|one| one.contains("px") || one.contains("pt"))
                    .for_each(|one| self.size(one.split('/').next().unwrap_or_default())),
                "left" | "top" | "right" | "text-indent" | "margin-left" | "margin-top"
                    if is_far(value) =>
                {
                    self.hide("outside of the window");
                }
                "height" | "max-height" | "width" | "max-width" => {
                    is_flat |= pixels(value).is_some_and(|one| one < 1.5)
                }
                "overflow" | "overflow-y" => is_cut |= value == "hidden",
                "clip" if value.starts_with("rect(0") => self.hide("clipped away"),
                "color" => {
                    let found = colour(value);
                    self.is_transparent =
                        value == "transparent" || (self.is_transparent && found.is_none());
                    self.colour = found.unwrap_or(self.colour);
                }
                "background" | "background-color" | "background-image" => self.paper(value),
                _ => {}
            }
        }
        if is_flat && is_cut {
            self.hide("in a box without height");
        }
    }

    /// A size of letters. One that counts from that around it leaves nothing where there is nothing.
    fn size(&mut self, value: &str) {
        let is_relative =
            value.ends_with('%') || (value.ends_with("em") && !value.ends_with("rem"));
        if is_tiny(value) {
            self.is_tiny = true;
        } else if !is_relative && !matches!(value, "inherit" | "larger" | "smaller" | "unset") {
            self.is_tiny = false;
        }
    }

    fn paper(&mut self, value: &str) {
        if value.contains("url(") || value.contains("gradient") {
            self.paper = None;
        } else if let Some(found) =
            value.split_whitespace().find_map(colour).or_else(|| colour(value))
        {
            self.paper = Some(found);
        }
    }
}

/// A length in pixels or points; other units say nothing about the size.
fn pixels(value: &str) -> Option<f32> {
    let digits = value.trim_end_matches("px").trim_end_matches("pt").trim();
    digits.parse().ok()
}

fn is_tiny(value: &str) -> bool {
    pixels(value).is_some_and(|size| {
        (0.0..=2.0).contains(&size) && (size <= 0.0 || value.ends_with('x') || value.ends_with('t'))
    }) || matches!(value, "0em" | "0%" | "0rem")
}

fn is_far(value: &str) -> bool {
    pixels(value).is_some_and(|place| place <= -400.0)
}

/// A colour by number or by one of the names that spam uses.
fn colour(value: &str) -> Option<Colour> {
    let value = value.trim();
    if let Some(digits) = value.strip_prefix('#') {
        return by_digits(digits);
    }
    if let Some(inner) = value.strip_prefix("rgb(").or_else(|| value.strip_prefix("rgba(")) {
        let mut parts = inner.trim_end_matches(')').split([',', ' ']).filter(|one| !one.is_empty());
        let mut next = || parts.next().and_then(|one| one.trim().parse::<u8>().ok());
        return Some([next()?, next()?, next()?]);
    }
    let named = |name: &str| value.eq_ignore_ascii_case(name);
    match () {
        () if named("white") => Some([255; 3]),
        () if named("black") => Some([0; 3]),
        () if named("red") => Some([255, 0, 0]),
        () if named("blue") => Some([0, 0, 255]),
        () if named("green") => Some([0, 128, 0]),
        () if named("yellow") => Some([255, 255, 0]),
        () if named("gray") || named("grey") => Some([128; 3]),
        () if named("silver") => Some([192; 3]),
        () if named("snow") || named("ivory") || named("whitesmoke") => Some([250; 3]),
        () => (value.len() == 6).then(|| by_digits(value)).flatten(),
    }
}

fn by_digits(digits: &str) -> Option<Colour> {
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    match digits.len() {
        6 => Some([red, green, blue]),
        3 => Some([(green & 15) * 17, (blue >> 4) * 17, (blue & 15) * 17]),
        _ => None,
    }
}

/// Names of classes and elements that a style sheet hides, and of those that it puts on dark paper.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    hiding: HashSet<String>,
    darkening: HashSet<String>,
}

impl Sheet {
    /// Reads the rules of a style sheet; those for other media say nothing.
    pub(crate) fn add(&mut self, css: &str) {
        let mut rest = css;
        while let Some((selector, body)) = rest.split_once('{') {
            let selector = selector.rsplit(['}', ';', '/']).next().unwrap_or_default().trim();
            if selector.starts_with('@') {
                rest = behind_block(body);
                continue;
            }
            let (rules, more) = body.split_once('}').unwrap_or((body, ""));
            let mut look = Look::default();
            look.style(rules);
            let hides = look.is_tiny || look.is_invisible || look.is_transparent;
            if look.why.is_some() || hides {
                note(&mut self.hiding, selector);
            }
            if look.is_on_dark() {
                note(&mut self.darkening, selector);
            }
            rest = more;
        }
    }

    fn hides(&self, names: &str) -> bool {
        !self.hiding.is_empty() && names.split_whitespace().any(|name| self.hiding.contains(name))
    }

    /// Whether one of these classes puts an element on dark paper.
    pub(crate) fn darkens(&self, names: &str) -> bool {
        names.split_whitespace().any(|name| self.darkening.contains(name))
    }
}

/// Takes down the last name of each selector.
fn note(names: &mut HashSet<String>, selector: &str) {
    for one in selector.split(',').take(limits::STYLES) {
        let last = one.split_whitespace().last().unwrap_or_default();
        if let Some((_, name)) = last.rsplit_once(['.', '#']) {
            let is_plain = !name.contains([':', '[', '>']);
            if is_plain && names.len() < limits::STYLES {
                names.insert(name.to_owned());
            }
        }
    }
}

/// What stands behind the brace that ends a block, given what stands in it.
fn behind_block(body: &str) -> &str {
    let mut depth = 1_u32;
    for (at, octet) in body.bytes().enumerate() {
        match octet {
            b'{' => depth = depth.saturating_add(1),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return body.get(at.saturating_add(1)..).unwrap_or_default();
        }
    }
    ""
}
