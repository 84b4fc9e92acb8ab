//! Who may open the cameras and microphones: this user, and the one that the service runs as.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::fs::{Access, access};

use super::service::{Group, Service, groups};
use super::{Case, Finding};

/// A device node that affectd may have to open.
#[derive(Debug, Clone)]
struct Node {
    path: PathBuf,
    mode: u32,
    group: u32,
}

/// Looks at the nodes of cameras and of microphones.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let mut nodes = nodes(case, "dev", |name| name.starts_with("video"));
    // Of the sound cards, what captures, and what is asked for their settings.
    nodes.extend(nodes_of_sound(case));
    if nodes.is_empty() {
        return vec![Finding::skipped("rights", "there is neither a camera nor a sound card")];
    }
    let denied: Vec<_> = nodes.iter().filter(|node| !this_user_may(node)).collect();
    let mut found = vec![of_this_user(&denied, nodes.len(), case)];
    found.push(match Service::installed(case) {
        None => Finding::skipped("rights", "affectd is not installed as a service"),
        Some(service) => of_the_service(&service, &nodes, case),
    });
    found
}

fn nodes_of_sound(case: &Case) -> Vec<Node> {
    nodes(case, "dev/snd", |name| name.starts_with("control") || (name.starts_with("pcm") && name.ends_with('c')))
}

fn nodes(case: &Case, folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<Node> {
    let entries = fs::read_dir(case.path(folder)).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| entry.file_name().to_str().is_some_and(&wanted));
    let node = |entry: fs::DirEntry| {
        let metadata = entry.metadata().ok()?;
        Some(Node { path: entry.path(), mode: metadata.mode(), group: metadata.gid() })
    };
    let mut nodes: Vec<_> = wanted.filter_map(node).collect();
    nodes.sort_by(|a, b| a.path.cmp(&b.path));
    nodes
}

/// Asks the kernel, which knows of access lists, too. Opens nothing.
fn this_user_may(node: &Node) -> bool {
    access(&node.path, Access::READ_OK | Access::WRITE_OK).is_ok()
}

fn of_this_user(denied: &[&Node], all: usize, case: &Case) -> Finding {
    let Some(first) = denied.first() else {
        return Finding::good("rights", format!("this user may open all {all} nodes of cameras and sound cards"));
    };
    let names = denied.iter().map(|node| node.path.display().to_string()).collect::<Vec<_>>().join(", ");
    let remedy = match group_of(first, case) {
        Some(group) => format!("sudo usermod --append --groups {} $USER, then log in anew", group.name),
        None => format!("let a group of this user own them: see `ls -l {}`", first.path.display()),
    };
    Finding::wrong("rights", format!("this user may not open {names}"), remedy)
}

fn of_the_service(service: &Service, nodes: &[Node], case: &Case) -> Finding {
    let user = service.user.as_deref().unwrap_or("a user that systemd makes up");
    let of_a_group = |node: &Node| {
        let group = group_of(node, case).filter(|group| service.groups.contains(&group.name));
        group.is_some() && readable_and_writable(node.mode >> 3)
    };
    let may = |node: &Node| service.is_root() || readable_and_writable(node.mode) || of_a_group(node);
    let Some(denied) = nodes.iter().find(|node| !may(node)) else {
        return Finding::good("rights", format!("the service ({user}) may open them by its groups"));
    };
    let says = format!("the service ({user}) may not open {}", denied.path.display());
    let remedy = match group_of(denied, case) {
        Some(group) if readable_and_writable(denied.mode >> 3) => format!(
            "`systemctl edit affectd`: below [Service], SupplementaryGroups={}; then `systemctl restart affectd`",
            group.name
        ),
        _ => "let udev give it to a group: a rule with GROUP=\"video\", MODE=\"0660\" (sound: \"audio\")".to_owned(),
    };
    Finding::wrong("rights", says, remedy)
}

/// Whether the last three bits allow reading and writing.
fn readable_and_writable(bits: u32) -> bool {
    bits & 0o6 == 0o6
}

/// The group that owns the node; a device of root's group is nobody's.
fn group_of(node: &Node, case: &Case) -> Option<Group> {
    groups(case).find(|group| group.id == node.group && group.id != 0)
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::super::testing::{machine, one};
    use super::*;

    const GROUPS: (&str, &str) = ("etc/group", "root:x:0:\naudio:x:29:\nvideo:x:44:\n");

    fn node(path: &str, mode: u32, group: u32) -> Node {
        Node { path: path.into(), mode, group }
    }

    fn service(groups: &[&str]) -> Service {
        Service { user: None, groups: groups.iter().map(|&group| group.to_owned()).collect() }
    }

    #[test]
    fn a_machine_without_devices_is_skipped() {
        let finding = one(look(&machine(&[("dev/null", ""), ("dev/snd/timer", "")]).1));
        assert_eq!(finding.grade, Grade::Skipped);
    }

    #[test]
    fn the_nodes_that_matter_are_found() {
        let (_root, case) = machine(&[
            ("dev/video0", ""),
            ("dev/snd/pcmC1D0c", ""),
            ("dev/snd/pcmC1D0p", ""),
            ("dev/snd/controlC1", ""),
            ("dev/media0", ""),
        ]);
        let names: Vec<_> = nodes(&case, "dev", |name| name.starts_with("video"))
            .into_iter()
            .chain(nodes_of_sound(&case))
            .map(|node| node.path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["video0", "controlC1", "pcmC1D0c"]);
        let found = look(&case);
        assert_eq!(found[0].grade, Grade::Good, "{found:?}");
        assert_eq!(found[1].grade, Grade::Skipped, "{found:?}");
    }

    #[test]
    fn the_group_that_is_missing_is_named() {
        let (_root, case) = machine(&[GROUPS]);
        let (camera, odd) = (node("/dev/video0", 0o660, 44), node("/dev/video1", 0o600, 0));
        let finding = of_this_user(&[&camera], 3, &case);
        assert_eq!(finding.grade, Grade::Wrong);
        assert!(finding.remedy.unwrap().contains("--groups video $USER"));
        assert!(of_this_user(&[&odd], 3, &case).remedy.unwrap().contains("ls -l /dev/video1"));
        assert_eq!(of_this_user(&[], 3, &case).grade, Grade::Good);
    }

    #[test]
    fn the_service_is_judged_by_its_own_groups() {
        let (_root, case) = machine(&[GROUPS]);
        let nodes = [node("/dev/video0", 0o660, 44), node("/dev/snd/pcmC0D0c", 0o660, 29)];
        assert_eq!(of_the_service(&service(&["video", "audio"]), &nodes, &case).grade, Grade::Good);
        let finding = of_the_service(&service(&["video"]), &nodes, &case);
        assert!(finding.says.contains("/dev/snd/pcmC0D0c"), "{finding:?}");
        assert!(finding.remedy.unwrap().contains("SupplementaryGroups=audio"));
        // Of the right group, and the group may nothing: udev is at fault.
        let closed = [node("/dev/video0", 0o600, 44)];
        assert!(of_the_service(&service(&["video"]), &closed, &case).remedy.unwrap().contains("udev"));
        let open = [node("/dev/video0", 0o666, 0)];
        assert_eq!(of_the_service(&service(&[]), &open, &case).grade, Grade::Good);
        let root = Service { user: Some("root".to_owned()), ..Service::default() };
        assert_eq!(of_the_service(&root, &closed, &case).grade, Grade::Good);
    }
}
