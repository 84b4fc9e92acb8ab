//! Where ONNX Runtime's library is, and whether a file can be it.
//!
//! The dynamic linker trusts what it opens: a download that broke off kills the process with SIGBUS, a pipe
//! makes it wait for ever. So whatever it is given is looked at first.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The name that the dynamic linker is asked for, and that files are searched by.
pub const NAME: &str = "libonnxruntime.so";

/// The machine that this program is built for, as ELF files call it.
const MACHINE: Option<u16> = if cfg!(target_arch = "x86_64") {
    Some(62)
} else if cfg!(target_arch = "aarch64") {
    Some(183)
} else {
    None
};

/// What the library reads about the processor while it is loaded. On ARM it is reported, of release 1.23 too, to
/// end the whole process when it cannot; on x86-64 it goes on, as was tried.
const READS: &[&str] =
    if cfg!(target_arch = "x86_64") { &[] } else { &["/proc/cpuinfo", "/sys/devices/system/cpu/possible"] };

/// A segment that is loaded into memory.
const PT_LOAD: u32 = 1;

/// A shared object.
const ET_DYN: u16 = 3;

/// The folders where the library usually is, the first first. `executable` is this program's own path.
pub fn folders(executable: Option<&Path>) -> Vec<PathBuf> {
    let beside = executable.and_then(Path::parent).map(|dir| dir.join("../lib/affectd"));
    // Debian's name for the machine.
    let multiarch = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let usual = ["/usr/lib/affectd", "/opt/onnxruntime/lib", "/usr/local/lib", &multiarch, "/usr/lib64", "/usr/lib"];
    beside.into_iter().chain(usual.map(PathBuf::from)).collect()
}

/// The library in a folder: the one without a version in its name, else the newest.
pub fn in_folder(folder: &Path) -> Option<PathBuf> {
    let plain = folder.join(NAME);
    if plain.exists() {
        return Some(plain);
    }
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let versioned = names.filter_map(|name| Some((version(&name)?, name)));
    versioned.max().map(|(_, name)| folder.join(name))
}

/// The version in a library's name: "libonnxruntime.so.1.21" has 1, 21.
pub fn version(name: &str) -> Option<Vec<u32>> {
    let version = name.strip_prefix(NAME)?.strip_prefix('.')?;
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// Checks that a file is a whole shared library for this machine; which one, only the linker can tell.
///
/// # Errors
/// What it is instead, in words that complete "PATH …".
pub fn check(path: &Path) -> Result<(), String> {
    let metadata = fs::metadata(path).map_err(|error| format!("cannot be opened: {error}"))?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    match furthest_byte(&mut file) {
        Ok(end) if end <= metadata.len() => Ok(()),
        Ok(_) => Err("is not whole: it ends before its last segment".to_owned()),
        Err(why) => Err(why),
    }
}

/// A file that the library must be able to read, and that is hidden from this process, as services' files
/// may be.
pub fn hidden_from_it() -> Option<&'static str> {
    hidden(READS)
}

fn hidden<'a>(files: &[&'a str]) -> Option<&'a str> {
    files.iter().copied().find(|file| fs::read(file).map_or(true, |bytes| bytes.is_empty()))
}

/// Where the last segment of a 64-bit little-endian shared object for this machine ends, in bytes.
fn furthest_byte(file: &mut (impl Read + Seek)) -> Result<u64, String> {
    let mut header = [0; 64];
    let other = || "is not a shared library for this machine".to_owned();
    file.read_exact(&mut header).map_err(|_| other())?;
    // Magic number, 64 bits, little-endian.
    let is_elf = header.starts_with(b"\x7fELF\x02\x01");
    if !is_elf || u16_at(&header, 16) != ET_DYN || MACHINE.is_some_and(|machine| u16_at(&header, 18) != machine) {
        return Err(other());
    }
    let (table, size, count) = (u64_at(&header, 32), u16_at(&header, 54), u16_at(&header, 56));
    let mut segment = [0; 56];
    let mut furthest = 0;
    for i in 0..count {
        let place = table.saturating_add(u64::from(size) * u64::from(i));
        let read = file.seek(SeekFrom::Start(place)).and_then(|_| file.read_exact(&mut segment));
        read.map_err(|_| "is not whole: it ends within its table of segments".to_owned())?;
        if u32_at(&segment, 0) == PT_LOAD {
            furthest = furthest.max(u64_at(&segment, 8).saturating_add(u64_at(&segment, 32)));
        }
    }
    Ok(furthest)
}

