//! The fingerprint of a public key: what a pinned broker is known by.

use std::fmt;

use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;

use crate::model::digest::Sha256Sum;

/// The SHA-256 of a certificate's public key, with its algorithm, as it stands in the certificate (the DER of
/// SubjectPublicKeyInfo, RFC 5280, 4.1). It stays the same when the certificate is renewed for the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFingerprint(Sha256Sum);

impl KeyFingerprint {
    /// Reads 64 hexadecimal digits of either case, with or without colons between pairs; `None` when `text` is
    /// anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let pairs = || text.split(':');
        let digits = match text.contains(':') {
            true if pairs().all(|pair| pair.len() == 2) => pairs().collect(),
            true => return None,
            false => text.to_owned(),
        };
        Sha256Sum::parse(&digits.to_ascii_lowercase()).map(Self)
    }

    /// The fingerprint of a certificate's key; `None` when it is no certificate (X.509, version 3).
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        Some(Self(Sha256Sum::of(&parsed.subject_public_key_info())))
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_openssl_and_as_sha256sum_write_it() {
        let plain = "0123456789abcdef".repeat(4);
        let colons: Vec<_> =
            plain.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase()).collect();
        let colons = colons.join(":");
        assert_eq!(KeyFingerprint::parse(&colons).unwrap().to_string(), plain);
        assert_eq!(KeyFingerprint::parse(&plain), KeyFingerprint::parse(&colons));
        for bad in ["", &plain[1..], &colons[1..], &format!("{plain}:"), &colons.replace(':', " "), &"é".repeat(32)] {
            assert_eq!(KeyFingerprint::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_fingerprint_of_a_certificate_is_what_openssl_computes() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls");
        let certificate = CertificateDer::from_pem_file(format!("{directory}/server.pem")).unwrap();
        // By make.sh: openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum
        let computed = std::fs::read_to_string(format!("{directory}/server.sha256")).unwrap();
        assert_eq!(KeyFingerprint::of(&certificate).unwrap().to_string(), computed.trim());
        assert_eq!(KeyFingerprint::of(&CertificateDer::from(vec![0; 40])), None);
    }
}
