//! The filigrane command line.
fn main() {}
