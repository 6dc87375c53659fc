//! `make bench`: measures, prints the table, and writes it to `tests/bench/results/`.
//!
//! Options: `--rounds N` (5), `--quick` (one round, a tenth of the load), `--only WORD` (subjects
//! whose name has the word), `--reuse` (many messages on one connection), `--scanning` (clamd and our
//! workers alone, with a million signatures, instead), `--judging` (rspamd, SpamAssassin and our
//! workers alone, instead), `--no-record`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use gatepost_test_bench::{Plan, judging, plan, report, scanning};
use gatepost_test_e2e::{is_installed, is_root};

fn main() -> Result<()> {
    let plan = Plan::from_arguments(std::env::args().skip(1))?;
    ensure!(is_root(), "the peers change their user: run `make bench` as root");
    for program in ["postfix", "smtp-source", "smtp-sink", "rspamd", "clamd"] {
        ensure!(is_installed(program), "{program} is not installed: `make setup-bench`");
    }
    let (text, file) = if plan.scanning {
        (scanning::run(&plan)?, format!("{}-scanning.md", report::today()))
    } else if plan.judging {
        (judging::run(&plan)?, format!("{}-judging.md", report::today()))
    } else {
        let report = plan::run(&plan)?;
        (report.markdown(), format!("{}.md", report.date()))
    };
    println!("\n{text}");
    if plan.record {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(&file), text).with_context(|| file.clone())?;
        println!("recorded in tests/bench/results/{file}");
    }
    Ok(())
}
