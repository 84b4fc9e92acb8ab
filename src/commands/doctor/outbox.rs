//! Where events wait while the broker is away, and whether there is room for them.

use std::path::Path;

use super::disk::{nearest, space};
use super::{Case, Finding};
use crate::publish::{OUTBOX_DAMAGED, OUTBOX_GROWTH};

/// Where systemd lets the service keep what must last.
const STATE: &str = "var/lib/affectd";

/// Looks at the folder that is configured, or that the service would be given.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let settings = &case.config.publish.outbox;
    // The service would be told by systemd; whoever asks the doctor is no service.
    let state = case.path(STATE);
    let Some(dir) = settings.dir.as_deref().or_else(|| state.is_dir().then_some(&*state)) else {
        return vec![Finding::warning(
            "outbox",
            "events wait in memory only: a restart or a power cut while the broker is away loses them",
            "run affectd as its service, or name a folder on a disk as outbox.dir",
        )];
    };
    let mut found = vec![judge(dir, settings.max_bytes)];
    let aside = dir.join(OUTBOX_DAMAGED);
    if aside.exists() {
        found.push(Finding::warning(
            "outbox",
            format!("{} was damaged and set aside", aside.display()),
            "look for power cuts and for a worn card; remove the file when nobody needs it",
        ));
    }
    found
}

fn judge(dir: &Path, max_bytes: u64) -> Finding {
    let place = dir.display();
    if dir.exists() && !dir.is_dir() {
        let remedy = "name a folder as outbox.dir";
        return Finding::wrong("outbox", format!("{place} is no folder, so events wait in memory only"), remedy);
    }
    let needs = (max_bytes * OUTBOX_GROWTH) >> 20;
    match space(&nearest(dir)) {
        Some(space) if space.read_only => Finding::wrong(
            "outbox",
            format!("{place} is read-only, so events wait in memory only"),
            "mount it for writing, or name another folder as outbox.dir",
        ),
        Some(space) if space.total > 0 && space.free < needs => Finding::warning(
            "outbox",
            format!("{place}: {} MiB free, and up to {needs} MiB of events may wait", space.free),
            "make room, or write a smaller outbox.max_bytes",
        ),
        _ => Finding::good("outbox", format!("events wait in {place}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::super::testing::{machine, one};
    use super::*;

    #[test]
    fn without_a_folder_events_wait_in_memory_and_with_the_services_own_they_do_not() {
        let (_root, case) = machine(&[]);
        assert_eq!(one(look(&case)).grade, Grade::Warning);
        let (root, case) = machine(&[("var/lib/affectd/outbox.redb", "")]);
        let finding = one(look(&case));
        assert_eq!(finding.grade, Grade::Good, "{finding:?}");
        assert!(finding.says.contains(&root.path().join(STATE).display().to_string()), "{finding:?}");
    }

    #[test]
    fn a_file_in_the_folders_place_and_a_damaged_one_in_it_are_found() {
        let (root, mut case) = machine(&[("data", ""), ("events/outbox.damaged.redb", "")]);
        case.config.publish.outbox.dir = Some(root.path().join("data"));
        assert_eq!(one(look(&case)).grade, Grade::Wrong);
        case.config.publish.outbox.dir = Some(root.path().join("events"));
        let grades: Vec<_> = look(&case).into_iter().map(|finding| finding.grade).collect();
        assert_eq!(grades, [Grade::Good, Grade::Warning]);
    }

    #[test]
    fn a_disk_without_room_for_what_may_wait_is_told() {
        let (root, mut case) = machine(&[]);
        case.config.publish.outbox.dir = Some(root.path().join("not/yet/there"));
        assert_eq!(one(look(&case)).grade, Grade::Good);
        case.config.publish.outbox.max_bytes = u64::MAX / OUTBOX_GROWTH;
        assert_eq!(one(look(&case)).grade, Grade::Warning);
    }
}
