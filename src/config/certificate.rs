//! The certificate that shows the broker who this device is, and its key: files that the configuration names, or
//! credentials of the service, which systemd reads for it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::publish::ClientIdentity;

/// The name of the credential that holds the certificate.
pub(super) const CERTIFICATE: &str = "mqtt-client-cert";
/// The name of the credential that holds its key.
pub(super) const KEY: &str = "mqtt-client-key";

/// Where the certificate and its key would be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// The files that the configuration names.
    pub files: Option<(PathBuf, PathBuf)>,
    /// Where credentials would be that say the same; asked when no files are named.
    pub credentials: Option<(PathBuf, PathBuf)>,
}

impl Certificate {
    /// The files to read, if there are any. A credential may be empty: units give it a default, so that the service
    /// starts without one.
    pub fn identity(&self) -> Option<ClientIdentity> {
        let stored = || self.credentials.clone().filter(|(certificate, key)| holds(certificate) || holds(key));
        let (certificate, key) = self.files.clone().or_else(stored)?;
        Some(ClientIdentity { certificate, key })
    }
}

/// Whether there is more than a line end in a file.
fn holds(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_count_where_no_files_are_named_and_something_is_in_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let credentials = Some((path(CERTIFICATE), path(KEY)));
        let stored = Certificate { files: None, credentials: credentials.clone() };
        assert_eq!(stored.identity(), None);
        fs::write(path(CERTIFICATE), "\n").unwrap();
        fs::write(path(KEY), "\n").unwrap();
        assert_eq!(stored.identity(), None);
        // One of the two is a mistake, which is told when it is read.
        fs::write(path(KEY), "-----BEGIN PRIVATE KEY-----\n").unwrap();
        assert_eq!(stored.identity(), Some(ClientIdentity { certificate: path(CERTIFICATE), key: path(KEY) }));
        let named = Certificate { files: Some((path("a"), path("b"))), credentials };
        assert_eq!(named.identity(), Some(ClientIdentity { certificate: path("a"), key: path("b") }));
    }
}
