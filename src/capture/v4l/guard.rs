//! Asks the driver by way of the library, whose panics become errors.
//!
//! The library takes for granted that every driver answers in UTF-8 and with values that it knows. Cameras whose name
//! was cut within a character, and colour spaces of newer kernels, would end the thread.

use std::io;
use std::panic::{self, AssertUnwindSafe};

/// Asks something of the driver.
///
/// # Errors
/// The driver's own, and when the library could not make sense of the answer.
pub(super) fn guarded<T>(what: &str, ask: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    panic::catch_unwind(AssertUnwindSafe(ask))
        .unwrap_or_else(|_| Err(io::Error::other(format!("the driver's answer about {what} cannot be read"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_makes_the_library_panic_is_an_error() {
        let name = vec![0x4b, 0xe4];
        let error = guarded("its name", || Ok(String::from_utf8(name).unwrap())).unwrap_err();
        assert_eq!(error.to_string(), "the driver's answer about its name cannot be read");
        assert_eq!(guarded("its name", || Ok(7)).unwrap(), 7);
    }
}
