//! Reading a line file.
use domain::line::Line;
/// x
pub fn parse(_text: &str) -> Result<Line, Vec<String>> {
    Err(vec![])
}