fn u16_at(bytes: &[u8], place: usize) -> u16 {
    u16::from_le_bytes(array(bytes, place))
}

fn u32_at(bytes: &[u8], place: usize) -> u32 {
    u32::from_le_bytes(array(bytes, place))
}

fn u64_at(bytes: &[u8], place: usize) -> u64 {
    u64::from_le_bytes(array(bytes, place))
}

fn array<const N: usize>(bytes: &[u8], place: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[place + i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_name_comes_before_the_newest_version_and_other_names_are_no_library() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| fs::write(folder.path().join(name), "").unwrap();
        put("libonnxruntime.so.old");
        put("libonnxruntime_providers_shared.so");
        assert_eq!(in_folder(folder.path()), None);
        put("libonnxruntime.so.1.9");
        put("libonnxruntime.so.1.21");
        assert_eq!(in_folder(folder.path()), Some(folder.path().join("libonnxruntime.so.1.21")));
        put(NAME);
        assert_eq!(in_folder(folder.path()), Some(folder.path().join(NAME)));
        assert_eq!(in_folder(Path::new("/nowhere")), None);
    }

    #[test]
    fn the_folder_beside_the_program_is_looked_at_first() {
        let found = folders(Some(Path::new("/opt/affectd/bin/affectd")));
        assert_eq!(found[0], Path::new("/opt/affectd/bin/../lib/affectd"));
        assert!(folders(None).contains(&PathBuf::from("/usr/local/lib")));
    }

    #[test]
    fn a_file_that_is_hidden_or_empty_is_told_and_this_process_sees_its_processor() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let empty = empty.path().to_str().unwrap();
        assert_eq!(hidden(&["/proc/cpuinfo", "/nonexistent/cpuinfo"]), Some("/nonexistent/cpuinfo"));
        assert_eq!(hidden(&["/proc/cpuinfo", empty]), Some(empty));
        assert_eq!(hidden(&["/proc/cpuinfo", "/sys/devices/system/cpu/possible"]), None);
    }

    /// A library that every machine with these tests has.
    fn some_library() -> Vec<u8> {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let path = maps.split_whitespace().find(|word| word.contains("libc.so")).expect("the C library is mapped");
        fs::read(path).unwrap()
    }

    #[test]
    fn a_whole_library_passes_and_one_that_is_cut_anywhere_does_not() {
        let (folder, whole) = (tempfile::tempdir().unwrap(), some_library());
        let path = folder.path().join(NAME);
        fs::write(&path, &whole).unwrap();
        assert_eq!(check(&path), Ok(()));
        for (length, says) in [(0, "not a shared library"), (70, "not whole"), (whole.len() / 2, "not whole")] {
            fs::write(&path, &whole[..length]).unwrap();
            let why = check(&path).unwrap_err();
            assert!(why.contains(says), "{length}: {why}");
        }
    }

    #[test]
    fn what_is_no_library_for_this_machine_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let mut other_machine = some_library();
        other_machine[18..20].copy_from_slice(&8_u16.to_le_bytes());
        for bytes in [&b"#!/bin/sh\nexit 0\n"[..], &[0; 4096], &other_machine] {
            fs::write(&path, bytes).unwrap();
            assert!(check(&path).unwrap_err().contains("not a shared library for this machine"));
        }
        assert_eq!(check(folder.path()), Err("is not a file".to_owned()));
        assert!(check(&folder.path().join("none")).unwrap_err().contains("cannot be opened"));
    }
}
