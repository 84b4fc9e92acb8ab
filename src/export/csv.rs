//! Tables with commas, after RFC 4180.

use std::io::{self, Write};

/// Writes a cell of a table after RFC 4180: one that holds a comma, a quote or a line's end is quoted.
///
/// # Errors
/// When it cannot be written.
pub fn write_cell(out: &mut impl Write, cell: &str) -> io::Result<()> {
    if !cell.contains(['"', ',', '\n', '\r']) {
        return out.write_all(cell.as_bytes());
    }
    out.write_all(b"\"")?;
    for (i, part) in cell.split('"').enumerate() {
        if i > 0 {
            out.write_all(b"\"\"")?;
        }
        out.write_all(part.as_bytes())?;
    }
    out.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_would_break_the_table_is_quoted() {
        for (cell, expected) in
            [("a", "a"), ("", ""), ("b, \"c\"", "\"b, \"\"c\"\"\""), ("d\ne", "\"d\ne\""), ("\"", "\"\"\"\"")]
        {
            let mut out = Vec::new();
            write_cell(&mut out, cell).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
