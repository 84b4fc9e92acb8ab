//! The first line of a file: which column is what.

use super::line::{Fields, fields};
use super::names::{CLASSES, ONLY_IN_2020, Task, UNITS, class_of, compound_of, unit_number};
use crate::affect::{Compound, Label};
use crate::metrics::Shape;

/// What the columns of a file hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    /// Valence, then arousal.
    Affect,
    /// One column with the place of a class among these; each is a place in [`CLASSES`].
    Classes(Vec<usize>),
    /// The same for compound expressions.
    Compounds(Vec<usize>),
    /// A column for each of these units; each is a place in [`UNITS`], or a unit that no edition scores.
    Units(Vec<Option<usize>>),
    /// An image, then valence, arousal, expression and the twelve units of 2021.
    List,
}

impl Header {
    /// Reads the header of a task.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(task: Task, line: &str) -> Result<Self, String> {
        let names = fields(line);
        match task {
            Task::Va if same(&names, &["valence", "arousal"]) => Ok(Self::Affect),
            Task::Va => Err("its two columns are valence and arousal".into()),
            Task::Expr => each(&names, class_of, "an expression", CLASSES.len()).map(Self::Classes),
            Task::Compound => {
                each(&names, compound_of, "a compound expression", Compound::ALL.len()).map(Self::Compounds)
            }
            Task::Au => units(&names).map(Self::Units),
        }
    }

    /// The header of the one list, if it is one.
    pub fn of_list(line: &str) -> Option<Self> {
        let names = fields(line);
        let (first, rest) = names.split_at_checked(4)?;
        let are_units = same(rest, &["aus"]) || units(rest).is_ok_and(|units| units == twelve());
        (same(first, &["image", "valence", "arousal", "expression"]) && are_units).then_some(Self::List)
    }

    /// Which classes and units the file speaks of.
    pub fn shape(&self) -> Shape {
        let mut shape = Shape::default();
        match self {
            Self::Affect | Self::Compounds(_) => {}
            Self::Classes(classes) => shape.classes = classes.len().max(CLASSES.len() - 1),
            Self::Units(units) => units.iter().flatten().for_each(|&unit| shape.units[unit] = true),
            Self::List => {
                shape.classes = CLASSES.len();
                twelve().into_iter().flatten().for_each(|unit| shape.units[unit] = true);
            }
        }
        shape
    }
}

/// The columns of the units from 2021 on.
pub(super) fn twelve() -> Vec<Option<usize>> {
    (0..UNITS.len()).filter(|&unit| UNITS[unit] != ONLY_IN_2020).map(Some).collect()
}

fn same(names: &[&str], expected: &[&str]) -> bool {
    names.len() == expected.len()
        && names.iter().zip(expected).all(|(name, expected)| name.eq_ignore_ascii_case(expected))
}

/// The places of classes; all of them, but for the last, which 2020 did not have.
fn each(names: &Fields<'_>, place: fn(&str) -> Option<usize>, what: &str, all: usize) -> Result<Vec<usize>, String> {
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let found = place(name).ok_or_else(|| format!("{name:?} is not the name of {what}"))?;
        if places.contains(&found) {
            return Err(format!("{name:?} stands there twice"));
        }
        places.push(found);
    }
    let lacking = all - places.len();
    // Without "other" the other seven must be there.
    if lacking > 1 || (lacking == 1 && places.contains(&(all - 1))) {
        return Err(format!("it names {} of the {all} classes", places.len()));
    }
    Ok(places)
}

fn units(names: &[&str]) -> Result<Vec<Option<usize>>, String> {
    let mut numbers = Vec::with_capacity(names.len());
    for name in names {
        let number = unit_number(name).ok_or_else(|| format!("{name:?} is not the name of an action unit"))?;
        if numbers.contains(&number) {
            return Err(format!("{name:?} stands there twice"));
        }
        numbers.push(number);
    }
    let places: Vec<_> = numbers.iter().map(|number| UNITS.iter().position(|unit| unit == number)).collect();
    if places.iter().all(Option::is_none) {
        return Err("none of its units is annotated in any edition".into());
    }
    Ok(places)
}
