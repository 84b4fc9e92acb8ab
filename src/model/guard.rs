//! Turns a panic of an engine into an error.
//!
//! tract indexes what a file claims before checking it, so a damaged ONNX file can panic. A pack comes
//! from outside, and whatever is in it must be refused like any other bad file: with a message that
//! names it, by a process that goes on. The panic's own text and place become part of that message
//! instead of going to standard error. With `panic = "abort"` none of this would work; the release
//! profile unwinds.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// `Some` while this thread is guarded; the text of the panic once there was one.
    static GUARDED: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs `work`; an `Err` holds what a panic in it said, and where. Whatever `work` was changing must not
/// be used again after a panic, other than to drop it.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let ours = GUARDED.with_borrow_mut(|text| {
                text.as_mut().map(|text| *text = info.to_string().replace('\n', " ")).is_some()
            });
            if !ours {
                loud(info);
            }
        }));
    });
    let outer = GUARDED.replace(Some(String::new()));
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    let text = GUARDED.replace(outer);
    done.map_err(|_| text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_says_what_and_where() {
        let caught = guarded(|| panic!("the cat is out")).unwrap_err();
        assert!(caught.contains("the cat is out") && caught.contains("guard.rs"), "{caught}");
        assert_eq!(guarded(|| 7), Ok(7));
    }

    #[test]
    fn a_guard_within_a_guard_leaves_the_outer_one_in_place() {
        let caught = guarded(|| {
            let inner = guarded(|| panic!("inner")).unwrap_err();
            assert!(inner.contains("inner"));
            panic!("outer");
        });
        assert!(caught.unwrap_err().contains("outer"));
    }
}
