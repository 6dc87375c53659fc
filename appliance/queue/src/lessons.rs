//! What people teach about unwanted mail: `learning.teach`, `learning.list`, `learning.undo`,
//! `learning.roll_back`, `learning.status`, `learning.table`; and what a release from quarantine
//! teaches.
//!
//! | verb | argument | lines |
//! |---|---|---|
//! | `learning.teach` | [`Teach`] | one: `{lesson, label, tenant}` |
//! | `learning.list` | `{}` | one for each lesson, the newest first |
//! | `learning.undo` | `{lesson}` | one: `{undone, version}` |
//! | `learning.roll_back` | `{version}` | one: `{rolled_back, version}` |
//! | `learning.status` | `{}` | one: versions, counts, what each tenant's table has |
//! | `learning.table` | `{}` | one: `{version, octets}`, for whoever scans beside the gateway |
//!
//! Nothing here reads mail: what is taught is what a cell made of it.

use ipc::Outlet;
use ipc::contracts::{Material, Request, Response};
use learning::Label;
use mail::{Domain, FindingKind, Findings, MessageId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use spam::Local;

use crate::core::Core;
use crate::faces::fail;
use crate::learner::{Deed, Order, Refusal, lesson};
use crate::limits;

/// A message that somebody calls something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Teach {
    /// `wanted`, `unwanted` or `phishing`.
    label: String,
    /// Whose mail it is: one of the owner's domains, or `all`.
    #[serde(default)]
    domain: Option<String>,
    /// The message's own id.
    #[serde(default)]
    message: String,
    /// Who sent it.
    #[serde(default)]
    sender: String,
    /// What a cell made of it.
    material: Material,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    lesson: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    version: u64,
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    if request.argument.len() > limits::LESSON_OCTETS {
        return Err(refusal("the lesson is too large. Nothing was learned."));
    }
    let bad = |error| {
        refusal(&format!("this is no question for {}: {error}. Nothing was done.", request.verb))
    };
    serde_json::from_str(&request.argument).map_err(bad)
}

fn refusal(because: &str) -> Refusal {
    Refusal { exit: 2, because: because.to_owned() }
}

impl Core {
    /// Somebody asks about what was taught, or teaches.
    pub(crate) fn asked_of_lessons(&mut self, request: &Request, outlet: Outlet<Response>) {
        match self.deed(request) {
            Ok(deed) => {
                let (who, asker) = (request.actor.clone(), Some(outlet));
                self.learner.order(Order { deed, who, asker });
            }
            Err(Refusal { exit, because }) => fail(&outlet, exit, &because),
        }
    }

    fn deed(&self, request: &Request) -> Result<Deed, Refusal> {
        Ok(match request.verb.as_str() {
            "learning.teach" => self.taught(read(request)?, &request.actor)?,
            "learning.list" => Deed::List,
            "learning.undo" => Deed::Undo(read::<One>(request)?.lesson),
            "learning.roll_back" => Deed::RollBack(read::<Version>(request)?.version),
            "learning.status" => Deed::Status(self.wardrobe.table_in_use()),
            "learning.table" => Deed::Table,
            verb => {
                return Err(refusal(&format!("queue knows no verb {verb:?}. Nothing was done.")));
            }
        })
    }

    fn taught(&self, teach: Teach, who: &str) -> Result<Deed, Refusal> {
        let label = label(&teach.label).ok_or_else(|| {
            let what = &teach.label;
            refusal(&format!("{what:?} is none of wanted, unwanted, phishing. Nothing was done."))
        })?;
        if !is_within_bounds(&teach.material) {
            return Err(refusal("no worker makes such a lesson. Nothing was learned."));
        }
        if teach.material.features.is_empty() && teach.material.sketch.is_empty() {
            return Err(refusal("there are no words in it. Nothing was learned."));
        }
        let tenant = match &teach.domain {
            Some(name) => self.named_tenant(name)?,
            None => self.tenant_of(&teach.material.domains),
        };
        let names = (teach.message.as_str(), teach.sender.as_str());
        let at = self.now();
        Ok(Deed::Teach(lesson(teach.material, label, (&tenant, who), names, at)))
    }

