//! The rules of EmotionML 1.0 that a document can break: its schema's, and those that a schema cannot say. Their numbers
//! are those of the assertions in the W3C's implementation report (<https://www.w3.org/2002/mmi/2013/emotionml-ir/>).

use std::collections::{HashMap, HashSet};

use roxmltree::{Document, Node};

pub const NAMESPACE: &str = "http://www.w3.org/2009/10/emotionml";

/// Vocabularies of the W3C, by what follows the `#`: the kind, and the names as far as affectd uses them.
const W3C: &str = "http://www.w3.org/TR/emotion-voc/xml#";
const KNOWN: [(&str, &str, &[&str]); 2] = [
    ("big6", "category", &["anger", "disgust", "fear", "happiness", "sadness", "surprise"]),
    ("fsre-dimensions", "dimension", &["valence", "potency", "arousal", "unpredictability"]),
];

/// What is wrong with a document; nothing when it is valid.
pub fn faults(text: &str) -> Vec<String> {
    match Document::parse(text) {
        Ok(document) => Rules::default().document(&document),
        Err(error) => vec![format!("not well-formed: {error}")],
    }
}

#[derive(Default)]
struct Rules<'a> {
    faults: Vec<String>,
    ids: HashSet<&'a str>,
    /// By `#id`: the kind, and the names.
    vocabularies: HashMap<String, (&'a str, HashSet<&'a str>)>,
}

impl<'a> Rules<'a> {
    fn document(mut self, document: &'a Document<'a>) -> Vec<String> {
        let root = document.root_element();
        self.must(root.has_tag_name((NAMESPACE, "emotionml")), "102", &root);
        self.must(root.attribute("version") == Some("1.0"), "111", &root);
        self.only(&root, &["version", "category-set", "dimension-set", "appraisal-set", "action-tendency-set"]);
        self.must(count(&root, "info") <= 1, "105", &root);
        for child in root.children().filter(Node::is_element) {
            self.must(child.tag_name().namespace() == Some(NAMESPACE), "700", &child);
            match child.tag_name().name() {
                "vocabulary" => self.vocabulary(&child),
                "info" => self.info(&child),
                "emotion" => {}
                _ => self.must(false, "103 to 105", &child),
            }
        }
        for emotion in root.children().filter(|child| child.has_tag_name((NAMESPACE, "emotion"))) {
            self.emotion(&emotion, &root);
        }
        self.faults
    }

    fn vocabulary(&mut self, vocabulary: &Node<'a, 'a>) {
        let kinds = ["category", "dimension", "action-tendency", "appraisal"];
        let kind = vocabulary.attribute("type").unwrap_or_default();
        self.must(kinds.contains(&kind), "602, 603", vocabulary);
        self.must(vocabulary.has_attribute("id"), "604", vocabulary);
        self.id(vocabulary, "605");
        self.must(count(vocabulary, "item") >= 1, "600", vocabulary);
        let mut names = HashSet::new();
        for item in vocabulary.children().filter(|child| child.has_tag_name((NAMESPACE, "item"))) {
            let name = item.attribute("name").unwrap_or_default();
            self.must(is_token(name), "607", &item);
            self.must(names.insert(name), "608", &item);
        }
        if let Some(id) = vocabulary.attribute("id") {
            self.vocabularies.insert(format!("#{id}"), (kind, names));
        }
    }

    fn emotion(&mut self, emotion: &Node<'a, 'a>, root: &Node<'a, 'a>) {
        let sets = ["category-set", "dimension-set", "appraisal-set", "action-tendency-set"];
        let times = ["start", "end", "duration", "time-ref-uri", "time-ref-anchor-point", "offset-to-start"];
        self.only(emotion, &[&sets[..], &times, &["version", "id", "expressed-through"]].concat());
        self.id(emotion, "174");
        let through = emotion.attribute("expressed-through");
        self.must(through.is_none_or(|text| text.split(' ').all(is_token)), "301", emotion);
        for (attribute, rule) in [("start", "420"), ("end", "421"), ("duration", "422")] {
            self.must(emotion.attribute(attribute).is_none_or(|n| n.parse::<u64>().is_ok()), rule, emotion);
        }
        self.must(emotion.attribute("time-ref-uri").is_none_or(is_reference), "423", emotion);
        self.must(emotion.attribute("offset-to-start").is_none_or(|n| n.parse::<i64>().is_ok()), "425", emotion);
        self.must(count(emotion, "info") <= 1, "155", emotion);

        let mut held = HashSet::new();
        for child in emotion.children().filter(Node::is_element) {
            self.must(child.tag_name().namespace() == Some(NAMESPACE), "700", &child);
            match child.tag_name().name() {
                kind @ ("category" | "dimension") => {
                    let name = child.attribute("name").unwrap_or_default();
                    self.must(held.insert((kind, name)), "213, 223", &child);
                    let set = format!("{kind}-set");
                    let set = emotion.attribute(&*set).or_else(|| root.attribute(&*set));
                    self.must(set.is_some_and(|set| self.knows(set, kind, name)), "212, 222", &child);
                    self.only(&child, &["name", "value", "confidence"]);
                    self.must(kind == "category" || child.has_attribute("value"), "224", &child);
                    self.scale(&child, "value", "500");
                    self.scale(&child, "confidence", "300");
                }
                "reference" => {
                    self.only(&child, &["uri", "role", "media-type"]);
                    self.must(child.attribute("uri").is_some_and(is_reference), "410, 411", &child);
                    let roles = ["expressedBy", "experiencedBy", "triggeredBy", "targetedAt"];
                    self.must(child.attribute("role").is_none_or(|role| roles.contains(&role)), "414", &child);
                }
                "info" => self.info(&child),
                _ => self.must(false, "150 to 155", &child),
            }
        }
        self.must(!held.is_empty(), "156", emotion);
    }

