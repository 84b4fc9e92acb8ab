//! One line of a file: its fields, and the values in them.

use super::header::{Header, twelve};
use super::names::UNITS;
use super::track::Row;

/// The fields of a line.
pub(super) type Fields<'a> = Vec<&'a str>;

/// Splits a line at its commas. Spaces around fields and commas at the end are nothing.
pub(super) fn fields(line: &str) -> Fields<'_> {
    line.trim_end_matches(|c: char| c == ',' || c.is_whitespace()).split(',').map(str::trim).collect()
}

/// Reads the line of a frame.
///
/// # Errors
/// What is wrong with it, and what should stand there.
pub(super) fn row(header: &Header, fields: &[&str]) -> Result<Row, String> {
    let mut row = Row::default();
    match header {
        Header::Affect => {
            count(fields, 2, "valence and arousal")?;
            row.affect = [affect(fields[0])?, affect(fields[1])?];
        }
        Header::Classes(classes) => {
            count(fields, 1, "the number of a class")?;
            row.class = class(fields[0], classes)?;
        }
        Header::Compounds(classes) => {
            count(fields, 1, "the number of a class")?;
            row.compound = class(fields[0], classes)?;
        }
        Header::Units(units) => read_units(fields, units, &mut row)?,
        Header::List => {
            count(fields, 15, "valence, arousal, an expression and twelve action units behind the image")?;
            row.affect = [affect(fields[0])?, affect(fields[1])?];
            row.class = class(fields[2], &[0, 1, 2, 3, 4, 5, 6, 7])?;
            read_units(&fields[3..], &twelve(), &mut row)?;
        }
    }
    Ok(row)
}

fn read_units(fields: &[&str], units: &[Option<usize>], row: &mut Row) -> Result<(), String> {
    count(fields, units.len(), "one for each action unit of the header")?;
    for (field, unit) in fields.iter().zip(units) {
        let value = active(field)?;
        if let Some(unit) = unit {
            debug_assert!(*unit < UNITS.len());
            row.units[*unit] = value;
        }
    }
    Ok(())
}

fn count(fields: &[&str], expected: usize, what: &str) -> Result<(), String> {
    let found = if fields == [""] { 0 } else { fields.len() };
    if found == expected {
        return Ok(());
    }
    let s = if expected == 1 { "" } else { "s" };
    Err(format!("{found} where {expected} field{s} should stand: {what}"))
}

/// A finite number.
fn number(field: &str) -> Result<f64, String> {
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(format!("{field} is not finite; write a number, or the mark of what is not annotated")),
        Err(_) => Err(format!("{field:?} is not a number")),
    }
}

fn affect(field: &str) -> Result<Option<f64>, String> {
    match number(field)? {
        -5.0 => Ok(None),
        value if (-1.0..=1.0).contains(&value) => Ok(Some(value)),
        _ => Err(format!("{field} is out of range; write a number from -1 to 1, or -5 where nothing is annotated")),
    }
}

fn class(field: &str, classes: &[usize]) -> Result<Option<usize>, String> {
    let value = number(field)?;
    if value == -1.0 {
        return Ok(None);
    }
    let whole = (value.fract() == 0.0 && (0.0..classes.len() as f64).contains(&value)).then_some(value as usize);
    let last = classes.len() - 1;
    match whole.and_then(|place| classes.get(place)) {
        Some(&class) => Ok(Some(class)),
        None => Err(format!("{field} is no class; write 0 to {last}, or -1 where nothing is annotated")),
    }
}

fn active(field: &str) -> Result<Option<bool>, String> {
    match number(field)? {
        0.0 => Ok(Some(false)),
        1.0 => Ok(Some(true)),
        -1.0 => Ok(None),
        _ => Err(format!("{field} is not 0, 1, or -1 where nothing is annotated; cut probabilities at a threshold")),
    }
}
