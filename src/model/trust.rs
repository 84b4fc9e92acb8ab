//! Whose packs are trusted: minisign signatures (Ed25519) of `pack.toml`.
//!
//! `pack.toml` holds the SHA-256 of every other file that is used, so signing it signs the whole pack. The
//! signature stands beside it, as `minisign -Sm pack.toml` writes it. The bytes that are verified are the
//! very bytes that are then parsed; nothing is read twice.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use minisign_verify::{Error, PublicKey, Signature};

use super::error::Problem;
use super::file::read_bounded;

/// The name of the signature's file.
pub const FILE: &str = "pack.toml.minisig";

/// The most that is read of it, in bytes: minisign writes some 300, with a long comment up to 8 KiB.
const LARGEST: u64 = 16 * 1024;

/// The number of a key pair, written as minisign writes it: sixteen hexadecimal digits. It tells keys apart
/// and proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(u64);

impl KeyId {
    /// The number in a line of base64 that begins with an algorithm of two bytes, as keys and signatures do.
    fn of_line(line: &str) -> Option<Self> {
        // Sixteen letters are twelve bytes: the algorithm, the number, and two of what follows.
        let letters = line.trim_end().as_bytes().get(..16)?;
        let bits = letters.iter().try_fold(0_u128, |bits, &letter| Some(bits << 6 | u128::from(six_bits(letter)?)))?;
        Some(Self(((bits >> 16) as u64).swap_bytes()))
    }

    /// The number in the text of a signature's file.
    fn of_signature(text: &str) -> Option<Self> {
        Self::of_line(text.lines().nth(1)?)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

/// What a letter of base64 stands for.
fn six_bits(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// A public key whose signatures are trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedKey {
    key: PublicKey,
    id: KeyId,
    text: String,
}

impl TrustedKey {
    /// Reads the key line of a `minisign.pub`: 56 letters of base64. `None` when `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, id) = (PublicKey::from_base64(text).ok()?, KeyId::of_line(text)?);
        Some(Self { key, id, text: text.to_owned() })
    }

    /// The key line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key pair's number.
    pub fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedKey({})", self.text)
    }
}

/// Whom a configuration trusts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// A signature must be by one of these; when there are none, signatures are not checked.
    pub keys: Vec<TrustedKey>,
    /// Whether a pack without a signature is refused.
    pub required: bool,
}

/// What is known of a pack's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// It is there and right, by this key.
    By(KeyId),
    /// There is none.
    Not,
    /// There is one, and no key to check it with.
    Unchecked,
}

/// Why a signature, or the lack of one, is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// There is none.
    Missing,
    /// The file is not a signature of minisign.
    Garbled,
    /// It is of the kind that minisign wrote before 2021, and writes with -l: not of a hash.
    Legacy,
    /// It is by a key that is not trusted.
    Stranger(Option<KeyId>),
    /// It is by a trusted key, and of other bytes or with another trusted comment.
    Forged(KeyId),
}

impl Distrust {
    /// What to do about it.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::Missing | Self::Garbled => {
                "sign it with `minisign -Sm pack.toml` in its folder, by a key that models.trusted_keys lists"
            }
            Self::Legacy => "sign it anew with a minisign of today and without -l",
            Self::Stranger(_) => {
                "get the pack from whom you trust, or add the signer's public key to models.trusted_keys"
            }
            Self::Forged(_) => "do not use it: get the pack anew, or sign it anew if the change is yours",
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "{FILE} is missing, and models.require_signature is true"),
            Self::Garbled => write!(f, "{FILE} is not a signature of minisign"),
            Self::Legacy => write!(f, "{FILE} is a signature of the old kind, not of a hash"),
            Self::Stranger(Some(key)) => write!(f, "{FILE} is by the key {key}, which is not trusted"),
            Self::Stranger(None) => write!(f, "{FILE} is by a key that is not trusted"),
            Self::Forged(key) => write!(f, "{FILE} names the key {key}, and is no signature by it of this pack.toml"),
        }
    }
}

impl Trust {
    /// Judges the bytes of a manifest by the signature beside it in the folder `dir`.
    ///
    /// # Errors
    /// When the signature is not right, cannot be read, or is needed and missing.
    pub(super) fn judge(&self, manifest: &[u8], dir: &Path) -> Result<Signed, Problem> {
        let refuse = |why| Problem::Distrusted { why, trusted: self.keys.iter().map(TrustedKey::id).collect() };
        let path = dir.join(FILE);
        if self.keys.is_empty() && !self.required {
            let there = fs::symlink_metadata(&path).is_ok();
            return Ok(if there { Signed::Unchecked } else { Signed::Not });
        }
        match read_bounded(&path, LARGEST) {
            Ok(bytes) => self.verify(manifest, &bytes).map(Signed::By).map_err(refuse),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.required {
                true => Err(refuse(Distrust::Missing)),
                false => Ok(Signed::Not),
            },
            Err(reason) => Err(Problem::Unreadable { file: FILE.into(), reason }),
        }
    }

    /// The trusted key that signed the bytes of a manifest and the comment in the signature.
    fn verify(&self, manifest: &[u8], signature: &[u8]) -> Result<KeyId, Distrust> {
        let text = std::str::from_utf8(signature).map_err(|_| Distrust::Garbled)?;
        let signature = Signature::decode(text).map_err(|_| Distrust::Garbled)?;
        let mut failed = Distrust::Stranger(KeyId::of_signature(text));
        for TrustedKey { key, id, .. } in &self.keys {
            match key.verify(manifest, &signature, false) {
                Ok(()) => return Ok(*id),
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::UnexpectedAlgorithm) => failed = Distrust::Legacy,
                Err(_) => failed = Distrust::Forged(*id),
            }
        }
        Err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // From the manual of minisign.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn a_key_has_the_number_that_minisign_gives_it() {
        assert_eq!(TrustedKey::parse(KEY).unwrap().id().to_string(), "E7620F1842B4E81F");
    }

    #[test]
    fn what_is_no_key_is_none() {
        let with_comment = format!("untrusted comment: minisign public key\n{KEY}");
        for bad in ["", "RW", &KEY[1..], &KEY[..55], &KEY.replace("RWQ", "RRQ"), &format!("{KEY}A"), &with_comment] {
            assert_eq!(TrustedKey::parse(bad), None, "{bad}");
        }
    }
}
