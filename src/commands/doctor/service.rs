//! As whom the service runs, read from its unit: the doctor is another user, and what it may open says little.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Case;

/// Where systemd looks for units, the one that wins first.
const FOLDERS: [&str; 4] = ["etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];
/// The unit.
const UNIT: &str = "affectd.service";

/// Who the service is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Service {
    /// Its user; `None` when systemd makes one up for it.
    pub user: Option<String>,
    /// The groups that it is in, by name.
    pub groups: BTreeSet<String>,
}

impl Service {
    /// Reads the unit and what was added to it; `None` when there is none.
    pub(super) fn installed(case: &Case) -> Option<Self> {
        let unit = FOLDERS.iter().find_map(|folder| case.text(Path::new(folder).join(UNIT)))?;
        let additions = FOLDERS.iter().rev().flat_map(|folder| additions(&case.path(folder)));
        let (mut service, mut made_up) = (Self::default(), false);
        for text in std::iter::once(unit).chain(additions.filter_map(|path| fs::read_to_string(path).ok())) {
            service.take(&text, &mut made_up);
        }
        if service.user.is_none() && !made_up {
            service.user = Some("root".to_owned());
        }
        if let Some(user) = service.user.clone() {
            service.groups.extend(primary_group(case, &user));
            service.groups.extend(groups(case).filter(|group| group.members.contains(&user)).map(|group| group.name));
        }
        Some(service)
    }

    fn take(&mut self, text: &str, made_up: &mut bool) {
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match (key.trim(), value.trim()) {
                ("User", user) => self.user = Some(user.to_owned()).filter(|user| !user.is_empty()),
                ("DynamicUser", yes) => *made_up = matches!(yes, "yes" | "true" | "on" | "1"),
                // An empty list takes back what was listed before.
                ("SupplementaryGroups", "") => self.groups.clear(),
                ("SupplementaryGroups" | "Group", names) => {
                    self.groups.extend(names.split_whitespace().map(str::to_owned));
                }
                _ => {}
            }
        }
    }

    /// Whether it runs as root, which may open everything.
    pub(super) fn is_root(&self) -> bool {
        self.user.as_deref() == Some("root")
    }
}

/// The files that add to the unit, in the order of their names.
fn additions(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join(format!("{UNIT}.d"))).into_iter().flatten().flatten();
    let mut paths: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "conf")).collect();
    paths.sort();
    paths
}

/// A group of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Its name.
    pub name: String,
    /// Its number.
    pub id: u32,
    members: Vec<String>,
}

/// The groups that `/etc/group` lists.
pub(super) fn groups(case: &Case) -> impl Iterator<Item = Group> + use<> {
    let text = case.text("etc/group").unwrap_or_default();
    let group = |line: &str| {
        let mut fields = line.split(':');
        let (name, id, members) = (fields.next()?, fields.nth(1)?, fields.next().unwrap_or_default());
        let members = members.split(',').map(str::to_owned).collect();
        Some(Group { name: name.to_owned(), id: id.parse().ok()?, members })
    };
    text.lines().filter_map(group).collect::<Vec<_>>().into_iter()
}

fn primary_group(case: &Case, user: &str) -> Option<String> {
    let text = case.text("etc/passwd")?;
    let line = text.lines().find(|line| line.split(':').next() == Some(user))?;
    let id: u32 = line.split(':').nth(3)?.parse().ok()?;
    groups(case).find(|group| group.id == id).map(|group| group.name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::machine;
    use super::*;

    const GROUPS: (&str, &str) = ("etc/group", "root:x:0:\naudio:x:29:pulse,affectd\nvideo:x:44:\naffectd:x:990:\n");

    #[test]
    fn a_made_up_user_has_the_groups_of_the_unit_and_of_what_was_added() {
        let (_root, case) = machine(&[
            GROUPS,
            ("usr/lib/systemd/system/affectd.service", "[Service]\nDynamicUser=yes\nSupplementaryGroups=video audio\n"),
            ("etc/systemd/system/affectd.service.d/10-gpu.conf", "[Service]\nSupplementaryGroups=render\n"),
            ("etc/systemd/system/affectd.service.d/notes.txt", "SupplementaryGroups=wheel\n"),
        ]);
        let service = Service::installed(&case).unwrap();
        assert_eq!(service.user, None);
        assert!(service.groups.iter().eq(["audio", "render", "video"]), "{service:?}");
    }

    #[test]
    fn a_user_of_the_system_has_its_own_groups_too_and_an_empty_list_takes_back() {
        let (_root, case) = machine(&[
            GROUPS,
            ("etc/passwd", "root:x:0:0::/root:/bin/sh\naffectd:x:990:990::/:/usr/sbin/nologin\n"),
            ("lib/systemd/system/affectd.service", "User=affectd\nSupplementaryGroups=video\n"),
            ("etc/systemd/system/affectd.service.d/none.conf", "[Service]\nSupplementaryGroups=\n"),
        ]);
        let service = Service::installed(&case).unwrap();
        assert!(service.groups.iter().eq(["affectd", "audio"]), "{service:?}");
        assert!(!service.is_root());
    }

    #[test]
    fn the_administrators_unit_wins_and_without_one_there_is_no_service() {
        let (_root, case) = machine(&[
            ("etc/systemd/system/affectd.service", "User=root\n"),
            ("usr/lib/systemd/system/affectd.service", "User=affectd\n"),
        ]);
        assert!(Service::installed(&case).unwrap().is_root());
        assert_eq!(Service::installed(&machine(&[]).1), None);
        let nobody = machine(&[("etc/systemd/system/affectd.service", "[Service]\nExecStart=/usr/bin/affectd run\n")]);
        assert!(Service::installed(&nobody.1).unwrap().is_root());
    }
}
