//! A broker that is known by its key: the usual check of its certificate, and then that of the key.
//!
//! A pin narrows trust and never widens it. Either the certificate leads to an authority whose key is pinned, or it leads
//! to any that is trusted and its own key is pinned. The certificates that a broker sends along are not looked at: it
//! could send any.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use thiserror::Error as ErrorMessage;

use crate::publish::KeyFingerprint;

/// The broker's certificate is good and its key is not the one that was pinned.
#[derive(Debug, ErrorMessage)]
#[error("its public key is {found}, which is not pinned, and no authority that it leads to is")]
pub(super) struct NotPinned {
    /// The fingerprint of the certificate's key.
    pub found: KeyFingerprint,
}

/// Checks certificates against authorities and pins.
#[derive(Debug)]
pub(super) struct Pinned {
    /// All who are trusted.
    any: Arc<WebPkiServerVerifier>,
    /// Those of them whose key is pinned, if any is.
    pinned: Option<Arc<WebPkiServerVerifier>>,
    pins: Vec<KeyFingerprint>,
}

impl Pinned {
    /// Trusts `authorities`, and with `pins` no more than these.
    ///
    /// # Errors
    /// When no authority can be used; says why.
    pub fn new(
        authorities: Vec<CertificateDer<'static>>,
        pins: &[KeyFingerprint],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let is_pinned = |authority: &CertificateDer<'_>| {
            KeyFingerprint::of(authority).is_some_and(|fingerprint| pins.contains(&fingerprint))
        };
        let pinned: Vec<_> = authorities.iter().filter(|authority| is_pinned(authority)).cloned().collect();
        let pinned = if pinned.is_empty() { None } else { Some(verifier(pinned, provider)?) };
        Ok(Self { any: verifier(authorities, provider)?, pinned, pins: pins.to_vec() })
    }
}

fn verifier(
    authorities: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    // A system's store may hold a certificate of an odd kind; the others still serve.
    roots.add_parsable_certificates(authorities);
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| error.to_string())
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let good = self.any.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        if self.pins.is_empty() {
            return Ok(good);
        }
        let by_pinned = |verifier: &Arc<WebPkiServerVerifier>| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).is_ok()
        };
        // What was verified has a key.
        let found = KeyFingerprint::of(end_entity).ok_or(CertificateError::BadEncoding)?;
        if self.pins.contains(&found) || self.pinned.as_ref().is_some_and(by_pinned) {
            return Ok(good);
        }
        Err(CertificateError::Other(OtherError(Arc::new(NotPinned { found }))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.any.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.any.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.any.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;

    fn certificate(name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(format!("{}/tests/support/tls/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn fingerprint(name: &str) -> KeyFingerprint {
        KeyFingerprint::of(&certificate(name)).unwrap()
    }

    /// What is said of the broker "localhost" by someone who trusts `authorities` and pins `pins`.
    fn verdict(authorities: &[&str], pins: &[KeyFingerprint], sent_along: &[&str]) -> Result<(), String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let authorities = authorities.iter().map(|name| certificate(name)).collect();
        let sent_along: Vec<_> = sent_along.iter().map(|name| certificate(name)).collect();
        let (broker, name) = (certificate("server.pem"), ServerName::try_from("localhost").unwrap());
        let verifier = Pinned::new(authorities, pins, &provider).unwrap();
        let said = verifier.verify_server_cert(&broker, &sent_along, &name, &[], UnixTime::now());
        said.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn a_broker_is_let_pass_by_its_own_key_or_by_that_of_its_authority() {
        let both = ["ca.pem", "stranger.pem"];
        assert_eq!(verdict(&both, &[], &[]), Ok(()));
        assert_eq!(verdict(&both, &[fingerprint("server.pem")], &[]), Ok(()));
        assert_eq!(verdict(&both, &[fingerprint("stranger.pem"), fingerprint("ca.pem")], &[]), Ok(()));
    }

    #[test]
    fn another_key_is_refused_though_its_certificate_is_good_and_the_pinned_one_is_sent_along() {
        let both = ["ca.pem", "stranger.pem"];
        for sent_along in [&[][..], &["stranger.pem"], &["client.pem"]] {
            let pins = [fingerprint("stranger.pem"), fingerprint("client.pem")];
            let said = verdict(&both, &pins, sent_along).unwrap_err();
            assert!(said.contains(&fingerprint("server.pem").to_string()), "{said}");
        }
    }

    #[test]
    fn a_pin_trusts_nobody_whose_certificate_is_not_trusted() {
        let said = verdict(&["stranger.pem"], &[fingerprint("server.pem"), fingerprint("ca.pem")], &[]).unwrap_err();
        assert!(said.contains("UnknownIssuer"), "{said}");
    }
}
