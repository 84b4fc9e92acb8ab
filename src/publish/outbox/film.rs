//! A file in memory that remembers what redb did to it, so that a test can stop at any moment of it.

use std::io;
use std::sync::{Arc, Mutex};

use redb::{BackendError, StorageBackend};

/// What redb did to its file.
#[derive(Debug, Clone)]
pub enum Act {
    /// Put these bytes there.
    Write(u64, Vec<u8>),
    /// Made it so long.
    SetLen(u64),
    /// Asked the disk to keep what it has.
    Sync,
}

/// A file in memory that remembers what was done to it.
#[derive(Debug, Clone, Default)]
pub struct Film(Arc<Mutex<(Vec<u8>, Vec<Act>)>>);

impl Film {
    /// One that begins with these bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new((bytes, Vec::new()))))
    }

    /// What was done so far.
    pub fn acts(&self) -> Vec<Act> {
        self.0.lock().unwrap().1.clone()
    }

    /// What it holds now.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().0.clone()
    }

    fn act(&self, act: Act) {
        let mut film = self.0.lock().unwrap();
        apply(&mut film.0, &act);
        film.1.push(act);
    }
}

/// What `act` makes of the file.
pub fn apply(bytes: &mut Vec<u8>, act: &Act) {
    match act {
        Act::Write(offset, data) => {
            let offset = *offset as usize;
            bytes.resize(bytes.len().max(offset + data.len()), 0);
            bytes[offset..offset + data.len()].copy_from_slice(data);
        }
        Act::SetLen(len) => bytes.resize(*len as usize, 0),
        Act::Sync => {}
    }
}

impl StorageBackend for Film {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().0.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let film = self.0.lock().unwrap();
        let end = offset as usize + out.len();
        let bytes = film.0.get(offset as usize..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.act(Act::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.act(Act::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.act(Act::Write(offset, data.to_owned()));
        Ok(())
    }

    fn try_lock_range(&self, _: std::ops::Bound<u64>, _: std::ops::Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }
}
