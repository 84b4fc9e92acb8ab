//! Where the system writes, and how much room there is.
//!
//! affectd itself writes nothing but events that wait for the broker and what TensorRT compiles; a full disk stops the journal, updates and the
//! broker beside it all the same.

use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};

use super::{Case, Finding};
use crate::model::Provider;

/// Less room than this, in MiB, is a warning.
const ROOM: u64 = 128;
/// The room that TensorRT asks for what it compiles of our models is not known; this much, in MiB, should do.
const ROOM_TO_COMPILE: u64 = 512;

/// One file system.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space {
    /// In MiB.
    pub total: u64,
    /// What others than root may still write, in MiB.
    pub free: u64,
    /// Whether nothing may be written at all.
    pub read_only: bool,
}

/// Looks at the root, at where logs and state are kept, and at the folder of compiled models if it is used.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let models = &case.config.models.engines;
    let mut found = Vec::new();
    for place in ["", "var/lib", "var/log"] {
        let path = case.path(place);
        if let Some(space) = space(&path) {
            let shown = Path::new("/").join(place);
            // On most machines they are one file system: told once.
            let finding = judge(&shown, space, place.is_empty(), ROOM);
            if place.is_empty() || !same_file_system(&path, &case.root) {
                found.push(finding);
            }
        }
    }
    if models.providers.contains(&Provider::TensorRt) {
        let path = nearest(&models.cache);
        if let Some(space) = space(&path) {
            found.push(judge(&models.cache, space, false, ROOM_TO_COMPILE));
        }
    }
    found
}

fn judge(place: &Path, space: Space, may_be_read_only: bool, room: u64) -> Finding {
    let Space { total, free, read_only } = space;
    let place = place.display();
    if read_only {
        let says = format!("{place} is read-only");
        return match may_be_read_only {
            true => Finding::good("disk", format!("{says}, which is fine: affectd writes nothing there")),
            false => Finding::warning("disk", says, "mount it for writing, or put a tmpfs there"),
        };
    }
    let says = format!("{place}: {free} MiB of {total} MiB free");
    if total == 0 || free >= room {
        return Finding::good("disk", says);
    }
    Finding::warning(
        "disk",
        says,
        format!("make room: `journalctl --vacuum-size=50M`, `apt-get clean`; {room} MiB will do"),
    )
}

/// How much room there is where `path` is.
pub(super) fn space(path: &Path) -> Option<Space> {
    const MIB: u64 = 1 << 20;
    let stat = statvfs(path).ok()?;
    let mib = |blocks: u64| blocks.saturating_mul(stat.f_frsize) / MIB;
    let read_only = stat.f_flag.contains(StatVfsMountFlags::RDONLY);
    Some(Space { total: mib(stat.f_blocks), free: mib(stat.f_bavail), read_only })
}

fn same_file_system(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.dev()).ok();
    device(a) == device(b)
}

/// The folder itself, or the nearest above it that is there.
pub(super) fn nearest(path: &Path) -> PathBuf {
    path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::super::testing::{machine, one};
    use super::*;

    #[test]
    fn a_read_only_root_is_fine_and_read_only_logs_are_not() {
        let read_only = Space { total: 900, free: 0, read_only: true };
        let root = judge(Path::new("/"), read_only, true, ROOM);
        assert_eq!(root.grade, Grade::Good);
        assert!(root.says.contains("read-only, which is fine"), "{root:?}");
        assert_eq!(judge(Path::new("/var/log"), read_only, false, ROOM).grade, Grade::Warning);
    }

    #[test]
    fn a_full_disk_is_a_warning_and_one_without_a_size_is_none() {
        let of = |total, free| judge(Path::new("/"), Space { total, free, read_only: false }, true, ROOM).grade;
        assert_eq!(of(29_000, ROOM), Grade::Good);
        assert_eq!(of(29_000, ROOM - 1), Grade::Warning);
        // As overlays and network folders may say.
        assert_eq!(of(0, 0), Grade::Good);
    }

    #[test]
    fn the_file_systems_of_this_machine_are_measured_once_each() {
        let (_root, case) = machine(&[("var/lib/a", ""), ("var/log/b", "")]);
        let finding = one(look(&case));
        assert!(finding.says.starts_with("/: ") && finding.says.ends_with("MiB free"), "{finding:?}");
        let Space { total, free, .. } = space(Path::new("/tmp")).unwrap();
        assert!(free <= total && total > 0);
    }

    #[test]
    fn the_folder_of_compiled_models_is_looked_at_where_it_will_be() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(nearest(&folder.path().join("not/yet/there")), folder.path());
    }
}
