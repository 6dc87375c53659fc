//! Prints every broken house rule with its place; exit code 1 when there is one.

use std::process::ExitCode;

use gatepost_test_tidy::{Tree, check};

fn main() -> anyhow::Result<ExitCode> {
    let tree = Tree::read()?;
    let results = check(&tree);
    let rules = results.len();
    let mut count = 0;
    for (rule, faults) in results.into_iter().filter(|(_, faults)| !faults.is_empty()) {
        println!("{rule}:");
        for fault in faults {
            println!("  {fault}");
            count += 1;
        }
    }
    println!("tidy: {} files, {rules} rules, {count} faults", tree.paths.len());
    Ok(if count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
