//! The families of signatures beside those on bodies: who reads their sources, and who looks for
//! them.

use crate::containers::{ContainerCompiler, ContainerMatcher};
use crate::cvd::{self, PublicKey, Trust};
use crate::ftm::MagicCompiler;
use crate::hashes::{HashCompiler, HashMatcher};
use crate::lists::{ListCompiler, ListMatcher};
use crate::names::Names;
use crate::pack::{Pack, PackError, Writer};
use crate::phishing::{PhishingCompiler, PhishingMatcher};
use crate::scanner::Matcher;
use crate::source::{Ignored, Kind, LineCompiler, LineProblem, Place, Source};
use crate::yara::{YaraCompiler, YaraMatcher};

/// Who reads sources.
#[derive(Default)]
pub(crate) struct Families {
    hashes: Box<HashCompiler>,
    containers: Box<ContainerCompiler>,
    phishing: Box<PhishingCompiler>,
    lists: Box<ListCompiler>,
    magic: Box<MagicCompiler>,
    yara: YaraCompiler<'static>,
}

impl Families {
    /// Who reads the lines of a kind of source; `None` when it is none of these families.
    pub(crate) fn reader(&mut self, kind: Kind) -> Option<&mut dyn LineCompiler> {
        match kind {
            Kind::FileMd5
            | Kind::FileHash
            | Kind::SectionMd5
            | Kind::SectionHash
            | Kind::ImportHash
            | Kind::GoodMd5
            | Kind::GoodHash
            | Kind::HashList => Some(&mut *self.hashes),
            Kind::Container | Kind::ZipMember | Kind::RarMember => Some(&mut *self.containers),
            Kind::PhishingHosts | Kind::PhishingHashes | Kind::PhishingGood => {
                Some(&mut *self.phishing)
            }
            Kind::HostList | Kind::UrlList | Kind::AddressList | Kind::NetworkList => {
                Some(&mut *self.lists)
            }
            Kind::TypeMagic => Some(&mut *self.magic),
            _ => None,
        }
    }

    /// Takes a source of YARA rules.
    pub(crate) fn rules(&mut self, source: &Source, place: Place) -> Vec<(Place, LineProblem)> {
        self.yara.source(source, place)
    }

    /// Writes the sections, and the names that only now are known. What only now shows to be
    /// unusable is told.
    pub(crate) fn finish(
        self,
        names: &mut Names,
        ignored: &Ignored,
        writer: &mut Writer,
    ) -> Vec<(Place, LineProblem)> {
        self.yara.finish(names, ignored, writer);
        let readers: [Box<dyn LineCompiler>; 5] =
            [self.hashes, self.containers, self.phishing, self.lists, self.magic];
        readers.into_iter().flat_map(|reader| reader.finish(writer)).collect()
    }
}

/// Who looks for signatures: those that the pack has.
///
/// # Errors
/// When a section is damaged.
pub(crate) fn matchers(pack: &Pack) -> Result<Vec<Box<dyn Matcher>>, PackError> {
    let mut matchers: Vec<Box<dyn Matcher>> = vec![Box::new(HashMatcher::new(pack))];
    matchers.extend(ContainerMatcher::new(pack)?.map(|one| Box::new(one) as Box<dyn Matcher>));
    matchers.extend(PhishingMatcher::new(pack)?.map(|one| Box::new(one) as Box<dyn Matcher>));
    matchers.extend(ListMatcher::new(pack)?.map(|one| Box::new(one) as Box<dyn Matcher>));
    matchers.extend(YaraMatcher::new(pack)?.map(|one| Box::new(one) as Box<dyn Matcher>));
    Ok(matchers)
}

/// Takes a bundle apart.
///
/// # Errors
/// In words, when it cannot be trusted or read.
pub(crate) fn bundle(source: &Source, allows_unsigned: bool) -> Result<Vec<Source>, String> {
    let trust = if allows_unsigned { Trust::SignedOrNot } else { Trust::Signed };
    let bundle = cvd::open(source, trust, &PublicKey::clamav());
    bundle.map(|bundle| bundle.sources).map_err(|error| error.to_string())
}