    fn named_tenant(&self, name: &str) -> Result<String, Refusal> {
        if name.eq_ignore_ascii_case(Local::ALL) {
            return Ok(Local::ALL.to_owned());
        }
        self.own_domain(name).ok_or_else(|| {
            refusal(&format!(
                "{name:?} is none of the domains of this gateway (receiving.relay_domains). \
                 Nothing was learned. Name one of them, or `all`."
            ))
        })
    }

    /// The first domain that is ours, else all of them.
    fn tenant_of(&self, domains: &[String]) -> String {
        let ours = domains.iter().find_map(|name| self.own_domain(name));
        ours.unwrap_or_else(|| Local::ALL.to_owned())
    }

    fn own_domain(&self, name: &str) -> Option<String> {
        let domain: Domain = name.parse().ok()?;
        let is_ours = self.own_domains.iter().any(|pattern| pattern.matches(&domain));
        is_ours.then(|| domain.as_str().to_owned())
    }

    /// Whether what is found in a message is to be learned: somebody released it who was shown that
    /// it was held as unwanted mail. Not asked for again after a cell was lost: a release must not
    /// fail for the sake of a lesson.
    pub(crate) fn wants_material(&self, id: MessageId) -> bool {
        let Some(loaded) = self.loaded.get(&id) else { return false };
        let record = &loaded.record;
        let held_by = record.skip_rule.as_deref().unwrap_or_default();
        record.released_by.is_some()
            && record.strikes == 0
            && self.policy.is_for_unwanted_mail(held_by)
    }

    /// A released message was scanned anew: that it was released says that it is wanted. Never of
    /// malware, excepted or not, nor of what could not be seen whole.
    pub(crate) fn learn_from_release(
        &mut self,
        id: MessageId,
        findings: &Findings,
        material: Option<Box<Material>>,
    ) {
        let is_asked = self.wants_material(id);
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let Some(who) = loaded.record.released_by.take() else { return };
        let Some(material) = material.filter(|_| is_asked) else { return };
        let is_malware = |one: &mail::Finding| one.kind == FindingKind::Malware;
        if findings.unscannable.is_some() || findings.list.iter().any(is_malware) {
            return;
        }
        let envelope = loaded.envelope.clone();
        let domain = |one: &mail::Recipient| one.address.domain().to_string();
        let domains: Vec<String> = envelope.recipients.iter().map(domain).collect();
        let tenant = self.tenant_of(&domains);
        let sender = envelope.sender.to_string();
        let names = (findings.header_id.as_str(), sender.as_str());
        let lesson = lesson(*material, Label::Wanted, (&tenant, &who), names, self.now());
        self.learner.order(Order { deed: Deed::Teach(lesson), who, asker: None });
    }
}

fn label(word: &str) -> Option<Label> {
    [Label::Wanted, Label::Unwanted, Label::Phishing].into_iter().find(|one| one.word() == word)
}

/// Whether material is within the bounds of a cell's answer.
pub(crate) fn is_within_bounds(material: &Material) -> bool {
    use ipc::limits::{DOMAIN_OCTETS, MATERIAL_DOMAINS, MATERIAL_FEATURES, SKETCH_OCTETS};
    material.features.len() <= MATERIAL_FEATURES
        && material.features.is_sorted_by(|one, two| one < two)
        && (material.sketch.is_empty() || material.sketch.len() == SKETCH_OCTETS)
        && material.domains.len() <= MATERIAL_DOMAINS
        && material.domains.iter().all(|domain| domain.len() <= DOMAIN_OCTETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn material_out_of_bounds_is_told_apart() {
        let good = Material {
            features: (0..2000).collect(),
            sketch: vec![1; 128],
            domains: vec!["a.test".to_owned(); 8],
        };
        assert!(is_within_bounds(&good) && is_within_bounds(&Material::default()));
        for bad in [
            Material { features: (0..2001).collect(), ..good.clone() },
            Material { features: vec![2, 1], ..good.clone() },
            Material { features: vec![1, 1], ..good.clone() },
            Material { sketch: vec![1; 127], ..good.clone() },
            Material { domains: vec![String::new(); 9], ..good.clone() },
            Material { domains: vec!["x".repeat(256)], ..good },
        ] {
            assert!(!is_within_bounds(&bad), "{bad:?}");
        }
    }
}
