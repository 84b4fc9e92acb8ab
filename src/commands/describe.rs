//! `affectd completions` and `affectd man`: the command line, described for shells and for `man`.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// Writes the completions for a shell.
///
/// # Errors
/// When `out` cannot be written.
pub fn completions(shell: Shell, out: &mut impl Write) -> Result<()> {
    // Made whole first, for what makes them panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "affectd", &mut script);
    Ok(out.write_all(&script)?)
}

/// Writes `affectd.1` and a page for each of its commands into `dir`.
///
/// # Errors
/// When the folder cannot be written.
pub fn man(dir: &Path) -> Result<()> {
    clap_mangen::generate_to(Cli::command(), dir).with_context(|| {
        format!("the manual pages cannot be written to {}; name a folder that is there", dir.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_completes_every_command() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            completions(*shell, &mut script).unwrap();
            let script = String::from_utf8(script).unwrap();
            for command in ["replay", "check", "post-update", "completions"] {
                assert!(script.contains(command), "{shell} knows nothing of {command}");
            }
        }
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let dir = tempfile::tempdir().unwrap();
        man(dir.path()).unwrap();
        for page in ["affectd.1", "affectd-run.1", "affectd-model-verify.1", "affectd-check.1"] {
            let text = std::fs::read_to_string(dir.path().join(page)).unwrap();
            assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}: {text}");
        }
        assert!(!dir.path().join("affectd-man.1").exists());
    }
}
