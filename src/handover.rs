//! One package for every x86-64 processor: a build that runs on all of them, and beside it one for those with AVX2 and
//! FMA, which runs models up to 1.9 times as fast. The first hands over to the second before it does anything else.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the faster build is, from the folder above that of this program.
const FASTER: &str = "lib/affectd/x86-64-v3/affectd";

/// Becomes the faster build, with the same arguments and process id. Returns where there is none, where this processor
/// cannot run it, or where this is it.
pub fn to_faster_build() {
    if cfg!(target_feature = "avx2") || !runs_x86_64_v3() {
        return;
    }
    let Some(program) = env::current_exe().ok().as_deref().and_then(faster_build) else { return };
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| "affectd".into());
    // Comes back only when it fails; this build then does the work.
    let _ = Command::new(program).arg0(name).args(arguments).exec();
}

/// What x86-64-v3 promises and this program is built with.
fn runs_x86_64_v3() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx")
        && has!("avx2")
        && has!("bmi1")
        && has!("bmi2")
        && has!("f16c")
        && has!("fma")
        && has!("lzcnt")
        && has!("movbe")
}

/// The faster build that was installed with this program.
fn faster_build(program: &Path) -> Option<PathBuf> {
    let faster = program.parent()?.parent()?.join(FASTER);
    faster.is_file().then_some(faster)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_faster_build_is_found_from_where_the_program_is() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("usr/bin/affectd");
        assert_eq!(faster_build(&program), None);
        let faster = root.path().join("usr/lib/affectd/x86-64-v3/affectd");
        fs::create_dir_all(&faster).unwrap();
        assert_eq!(faster_build(&program), None, "a folder is no program");
        fs::remove_dir(&faster).unwrap();
        fs::write(&faster, "").unwrap();
        assert_eq!(faster_build(&program), Some(faster));
    }
}
