//! The user name and password for the broker. The password stays in a file of its own until it is needed: one that the
//! configuration names, or a credential of the service, which systemd reads for it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::publish::{Credentials, Secret};

/// The name of the credential that holds the password.
pub(super) const CREDENTIAL: &str = "mqtt-password";

/// The longest password that is read, in bytes: what MQTT can carry.
const LONGEST: u64 = 65_535;

/// Who we are to the broker, the password still in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The file whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Where a credential would be that says the same; asked when there is no such file. Without it, too, the
    /// password is empty.
    pub credential: Option<PathBuf>,
}

/// Why there is no password.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// The file cannot be read.
    #[error("the password file {} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The file's first line is empty.
    #[error("the password file {} has an empty first line", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
}

impl Login {
    /// Where the password is read from, if anywhere.
    pub fn file(&self) -> Option<&Path> {
        // A service's unit may ask for a credential that nobody has stored.
        let credential = || self.credential.as_deref().filter(|file| file.exists());
        self.password_file.as_deref().or_else(credential)
    }

    /// Reads the password: the file's first line without its line end. A credential may be empty: units give it a
    /// default, so that the service starts without one.
    ///
    /// # Errors
    /// When the file cannot be read or is not UTF-8, or one that the configuration names has an empty first line.
    pub fn credentials(&self) -> Result<Credentials, PasswordError> {
        let password = match self.file() {
            None => String::new(),
            Some(file) => {
                first_line(file).map_err(|reason| PasswordError::Unreadable { file: file.to_owned(), reason })?
            }
        };
        match &self.password_file {
            Some(file) if password.is_empty() => Err(PasswordError::Empty { file: file.clone() }),
            _ => Ok(Credentials { user: self.user.clone(), password: Secret::new(password) }),
        }
    }
}

fn first_line(file: &Path) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(File::open(file)?.take(LONGEST)).read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(content: &[u8]) -> Result<Credentials, PasswordError> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        std::fs::write(&file, content).unwrap();
        Login { user: "kiosk".to_owned(), password_file: Some(file), credential: None }.credentials()
    }

    #[test]
    fn the_password_is_the_first_line_with_its_blanks() {
        for content in [&b" sword fish \r\nnote\n"[..], b" sword fish ", b" sword fish \n"] {
            assert_eq!(login(content).unwrap().password, Secret::new(" sword fish "));
        }
    }

    #[test]
    fn a_file_without_a_password_is_refused() {
        assert!(matches!(login(b"\nsword fish"), Err(PasswordError::Empty { .. })));
        assert!(matches!(login(b""), Err(PasswordError::Empty { .. })));
        assert!(matches!(login(b"\xff\xfe\n"), Err(PasswordError::Unreadable { .. })));
    }

    #[test]
    fn a_user_without_a_password_file_has_an_empty_password() {
        let login = Login { user: "kiosk".to_owned(), password_file: None, credential: None };
        assert_eq!(login.credentials().unwrap().password, Secret::new(""));
    }

    #[test]
    fn a_credential_is_the_password_where_no_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, content: &str| {
            let file = dir.path().join(name);
            std::fs::write(&file, content).unwrap();
            Some(file)
        };
        let password = |password_file, credential| {
            Login { user: "kiosk".to_owned(), password_file, credential }.credentials().unwrap().password
        };
        let stored = || put("mqtt-password", "swordfish\n");
        assert_eq!(password(None, stored()), Secret::new("swordfish"));
        assert_eq!(password(put("file", "haddock\n"), stored()), Secret::new("haddock"));
        assert_eq!(password(None, put("mqtt-password", "\n")), Secret::new(""));
        assert_eq!(password(None, Some(dir.path().join("not-stored"))), Secret::new(""));
    }
}
