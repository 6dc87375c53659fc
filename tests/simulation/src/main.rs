//! `gatepost-test-simulation [--seeds N] [--from N] [--every-cut]`: runs seeds and names the first
//! that breaks a promise.

use gatepost_test_simulation::spool::{Summary, run, run_every_cut};

fn main() -> anyhow::Result<()> {
    let (mut seeds, mut from, mut every_cut) = (10_000, 0, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seeds" => seeds = number(arguments.next())?,
            "--from" => from = number(arguments.next())?,
            "--every-cut" => every_cut = true,
            other => anyhow::bail!("unknown argument {other}"),
        }
    }
    let mut summary = Summary::default();
    for seed in from..from.saturating_add(seeds) {
        let one = if every_cut { run_every_cut(seed) } else { run(seed) };
        summary += one.map_err(|error| error.context(format!("seed {seed}")))?;
        if (seed - from) % 10_000 == 9_999 {
            println!("{} seeds: {summary:?}", seed - from + 1);
        }
    }
    println!("{seeds} seeds from {from}: {summary:?}");
    Ok(())
}

fn number(argument: Option<String>) -> anyhow::Result<u64> {
    Ok(argument.ok_or_else(|| anyhow::anyhow!("a number is missing"))?.parse()?)
}
