//! The file: one redb table from keys to records. What redb cannot open any more is set aside, and the letters in it are
//! looked for.
//!
//! redb writes whole pages beside those that hold, and makes them hold with one byte, so a power cut leaves what was
//! committed before. When the file is opened every page is checked against its sum; what passes that is checked
//! again, record by record, by [`record::decode`](super::record::decode).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageBackend, TableDefinition, TableError};
use rustix::io::Errno;
use thiserror::Error;

use super::queue::KEYS;

/// The name of the file in its folder.
pub const FILE: &str = "outbox.redb";

/// The name under which a damaged file is set aside, to be searched for letters.
const UNSEARCHED: &str = "outbox.unsearched.redb";

/// The name under which a damaged file is kept when it has been searched. A later one takes its place.
pub const DAMAGED: &str = "outbox.damaged.redb";

/// How many times as large as its records a file may become; see the test.
pub const GROWTH: u64 = 2;

const LETTERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("letters");

/// Pages that redb may keep in memory, in bytes. What is read is read once.
const CACHE: usize = 256 << 10;

/// Why letters cannot be kept on the disk.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody else has the file open.
    #[error("{path} is held by another affectd; give each its own folder as outbox.dir")]
    Held {
        /// The file.
        path: PathBuf,
    },
    /// The disk does not do as it is told.
    #[error("{path}: {error}; {}", remedy(error))]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// What the file holds is damaged.
    #[error("{path} is damaged ({reason})")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What redb says.
        reason: String,
    },
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "make room on that disk"
        }
        io::ErrorKind::ReadOnlyFilesystem => "mount that disk for writing, or name another folder as outbox.dir",
        io::ErrorKind::PermissionDenied => "let the user that affectd runs as write there",
        _ => "see `dmesg`, or name another folder as outbox.dir",
    }
}

/// An open file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// Taken out, and forgotten, when redb panics.
    database: Option<Database>,
}

impl Store {
    /// Opens the file in `folder`, or begins one, and shows every record in it, in the order of keys.
    ///
    /// # Errors
    /// When another process has it, the disk does not work, or the file is damaged.
    pub fn open(folder: &Path, seen: impl FnMut(u64, &[u8])) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let disk = |error| StoreError::Disk { path: folder.to_owned(), error };
        DirBuilder::new().recursive(true).mode(0o750).create(folder).map_err(disk)?;
        let disk = |error| StoreError::Disk { path: path.clone(), error };
        let mut options = OpenOptions::new();
        let file: File =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(disk)?;
        let backend = FileBackend::new(file).map_err(|error| of_database(&path, error))?;
        Self::with_backend(&path, backend, seen)
    }

    /// The same with the bytes wherever `backend` has them.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub(super) fn with_backend(
        path: &Path,
        backend: impl StorageBackend,
        mut seen: impl FnMut(u64, &[u8]),
    ) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let database = guarded(&path, || {
            let open = Builder::new()
                .set_cache_size(CACHE)
                .set_check_integrity_on_open(true)
                .create_with_backend(backend)
                .map_err(|error| of_database(&path, error))?;
            show_all(&open, &mut seen).map_err(|error| of_any(&path, error))?;
            Ok(open)
        })?;
        Ok(Self { path, database: Some(database) })
    }

    /// The records under `keys`; those that are not there are left out.
    ///
    /// # Errors
    /// When the disk does not work or the file is damaged.
    pub fn read(&mut self, keys: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.attempt(|database| {
            let table = database.begin_read()?.open_table(LETTERS)?;
            let mut records = Vec::with_capacity(keys.len());
            for &key in keys {
                if let Some(record) = redb::ReadableTable::get(&table, key)? {
                    records.push((key, record.value().to_owned()));
                }
            }
            Ok(records)
        })
    }

    /// Writes and removes records, all or none, and waits until the disk has them.
    ///
    /// # Errors
    /// When the disk does not work or the file is damaged; then the store is of no use any more.
    pub fn commit(&mut self, insert: &[(u64, Vec<u8>)], remove: &[u64]) -> Result<(), StoreError> {
        self.attempt(|database| {
            let write = database.begin_write()?;
            {
                let mut table = write.open_table(LETTERS)?;
                for key in remove {
                    table.remove(key)?;
                }
                for (key, record) in insert {
                    table.insert(key, record.as_slice())?;
                }
            }
            Ok(write.commit()?)
        })
    }

    /// Does something with the database. After an error it is closed.
    fn attempt<T>(&mut self, act: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, StoreError> {
        let path = &self.path;
        let closed = || StoreError::Damaged { path: path.clone(), reason: "it was closed after an error".to_owned() };
        let database = self.database.take().ok_or_else(closed)?;
        let (database, result) = guarded(path, move || {
            let result = act(&database).map_err(|error| of_any(path, error));
            Ok((result.is_ok().then_some(database), result))
        })?;
        self.database = database;
        result
    }
}

fn show_all(database: &Database, seen: &mut impl FnMut(u64, &[u8])) -> Result<(), redb::Error> {
    let table = match database.begin_read()?.open_table(LETTERS) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        table => table?,
    };
    for entry in redb::ReadableTable::iter(&table)? {
        let (key, record) = entry?;
        if key.value() >= KEYS {
            return Err(redb::Error::Corrupted("a key is beyond all that are given".to_owned()));
        }
        seen(key.value(), record.value());
    }
    Ok(())
}

/// Sets the damaged file in `folder` aside. One that was set aside before and not yet searched to the end stays: what is
/// damaged now was begun with letters of that one, and holds nothing else.
///
/// # Errors
/// When the disk does not work.
pub fn set_aside(folder: &Path) -> Result<(), StoreError> {
    let (from, to) = (folder.join(FILE), folder.join(UNSEARCHED));
    let gone = if to.exists() { fs::remove_file(&from) } else { fs::rename(&from, &to) };
    gone.and_then(|()| sync_names(folder)).map_err(|error| StoreError::Disk { path: from, error })
}

/// The file in `folder` that was set aside and is still to be searched.
pub fn unsearched(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(UNSEARCHED)).filter(|path| path.exists())
}

/// Says that the letters of the file that was set aside are in the new one; returns where it is kept.
///
/// # Errors
/// When the disk does not work.
pub fn searched(folder: &Path) -> Result<PathBuf, StoreError> {
    let (from, to) = (folder.join(UNSEARCHED), folder.join(DAMAGED));
    let kept = fs::rename(&from, &to).and_then(|()| sync_names(folder));
    kept.map_err(|error| StoreError::Disk { path: from, error })?;
    Ok(to)
}

/// Waits until the disk has the names of the files as they are now.
fn sync_names(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// redb promises errors, not panics, for files that it has checked; but what is damaged is not to be trusted, and the
/// thread has other letters to look after.
fn guarded<T>(path: &Path, act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(StoreError::Damaged { path: path.to_owned(), reason: format!("redb stopped: {said}") })
    })
}

fn of_database(path: &Path, error: DatabaseError) -> StoreError {
    of_any(path, error.into())
}

fn of_any(path: &Path, error: redb::Error) -> StoreError {
    let path = path.to_owned();
    match error {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => StoreError::Held { path },
        redb::Error::Io(error) if !is_damage(&error) => StoreError::Disk { path, error },
        other => StoreError::Damaged { path, reason: other.to_string() },
    }
}

/// Whether an error speaks of what the file holds rather than of the disk: it is no database, it ends too early, or a
/// part of it cannot be read.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
        || error.raw_os_error() == Some(Errno::IO.raw_os_error())
}
