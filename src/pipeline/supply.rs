//! Where a stage gets its parts from: the first is there, further ones are made when a thread has died with the last.

use std::fmt::Display;
use std::sync::Mutex;

use super::lock;

type Make<T> = Box<dyn Fn() -> Result<T, String> + Send + Sync>;

/// Gives a part to each of the threads that follow one another in a stage.
pub struct Supply<T> {
    first: Mutex<Option<T>>,
    make: Option<Make<T>>,
}

/// Why there is no part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// It could not be made now.
    Now(String),
    /// There was only one.
    ForGood,
}

impl<T> Supply<T> {
    /// Only this one.
    pub fn once(first: T) -> Self {
        Self { first: Mutex::new(Some(first)), make: None }
    }

    /// As many as are needed.
    pub fn of<E: Display>(make: impl Fn() -> Result<T, E> + Send + Sync + 'static) -> Self {
        Self { first: Mutex::new(None), make: Some(Box::new(move || make().map_err(|error| format!("{error:#}")))) }
    }

    /// The same, where the first is there already.
    #[must_use]
    pub fn starting_with(self, first: T) -> Self {
        Self { first: Mutex::new(Some(first)), ..self }
    }

    /// Whether there will be another when the present one is gone.
    pub fn renews(&self) -> bool {
        self.make.is_some()
    }

    /// The next part.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn next(&self) -> Result<T, Lack> {
        // The lock is not held while a part is made: that may hang.
        let first = lock(&self.first).take();
        match (first, &self.make) {
            (Some(first), _) => Ok(first),
            (None, Some(make)) => make().map_err(Lack::Now),
            (None, None) => Err(Lack::ForGood),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_given_before_any_is_made() {
        let supply = Supply::of(|| Err::<u8, _>("no more")).starting_with(1);
        assert_eq!((supply.next(), supply.next()), (Ok(1), Err(Lack::Now("no more".into()))));
        assert_eq!(Supply::of(|| Ok::<_, String>(2)).next(), Ok(2));
        let once = Supply::once(3);
        assert!(supply.renews() && !once.renews());
        assert_eq!((once.next(), once.next()), (Ok(3), Err(Lack::ForGood)));
    }
}
