//! The section of settings that the vault obeys.

use schema::Problem;

schema::table! {
    /// One quarantine area.
    pub struct Area {
        /// Name of the area, as rules name it.
        pub name: String = String::new(), in 1..=64,
        /// Days that a message is kept in it.
        pub days_kept: u32 = 15, in 1..=3650,
    }
}

schema::settings! {
    /// Quarantine: where messages are kept that policy does not let through.
    pub struct Quarantine = "quarantine", touches Live, checked by problems {
        /// The areas. A rule may name an area that is not here; it is kept as long as `Default`.
        pub areas: Vec<Area> = usual(), in 0..=200,
    }
}

/// The areas of a new appliance.
fn usual() -> Vec<Area> {
    let area = |(name, days_kept): (&str, u32)| Area { name: name.to_owned(), days_kept };
    [("Default", 15), ("Spam", 15), ("Malware", 30), ("Policy", 15), ("Attachments", 15)]
        .into_iter()
        .chain([("Unscannable", 15)])
        .map(area)
        .collect()
}

/// Two areas of one name.
fn problems(settings: &Quarantine) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, area) in settings.areas.iter().enumerate() {
        if settings.areas.iter().take(place).any(|earlier| earlier.name == area.name) {
            problems.push(Problem::new(
                format!("areas.{place}.name"),
                format!("There are two areas named {:?}.", area.name),
                "Give one of them another name, or remove it.",
            ));
        }
    }
    problems
}

/// Days kept in an area that the settings do not name and that have no `Default`.
const DAYS_OTHERWISE: u32 = 15;

impl Quarantine {
    /// Days that a message is kept in this area.
    #[must_use]
    pub fn days_kept(&self, area: &str) -> u32 {
        let days = |name: &str| self.areas.iter().find(|it| it.name == name).map(|it| it.days_kept);
        days(area).or_else(|| days("Default")).unwrap_or(DAYS_OTHERWISE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_without_settings_are_kept_as_long_as_the_default_one() {
        let settings = Quarantine::default();
        assert_eq!(settings.days_kept("Malware"), 30);
        assert_eq!(settings.days_kept("Nobody named it"), 15);
        assert_eq!(Quarantine { areas: Vec::new() }.days_kept("Spam"), 15);
    }

    #[test]
    fn two_areas_of_one_name_are_a_problem() {
        let mut settings = Quarantine::default();
        assert_eq!(problems(&settings), []);
        settings.areas.push(settings.areas[1].clone());
        assert_eq!(problems(&settings)[0].path, "areas.6.name");
    }
}
