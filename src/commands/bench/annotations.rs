//! Where faces are in photos, as dlib's imglab writes it:
//!
//! ```xml
//! <image file='group.jpg'> <box top='90' left='194' width='37' height='37'/> … </image>
//! ```
//!
//! Read tolerantly: of the XML only these two tags and their attributes are looked at, whatever else
//! stands around them (parts, labels, comments, style sheets).

use crate::geometry::Rect;

/// One photo and the faces in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotated {
    /// The file's name as written, beside the annotations.
    pub file: String,
    /// The faces that must be found, in pixels.
    pub faces: Vec<Rect>,
    /// Faces marked `ignore`: they may be found or not.
    pub optional: Vec<Rect>,
}

/// The photos of an annotation file, in its order. A box without four numbers is left out.
pub fn parse(xml: &str) -> Vec<Annotated> {
    let mut photos: Vec<Annotated> = Vec::new();
    for tag in tags(xml) {
        if let Some(attributes) = named(tag, "image") {
            let Some(file) = attribute(attributes, "file") else { continue };
            photos.push(Annotated { file: plain(file), faces: Vec::new(), optional: Vec::new() });
        } else if let Some(attributes) = named(tag, "box") {
            let number = |name| attribute(attributes, name)?.trim().parse::<f32>().ok().filter(|n| n.is_finite());
            let rect = (number("left"), number("top"), number("width"), number("height"));
            if let ((Some(x), Some(y), Some(width), Some(height)), Some(photo)) = (rect, photos.last_mut()) {
                let ignored = attribute(attributes, "ignore").is_some_and(|value| value != "0");
                let list = if ignored { &mut photo.optional } else { &mut photo.faces };
                list.push(Rect::new(x, y, width, height));
            }
        }
    }
    photos
}

/// What stands between `<` and `>`, without comments.
fn tags(xml: &str) -> impl Iterator<Item = &str> {
    let mut rest = xml;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[rest.find('<')? + 1..];
            let end = if rest.starts_with("!--") { "-->" } else { ">" };
            let (tag, after) = rest.split_once(end)?;
            rest = after;
            if end == ">" {
                return Some(tag);
            }
        }
    })
}

/// The attributes of a tag with that name.
fn named<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.strip_prefix(name).filter(|rest| rest.starts_with(|c: char| c.is_ascii_whitespace() || c == '/'))
}

/// The value of an attribute, in single or double quotes.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (value, next) = after[1..].split_once(quote)?;
        if key.trim() == name {
            return Some(value);
        }
        rest = next;
    }
}

/// Text with XML's five entities resolved.
fn plain(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, meant)| text.replace(entity, meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_and_boxes_are_read_whatever_stands_around_them() {
        let xml = r#"<?xml version='1.0' encoding='ISO-8859-1'?>
            <!-- <image file='old.jpg'><box top='1' left='1' width='1' height='1'/></image> -->
            <dataset><comment>image of a box</comment><images>
            <image width='500' file='a &amp; b.jpg' height='375'>
              <box top='90' left='-4' width='37' height='38.5'><part name='00' x='201' y='107'/></box>
              <box left = "5" top = "6" width = "7" height = "8" ignore='1'/>
              <box top='1' left='2' width='wide' height='3'/>
            </image>
            <image file="empty.png"/>
            </images></dataset>"#;
        let photo = |file: &str, faces, optional| Annotated { file: file.into(), faces, optional };
        let (face, optional) = (Rect::new(-4.0, 90.0, 37.0, 38.5), Rect::new(5.0, 6.0, 7.0, 8.0));
        assert_eq!(parse(xml), [photo("a & b.jpg", vec![face], vec![optional]), photo("empty.png", vec![], vec![])]);
    }

    #[test]
    fn what_is_cut_off_or_is_no_xml_gives_what_can_be_read() {
        assert_eq!(parse(""), []);
        assert_eq!(parse("a < b > c <!-- never closed <image file='a.jpg'>"), []);
        assert_eq!(parse("<image file=a.jpg><box top='1'"), []);
        assert_eq!(parse("<box top='1' left='1' width='1' height='1'/>"), []);
        assert_eq!(parse("<image file='a.jpg'><box top='1' left='1' width='1'").len(), 1);
    }
}
