//! How lists are written for people and for programs.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

/// Writes rows with aligned columns, the first row as their heads, each line after `indent`.
pub(super) fn table<const N: usize>(out: &mut impl Write, indent: &str, rows: &[[String; N]]) -> Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{indent}{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Writes a value as indented JSON and a line's end.
pub(super) fn json(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}

/// A file's size: "812 B", "43.1 kB", "2.4 MB".
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// "yes" or "no".
pub(super) fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_no_line_ends_in_blanks() {
        let rows = [["NAME", "SIZE"], ["è", "1"], ["longer", ""]].map(|row| row.map(str::to_owned));
        let mut out = Vec::new();
        table(&mut out, "  ", &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "  NAME    SIZE\n  è       1\n  longer\n");
    }

    #[test]
    fn sizes_have_three_digits_or_so() {
        assert_eq!([999, 43_100, 2_412_345].map(size), ["999 B", "43.1 kB", "2.4 MB"]);
    }
}
