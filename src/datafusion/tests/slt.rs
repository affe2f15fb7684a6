//! Every `.slt` file on DataFusion, in process. A file starts with an empty session.

mod engine;

use engine::DataFusion;

fn main() -> std::process::ExitCode {
    mfa_tests::run("datafusion", &["55"], |_, _| DataFusion::start())
}
