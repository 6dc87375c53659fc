//! The model that ships is the one that training makes of the corpora beside the project.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use gatepost_test_detection::corpus::project;
use gatepost_test_detection::teach::teach;

#[test]
fn the_model_that_ships_is_the_one_that_training_makes() {
    let Some((model, _)) = teach(false).unwrap() else {
        println!("skipped: the_model_that_ships_is_the_one_that_training_makes: no ../shared/data");
        return;
    };
    let shipped = std::fs::read(project().join("appliance/spam/model/spam.model")).unwrap();
    assert!(model == shipped, "the model is not that of these signals: run `make train`");
}
