//! SHA-256 of files, written as 64 lower-case hexadecimal digits.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Read at a time: large enough for the disk, small enough for a board.
const CHUNK: usize = 64 * 1024;

/// A SHA-256 sum.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Sum([u8; 32]);

impl Sha256Sum {
    /// The sum of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The sum and the length in bytes of what is left of a file, read piece by piece.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of_file(mut file: File) -> io::Result<(Self, u64)> {
        let (mut hasher, mut length) = (Sha256::new(), 0);
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk) {
                Ok(0) => return Ok((Self(hasher.finalize().into()), length)),
                Ok(n) => {
                    hasher.update(&chunk[..n]);
                    length += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Reads 64 lower-case hexadecimal digits; `None` when `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        let mut sum = [0; 32];
        if text.len() != 2 * sum.len() {
            return None;
        }
        for (byte, pair) in sum.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(sum))
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_sum_of_abc_is_the_standards_own() {
        assert_eq!(Sha256Sum::of(b"abc").to_string(), ABC);
        assert_eq!(Sha256Sum::parse(ABC), Some(Sha256Sum::of(b"abc")));
    }

    #[test]
    fn a_file_longer_than_a_chunk_has_the_sum_of_its_bytes() {
        let bytes: Vec<u8> = (0..CHUNK * 2 + 17).map(|i| i as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        assert_eq!(
            Sha256Sum::of_file(File::open(file.path()).unwrap()).unwrap(),
            (Sha256Sum::of(&bytes), bytes.len() as u64)
        );
    }

    #[test]
    fn only_sixty_four_lower_case_digits_are_a_sum() {
        for bad in ["", &ABC[1..], &ABC.to_uppercase(), &ABC.replace('a', "g"), &format!("{ABC}0")] {
            assert_eq!(Sha256Sum::parse(bad), None, "{bad}");
        }
    }
}