    fn info(&mut self, info: &Node<'a, 'a>) {
        let foreign = info.descendants().skip(1).filter(Node::is_element);
        let own = foreign.filter(|node| node.tag_name().namespace() == Some(NAMESPACE)).count();
        self.must(own == 0, "304", info);
    }

    fn knows(&self, set: &str, kind: &str, name: &str) -> bool {
        let declared = self.vocabularies.get(set).is_some_and(|(its, names)| *its == kind && names.contains(name));
        let known = set.strip_prefix(W3C).and_then(|id| KNOWN.iter().find(|(known, ..)| *known == id));
        declared || known.is_some_and(|(_, its, names)| *its == kind && names.contains(&name))
    }

    fn id(&mut self, node: &Node<'a, 'a>, rule: &str) {
        let Some(id) = node.attribute("id") else { return };
        let starts_well = id.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let fresh = self.ids.insert(id);
        self.must(is_token(id) && starts_well && fresh, rule, node);
    }

    fn scale(&mut self, node: &Node<'a, 'a>, attribute: &str, rule: &str) {
        let within = |text: &str| text.parse::<f32>().is_ok_and(|value| (0.0..=1.0).contains(&value));
        self.must(node.attribute(attribute).is_none_or(within), rule, node);
    }

    fn only(&mut self, node: &Node<'a, 'a>, known: &[&str]) {
        let unknown = node.attributes().find(|attribute| !known.contains(&attribute.name()));
        self.must(unknown.is_none(), "an attribute that is none of the schema's", node);
    }

    fn must(&mut self, holds: bool, rule: &str, node: &Node<'a, 'a>) {
        if !holds {
            self.faults.push(format!("{rule}: {}", &node.document().input_text()[node.range()]));
        }
    }
}

fn count(node: &Node<'_, '_>, name: &str) -> usize {
    node.children().filter(|child| child.has_tag_name((NAMESPACE, name))).count()
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || ".-_:".contains(c))
}

/// A URI, or a reference relative to one: no other characters than those of RFC 3986, and whole percent-encodings.
fn is_reference(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    let encoded = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    !text.is_empty()
        && text.chars().all(allowed)
        && text.matches('#').count() <= 1
        && text.split('%').skip(1).all(encoded)
}

/// A valid document with one emotion.
const VALID: &str = r##"<emotionml xmlns="http://www.w3.org/2009/10/emotionml" version="1.0">
<vocabulary type="category" id="own"><item name="calm"/></vocabulary>
<emotion category-set="#own" start="5" expressed-through="face"><category name="calm" confidence="0.5"/></emotion>
</emotionml>"##;

#[test]
fn a_valid_document_has_no_faults() {
    assert_eq!(faults(VALID), Vec::<String>::new());
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let category = r#"<category name="calm" confidence="0.5"/>"#;
    for (rule, part, instead) in [
        ("not well-formed", "</emotion>", ""),
        ("102", "2009/10/emotionml", "2005/emotion"),
        ("111", r#"version="1.0""#, r#"version="2.0""#),
        ("604", r#" id="own""#, ""),
        ("605", r#"id="own""#, r#"id="1own""#),
        ("603", r#"type="category""#, r#"type="colour""#),
        ("600", r#"<item name="calm"/>"#, ""),
        ("608", r#"<item name="calm"/>"#, r#"<item name="calm"/><item name="calm"/>"#),
        ("156", category, ""),
        ("212", r#"category name="calm""#, r#"category name="anger""#),
        ("212", "#own", "http://www.w3.org/TR/emotion-voc/xml#big6"),
        ("213", category, &category.repeat(2)),
        ("224", category, r#"<dimension name="arousal"/>"#),
        ("300", "0.5", "1.5"),
        ("300", "0.5", "NaN"),
        ("301", r#"through="face""#, r#"through="a/b""#),
        ("304", category, &format!("{category}<info><reference/></info>")),
        ("411", category, &format!(r#"{category}<reference uri="a b.mp4"/>"#)),
        ("414", category, &format!(r#"{category}<reference uri="a.mp4" role="shown"/>"#)),
        ("420", r#"start="5""#, r#"start="-5""#),
        ("425", r#"start="5""#, r#"offset-to-start="1.5""#),
        ("none of the schema's", r#"start="5""#, r#"begin="5""#),
    ] {
        let found = faults(&VALID.replacen(part, instead, 1));
        assert!(found.iter().any(|fault| fault.contains(rule)), "{rule} for {instead}: {found:?}");
    }
}
