//! Whom to trust, and who we are: the TLS side of a connection.
//!
//! Trusted are the certificate authorities of the system, or those of a file; of these again only some keys, when there
//! are pins. TLS 1.2 or 1.3, the broker's certificate always checked against its name.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::pin::Pinned;
use crate::publish::PublishError;
use crate::publish::settings::{ClientIdentity, PublishSettings};

/// The TLS side of a connection.
pub(super) fn client_config(settings: &PublishSettings) -> Result<Arc<ClientConfig>, PublishError> {
    let authorities = match &settings.ca_file {
        Some(path) => of_file(path)?,
        None => of_the_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Pinned::new(authorities, &settings.pinned_keys, &provider).map_err(failed)?;
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        // The verifier is the usual one; it compares the pins besides.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Ok(Arc::new(match &settings.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let (chain, key) = read(client)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| unusable(&client.key, &error))?
        }
    }))
}

/// Tries whether certificate and key can be used, and belong together.
///
/// # Errors
/// When they cannot; says which file is at fault.
pub fn client_identity(client: &ClientIdentity) -> Result<(), PublishError> {
    let (chain, key) = read(client)?;
    let provider: CryptoProvider = rustls::crypto::ring::default_provider();
    rustls::sign::CertifiedKey::from_der(chain, key, &provider).map(drop).map_err(|error| unusable(&client.key, &error))
}

/// Whether everyone on this device may read a file.
pub(super) fn others_may_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

fn failed(reason: String) -> PublishError {
    PublishError::Tls { reason }
}

fn read(client: &ClientIdentity) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), PublishError> {
    let refused =
        |path: &Path, reason: String| PublishError::ClientIdentity { path: path.display().to_string(), reason };
    let certificate = |error: pem::Error| refused(&client.certificate, format!("{error}; give a PEM file"));
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&client.certificate).map_err(certificate)?.collect();
    let chain = chain.map_err(certificate)?;
    if chain.is_empty() {
        let reason = "there is no CERTIFICATE in it; give a PEM file with the device's certificate";
        return Err(refused(&client.certificate, reason.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&client.key).map_err(|error| {
        let reason = match error {
            pem::Error::NoItemsFound => {
                "there is no PRIVATE KEY in it; give a PEM file with the key, not encrypted".to_owned()
            }
            error => format!("{error}; give a PEM file with the key, readable for affectd"),
        };
        refused(&client.key, reason)
    })?;
    Ok((chain, key))
}

fn unusable(key: &Path, error: &rustls::Error) -> PublishError {
    let reason = match error {
        rustls::Error::InconsistentKeys(_) => "it is not the key of the certificate; give the two that belong together",
        _ => "its kind is not known; give an ECDSA (P-256, P-384), Ed25519 or RSA key and its certificate",
    };
    PublishError::ClientIdentity { path: key.display().to_string(), reason: reason.to_owned() }
}

fn of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, PublishError> {
    let refused = |reason: String| PublishError::CaFile { path: path.display().to_string(), reason };
    let mut authorities = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))? {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        RootCertStore::empty().add(certificate.clone()).map_err(|error| refused(error.to_string()))?;
        authorities.push(certificate);
    }
    match authorities.is_empty() {
        true => Err(refused("there is no certificate in it".to_owned())),
        false => Ok(authorities),
    }
}

fn of_the_system() -> Result<Vec<CertificateDer<'static>>, PublishError> {
    let found = rustls_native_certs::load_native_certs();
    match found.certs.is_empty() {
        false => Ok(found.certs),
        true => {
            let reason = found.errors.first().map_or_else(|| "none were found".to_owned(), ToString::to_string);
            Err(PublishError::NoAuthorities { reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls_directory() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls"))
    }

    fn refused(settings: &PublishSettings) -> String {
        client_config(settings).unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let settings = PublishSettings { ca_file: Some(path.clone()), ..PublishSettings::default() };
        for text in
            [None, Some("no certificate"), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
        {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let error = refused(&settings);
            assert!(error.contains("ca.pem") && error.contains("PEM"), "{error}");
        }
    }

    #[test]
    fn a_certificate_and_a_key_that_do_not_serve_are_refused_with_the_file_and_the_remedy() {
        let with = |certificate: &str, key: &str| {
            let file = |name: &str| tls_directory().join(name);
            let client = ClientIdentity { certificate: file(certificate), key: file(key) };
            let trust = PublishSettings { ca_file: Some(file("ca.pem")), ..PublishSettings::default() };
            assert_eq!(
                client_identity(&client).map_err(|error| error.to_string()),
                client_config(&PublishSettings { client: Some(client.clone()), ..trust.clone() })
                    .map(drop)
                    .map_err(|error| error.to_string())
            );
            client_config(&PublishSettings { client: Some(client), ..trust }).map_err(|error| error.to_string())
        };
        assert!(with("client.pem", "client.key").is_ok());
        for (certificate, key, file, remedy) in [
            ("client.key", "client.key", "client.key", "CERTIFICATE"),
            ("client.pem", "client.pem", "client.pem", "not encrypted"),
            ("client.pem", "server.key", "server.key", "belong together"),
            ("none.pem", "client.key", "none.pem", "PEM"),
            ("client.pem", "none.key", "none.key", "readable for affectd"),
        ] {
            let error = with(certificate, key).unwrap_err();
            assert!(error.contains(file) && error.contains(remedy), "{error}");
        }
    }
}
