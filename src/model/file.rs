//! Reading files that come from outside: ordinary files only, and no more of them than is expected.
//!
//! A pack may be half copied, or put there by somebody else. What is read of it has a bound, so that neither
//! a pipe nor a file of any size can hold up the program or fill its memory.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Opens an ordinary file, or a link to one, of at most `most` bytes.
///
/// # Errors
/// When it cannot be opened, is no ordinary file, or is larger.
pub(super) fn open_bounded(path: &Path, most: u64) -> io::Result<File> {
    // Asked before it is opened: opening a pipe waits until somebody writes.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not an ordinary file"));
    }
    if metadata.len() > most {
        return Err(too_large(most));
    }
    File::open(path)
}

/// Reads an ordinary file, or a link to one, of at most `most` bytes.
///
/// # Errors
/// As [`open_bounded`], and when it cannot be read or grows meanwhile.
pub(super) fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_bounded(path, most)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most} bytes, the most that is read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_bound_and_not_beyond() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), [7; 10]).unwrap();
        assert_eq!(read_bounded(file.path(), 10).unwrap(), [7; 10]);
        assert_eq!(read_bounded(file.path(), 9).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_is_no_ordinary_file_is_not_even_opened() {
        for path in ["/dev/zero", "/"] {
            assert_eq!(read_bounded(Path::new(path), 10).unwrap_err().kind(), ErrorKind::InvalidInput, "{path}");
        }
    }
}
