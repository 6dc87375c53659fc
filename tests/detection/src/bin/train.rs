//! `make train`: makes the model that ships from the corpora, the same to the byte every time. With
//! `--list` it tells how each hand-made mail is judged by what was learned of other topics.

use anyhow::Result;
use gatepost_test_detection::corpus::project;
use gatepost_test_detection::teach::teach;

fn main() -> Result<()> {
    let Some((model, report)) = teach(std::env::args().any(|one| one == "--list"))? else {
        println!("skipped: train: no ../shared/data");
        return Ok(());
    };
    let path = project().join("appliance/spam/model/spam.model");
    let is_new = std::fs::read(&path).ok().as_deref() != Some(&model);
    if is_new {
        std::fs::write(&path, model)?;
    }
    let outcome = if is_new { "written" } else { "unchanged" };
    println!("{report}appliance/spam/model/spam.model {outcome}");
    Ok(())
}
