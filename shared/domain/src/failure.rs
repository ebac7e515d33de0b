//! failure.
/// x
pub fn reason_it(code: Option<i64>) -> String {
    format!("{code:?}")
}
