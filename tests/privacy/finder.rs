//! Finds pictures and sound in what should hold none: raw, in an encoding, as numbers, or by being too dense for text.
//!
//! It knows the secret: what the camera saw and the microphone heard, byte by byte. Any run of it is found, however it
//! was written. What was made of it in a way that nobody thought of shows by its density, or by the first bytes of a
//! format.

use std::collections::HashSet;

/// So many bytes of the secret in a row are no coincidence, if they are not all alike.
const RUN: usize = 12;

/// So many of them must differ.
const DIFFERENT: usize = 8;

/// No word, path or number is longer, in characters without a separator.
const LONGEST_WORD: usize = 256;

/// How many bytes are looked at for their density, and how many bits each may tell: random bytes tell 7.2 there, text
/// less than 6.
const BLOCK: usize = 256;
const DENSE: f64 = 6.8;

/// How files of pictures, sound and compressed data begin. Three bytes would now and then be found by chance, among the
/// sums and ids in the outbox.
const FORMATS: [(&str, &[u8]); 17] = [
    ("JPEG", b"\xff\xd8\xff\xe0"),
    ("JPEG", b"\xff\xd8\xff\xe1"),
    ("JPEG", b"\xff\xd8\xff\xdb"),
    ("JPEG", b"\xff\xd8\xff\xc0"),
    ("JPEG", b"\xff\xd8\xff\xfe"),
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("GIF", b"GIF89a"),
    ("WAV", b"WAVEfmt "),
    ("WebP", b"WEBPVP8"),
    ("Ogg", b"OggS\x00"),
    ("FLAC", b"fLaC\x00"),
    ("Matroska", b"\x1a\x45\xdf\xa3"),
    ("Y4M", b"YUV4MPEG2 "),
    ("NumPy", b"\x93NUMPY"),
    ("gzip", b"\x1f\x8b\x08\x00"),
    ("gzip", b"\x1f\x8b\x08\x08"),
    ("Zstandard", b"\x28\xb5\x2f\xfd"),
];

/// Knows what must not be found.
pub struct Finder {
    runs: HashSet<[u8; RUN]>,
}

impl Finder {
    /// Looks for any run of these.
    pub fn of(secrets: &[Vec<u8>]) -> Self {
        let runs = secrets.iter().flat_map(|secret| secret.windows(RUN)).map(|run| run.try_into().unwrap());
        let telling = |run: &[u8; RUN]| run.iter().collect::<HashSet<_>>().len() >= DIFFERENT;
        Self { runs: runs.filter(telling).collect() }
    }

    /// What is in there that should not be, in words.
    pub fn search(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        let mut note = |how: &str, what: Option<String>| found.extend(what.map(|what| format!("{how}: {what}")));
        note("raw", self.secret(bytes).or(format_of(bytes)));
        for word in bytes.split(|byte| !is_of_word(*byte)).filter(|word| word.len() >= RUN) {
            let text = String::from_utf8_lossy(&word[..word.len().min(40)]).into_owned();
            note("a long word", (word.len() > LONGEST_WORD).then(|| format!("{text}… of {} characters", word.len())));
            for skipped in 0..4.min(word.len()) {
                note("base64", self.secret(&base64(&word[skipped..])));
            }
            for skipped in 0..2 {
                note("hexadecimal", self.secret(&hexadecimal(&word[skipped..])));
            }
        }
        for numbers in lists(bytes) {
            for (how, scale, offset) in [("bytes", 1.0, 0.0), ("0 to 1", 255.0, 0.0), ("-1 to 1", 127.5, 127.5)] {
                let bytes: Vec<u8> =
                    numbers.iter().map(|n| (n * scale + offset).round().clamp(0.0, 255.0) as u8).collect();
                note(&format!("numbers, {how}"), self.secret(&bytes));
            }
            let samples = numbers.iter().map(|n| (n * 32_768.0).round() as i16);
            note("numbers, sound", self.secret(&samples.flat_map(i16::to_le_bytes).collect::<Vec<_>>()));
            let samples = numbers.iter().map(|n| *n as i16);
            note("numbers, samples", self.secret(&samples.flat_map(i16::to_le_bytes).collect::<Vec<_>>()));
        }
        let dense = bytes.windows(BLOCK).step_by(BLOCK / 4).position(|block| bits(block) > DENSE);
        note("dense", dense.map(|at| format!("from byte {}", at * BLOCK / 4)));
        found.truncate(5);
        found
    }

    fn secret(&self, bytes: &[u8]) -> Option<String> {
        let at = bytes.windows(RUN).position(|run| self.runs.contains(run))?;
        Some(format!("byte {at} of {}", bytes.len()))
    }
}

fn format_of(bytes: &[u8]) -> Option<String> {
    let is_in = |magic: &[u8]| bytes.windows(magic.len()).any(|window| window == magic);
    FORMATS.iter().find(|(_, magic)| is_in(magic)).map(|(name, _)| format!("the beginning of a {name}"))
}

/// The characters of base64, for files and for addresses, and of hexadecimal numbers.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

fn base64(word: &[u8]) -> Vec<u8> {
    let six = word.iter().map_while(|byte| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        })
    });
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for six in six {
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

fn hexadecimal(word: &[u8]) -> Vec<u8> {
    let digits: Vec<_> = word.iter().map_while(|byte| (*byte as char).to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Lists of numbers: as many as a run has or more, with nothing but separators between them.
fn lists(bytes: &[u8]) -> Vec<Vec<f32>> {
    let is_of_list = |byte: &u8| byte.is_ascii_digit() || b".,-+eE \n\t".contains(byte);
    let lists = bytes.split(|byte| !is_of_list(byte)).map(|list| {
        let texts = list.split(|byte| b", \n\t".contains(byte)).filter_map(|text| std::str::from_utf8(text).ok());
        texts.filter_map(|text| text.parse::<f32>().ok()).filter(|number| number.is_finite()).collect::<Vec<_>>()
    });
    lists.filter(|list| list.len() >= RUN / 2).collect()
}

/// How many bits a byte of the block tells.
fn bits(block: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    block.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / block.len() as f64);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}
