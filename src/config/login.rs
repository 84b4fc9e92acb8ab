//! The user name and password for the broker. The password stays in a file of its own until it is needed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::publish::{Credentials, Secret};

/// The longest password that is read, in bytes: what MQTT can carry.
const LONGEST: u64 = 65_535;

/// Who we are to the broker, the password still in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The file whose first line is the password; without one the password is empty.
    pub password_file: Option<PathBuf>,
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
    /// Reads the password: the file's first line without its line end.
    ///
    /// # Errors
    /// When the file cannot be read, is not UTF-8, or its first line is empty.
    pub fn credentials(&self) -> Result<Credentials, PasswordError> {
        let password = match &self.password_file {
            None => String::new(),
            Some(file) => {
                first_line(file).map_err(|reason| PasswordError::Unreadable { file: file.clone(), reason })?
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
        Login { user: "kiosk".to_owned(), password_file: Some(file) }.credentials()
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
        let login = Login { user: "kiosk".to_owned(), password_file: None };
        assert_eq!(login.credentials().unwrap().password, Secret::new(""));
    }
}
