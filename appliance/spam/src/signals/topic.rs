//! What the text is about: what is sold to strangers, and how it is praised.
//!
//! A topic is a number of different words of its class in little text, together with talk that
//! sells; single words mean nothing. The topics are a table.

use mail::SpamClass;

use crate::lexicon::{Class, Meaning, Set};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::{LinkKind, Sight};

const fn signal(name: &'static str, prior: f32, words: &'static str) -> Signal {
    let toward = Toward::Unwanted(Some(SpamClass::Spam));
    Signal { name, group: Group::Topic, toward, prior, words }
}

const PHARMACY: Signal = signal("pharmacy", 2.5, "sells medicine");
const ENLARGE: Signal = signal("potency", 2.8, "promises potency");
const SEX: Signal = signal("sexual", 2.5, "offers sexual content");
const DATING: Signal = signal("dating", 1.4, "offers acquaintance");
const CASINO: Signal = signal("gambling", 2.0, "offers gambling");
const PSYCHIC: Signal = signal("fortune-telling", 1.8, "offers to tell fortunes");
const REPLICA: Signal = signal("replicas", 2.0, "sells copies of luxury goods");
const DIPLOMA: Signal = signal("diplomas", 2.4, "sells degrees");
const OEM: Signal = signal("cheap-software", 1.8, "sells software far too cheap");
const MORTGAGE: Signal = signal("mortgages", 1.8, "offers mortgages or an end of debts");
const STOCK: Signal = signal("stock-tip", 2.0, "praises a share");
const HOME_WORK: Signal = signal("home-income", 2.2, "promises income from home");
const MLM: Signal = signal("multi-level", 1.8, "recruits for a pyramid");
const WEIGHT: Signal = signal("body-remedies", 1.8, "sells loss of weight or youth");
const INSURANCE: Signal = signal("insurance-offer", 1.3, "offers insurance");
const HOUSE: Signal = signal("home-improvement", 1.2, "offers works on the house");
const GADGET: Signal = signal("gadgets", 1.0, "sells gadgets");
const SEARCH: Signal = signal("search-ranking", 2.0, "offers search ranking or web design unasked");
const LEADS: Signal = signal("address-lists", 2.0, "offers lists of contacts unasked");
const SUPPLIES: Signal = signal("factory-supplies", 1.2, "offers supplies unasked");
const CONFERENCE: Signal =
    signal("journal-invitation", 1.2, "invites strangers to journals or meetings");
const TRAVEL: Signal = signal("travel-prize", 1.2, "offers a trip");
const CHAIN: Signal = signal("chain-letter", 2.2, "is a chain letter");
const BULK: Signal = signal("bulk-mailing", 2.2, "sells mass mailing");
const EXCUSE: Signal =
    signal("spam-excuse", 0.9, "says at length that it is no spam and how to be removed");
const SELLING: Signal =
    signal("selling-talk", 1.2, "sells with many kinds of praise and haste in little text");
const COLD: Signal = signal("cold-offer", 1.2, "offers services of a stranger's company");
const EASY_MONEY: Signal = signal("easy-money", 1.2, "speaks of much money, easily made");

/// Words of a short text.
const SHORT: u32 = 70;

/// One topic.
struct Topic {
    signal: &'static Signal,
    /// What it is about.
    about: Set,
    /// One of these has to be there too, unless there are very many words of the topic.
    with: Set,
    /// Different words of it at least.
    least: u32,
}

const fn of(classes: &[Class]) -> Set {
    Set::of(classes)
}

/// Talk that sells.
const PRAISE: Set = of(&[
    Class::Offer,
    Class::Discount,
    Class::Cheap,
    Class::Free,
    Class::Order,
    Class::Guarantee,
    Class::Hype,
    Class::ActNow,
    Class::Removal,
    Class::Income,
    Class::TollFree,
]);
const SELLS: Set = of(&[
    Class::Offer,
    Class::Discount,
    Class::Cheap,
    Class::Free,
    Class::Order,
    Class::Guarantee,
    Class::Hype,
    Class::ActNow,
    Class::Removal,
    Class::Click,
    Class::Link,
    Class::Money,
    Class::Percent,
]);
/// What a stranger offers besides a link.
const STRANGER: Set = of(&[
    Class::Click,
    Class::Link,
    Class::Email,
    Class::PrivateReply,
    Class::Mobile,
    Class::Greeting,
]);
const UNASKED: Set = of(&[Class::Cold, Class::PrivateReply, Class::Greeting, Class::Removal]);

const TOPICS: &[Topic] = &[
    Topic { signal: &PHARMACY, about: of(&[Class::Pharmacy]), with: SELLS, least: 2 },
    Topic { signal: &ENLARGE, about: of(&[Class::Enlarge]), with: SELLS, least: 2 },
    Topic { signal: &SEX, about: of(&[Class::Sex]), with: SELLS, least: 3 },
    Topic { signal: &DATING, about: of(&[Class::Dating]), with: STRANGER, least: 3 },
    Topic { signal: &CASINO, about: of(&[Class::Casino]), with: SELLS, least: 3 },
    Topic { signal: &PSYCHIC, about: of(&[Class::Psychic]), with: SELLS, least: 3 },
    Topic { signal: &REPLICA, about: of(&[Class::Replica]), with: SELLS, least: 2 },
    Topic { signal: &DIPLOMA, about: of(&[Class::Diploma]), with: PRAISE, least: 4 },
    Topic {
        signal: &OEM,
        about: of(&[Class::Oem]),
        with: of(&[Class::Money, Class::Discount, Class::Cheap]),
        least: 4,
    },
    Topic {
        signal: &MORTGAGE,
        about: of(&[Class::Mortgage, Class::Credit]),
        with: PRAISE,
        least: 3,
    },
    Topic {
        signal: &STOCK,
        about: of(&[Class::Stock]),
        with: of(&[Class::Hype, Class::ActNow, Class::Profit, Class::Money]),
        least: 6,
    },
    Topic {
        signal: &HOME_WORK,
        about: of(&[Class::HomeWork, Class::Income]),
        with: PRAISE,
        least: 4,
    },
    Topic {
        signal: &MLM,
        about: of(&[Class::Mlm]),
        with: of(&[Class::Income, Class::HomeWork]),
        least: 4,
    },
    Topic { signal: &WEIGHT, about: of(&[Class::Weight, Class::Youth]), with: PRAISE, least: 4 },
    Topic { signal: &INSURANCE, about: of(&[Class::Insurance]), with: PRAISE, least: 3 },
    Topic { signal: &HOUSE, about: of(&[Class::Solar]), with: PRAISE, least: 3 },
    Topic { signal: &GADGET, about: of(&[Class::Gadget]), with: PRAISE, least: 3 },
    Topic { signal: &SEARCH, about: of(&[Class::Seo, Class::WebDesign]), with: UNASKED, least: 4 },
    Topic { signal: &LEADS, about: of(&[Class::Leads]), with: UNASKED, least: 4 },
    Topic { signal: &SUPPLIES, about: of(&[Class::Supplies]), with: UNASKED, least: 2 },
    Topic { signal: &CONFERENCE, about: of(&[Class::Conference]), with: UNASKED, least: 5 },
    Topic {
        signal: &TRAVEL,
        about: of(&[Class::Travel]),
        with: of(&[Class::Free, Class::Win, Class::Prize, Class::Guarantee, Class::Hype]),
        least: 3,
    },
    Topic {
        signal: &CHAIN,
        about: of(&[Class::Chain]),
        with: of(&[Class::Income, Class::Mlm, Class::Money, Class::Hype]),
        least: 4,
    },
    Topic { signal: &BULK, about: of(&[Class::BulkMail]), with: PRAISE, least: 4 },
    Topic { signal: &EXCUSE, about: of(&[Class::NotSpam, Class::Removal]), with: PRAISE, least: 3 },
    Topic {
        signal: &COLD,
        about: of(&[Class::Cold]),
        with: of(&[
            Class::Greeting,
            Class::Offer,
            Class::Seo,
            Class::WebDesign,
            Class::Leads,
            Class::Supplies,
            Class::Free,
        ]),
        least: 4,
    },
    Topic {
        signal: &EASY_MONEY,
        about: of(&[Class::Income, Class::Profit, Class::Invest]),
        with: of(&[Class::Hype, Class::Guarantee, Class::ActNow]),
        least: 6,
    },
];

pub(super) const SIGNALS: &[&Signal] = &[
    &PHARMACY,
    &ENLARGE,
    &SEX,
    &DATING,
    &CASINO,
    &PSYCHIC,
    &REPLICA,
    &DIPLOMA,
    &OEM,
    &MORTGAGE,
    &STOCK,
    &HOME_WORK,
    &MLM,
    &WEIGHT,
    &INSURANCE,
    &HOUSE,
    &GADGET,
    &SEARCH,
    &LEADS,
    &SUPPLIES,
    &CONFERENCE,
    &TRAVEL,
    &CHAIN,
    &BULK,
    &EXCUSE,
    &SELLING,
    &COLD,
    &EASY_MONEY,
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let meaning = &sight.meaning;
    let has_link = sight.links.iter().any(|link| link.kind != LinkKind::Fetched);
    let link = if has_link { of(&[Class::Link]) } else { Set::default() };
    for topic in TOPICS {
        let strength = strength(topic, meaning, link);
        if strength > 0.0 {
            say.that(topic.signal, strength, evidence(meaning, topic.about));
        }
    }
    selling(meaning, say);
}

/// How much of a text a topic is.
fn strength(topic: &Topic, meaning: &Meaning, link: Set) -> f32 {
    let words = meaning.distinct_of(topic.about);
    let is_with = meaning.all.with(link).meets(topic.with) || words >= topic.least * 3;
    // A short text has room for few words.
    let least = if meaning.words < SHORT { (topic.least - 1).max(2) } else { topic.least };
    if words < least || !is_with {
        return 0.0;
    }
    // Five different words in a hundred are all of it, the first sixty words counting whole.
    let dense = count(words) * 100.0 / count(meaning.words.max(60)) / 5.0;
    let many = count(words + 1 - least) / 4.0 + 0.25;
    dense.min(1.0) * many.min(1.0) * calm(meaning)
}

/// People talk about anything.
fn calm(meaning: &Meaning) -> f32 {
    match meaning.distinct(Class::Talk) + meaning.distinct(Class::Technical) {
        0..=3 => 1.0,
        4..=7 => 0.6,
        _ => 0.3,
    }
}

/// Many kinds of praise in little text. An honest shop praises too: it is asked for, and has no need
/// to promise miracles, income or removal.
fn selling(meaning: &Meaning, say: &mut Say) {
    const LOUD: Set = of(&[
        Class::Hype,
        Class::Guarantee,
        Class::ActNow,
        Class::Income,
        Class::Removal,
        Class::TollFree,
        Class::Free,
    ]);
    let loud = meaning.all.common(LOUD).len();
    let all = meaning.distinct_of(PRAISE);
    if loud < 3 || all < 6 {
        return;
    }
    let dense = count(all) * 100.0 / count(meaning.words.max(100)) / 8.0;
    let strength = dense.min(1.0) * (count(loud - 2) / 3.0).min(1.0) * calm(meaning);
    say.that(&SELLING, strength, evidence(meaning, LOUD));
}

fn evidence(meaning: &Meaning, about: Set) -> String {
    let disguised = meaning.disguised.iter().find(|one| one.set.meets(about));
    match disguised {
        Some(one) => format!("\u{201c}{}\u{201d} reads {}", one.written, one.reads),
        None => format!("\u{201c}{}\u{201d}", meaning.shown_with(about)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "few words")]
fn count(words: u32) -> f32 {
    words as f32
}

#[cfg(test)]
mod tests {
    use crate::made::{said_by, strength};

    fn of(name: &str, text: &str) -> f32 {
        let raw = format!(
            "From: a@example.org\r\nSubject: hello\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
        );
        strength(&said_by(super::look, &raw), name)
    }

    #[test]
    fn old_and_new_goods_are_known_with_the_talk_that_sells_them() {
        for (name, text) in [
            (
                "pharmacy",
                "Save on Viagra, Cialis and Xanax. No prescription needed! Order now from our online pharmacy.",
            ),
            (
                "potency",
                "Add inches to your manhood with male enhancement pills. Order today, satisfaction guaranteed.",
            ),
            ("sexual", "Hot babes, hardcore xxx porn and live girls for free. Click here."),
            (
                "gambling",
                "Online casino welcome bonus: 200 free spins on slots and roulette. Join now!",
            ),
            ("replicas", "Rolex replica watches, Louis Vuitton handbags at 90% discount. Buy now"),
            (
                "diplomas",
                "University diplomas. No required tests, no classes. Bachelors, masters, MBA, doctorate degree. Call now, 100% guaranteed.",
            ),
            (
                "mortgages",
                "Refinance now! Lowest rates, bad credit ok. Mortgage lenders compete for your home loan. Free quote.",
            ),
            (
                "home-income",
                "Work from home, be your own boss and earn money: financial freedom, unlimited income, thousands of dollars a month. Guaranteed!",
            ),
            (
                "search-ranking",
                "I came across your website. We offer SEO, link building, backlinks and website redesign to get on the first page of Google.",
            ),
            (
                "address-lists",
                "Would you be interested in an attendees list with verified contacts, email list, decision makers and job titles?",
            ),
            (
                "bulk-mailing",
                "Bulk email software! Millions of email addresses, opt in lists, targeted email. Advertise your business. Order now.",
            ),
            (
                "gambling",
                "Willkommensbonus im Online Casino: Freispiele an Spielautomaten, Sportwetten! Jetzt anmelden.",
            ),
            (
                "gambling",
                "Онлайн казино: фриспины, рулетка, ставки, игровые автоматы. Регистрируйся!",
            ),
        ] {
            assert!(of(name, text) > 0.3, "{name} {} in {text}", of(name, text));
        }
    }

    #[test]
    fn honest_mail_with_single_words_of_a_topic_is_none() {
        for (name, text) in [
            (
                "pharmacy",
                "Your prescription is ready. Pick it up at the pharmacy on Main Street until Friday.",
            ),
            ("sexual", "The study asks for age, sex and occupation of each person."),
            (
                "gambling",
                "I bet the train is late again. See you on Friday, we have a slot at ten.",
            ),
            ("diplomas", "My sister finished her masters and starts a PhD in Leeds."),
            ("mortgages", "The bank wrote about the mortgage, please call them."),
            (
                "search-ranking",
                "The search engine of the intranet is down, we are looking into it.",
            ),
            ("home-income", "I work from home on Friday, call me there."),
            (
                "selling-talk",
                "Save 20% on winter boots this week. Free delivery from 50 euros. Shop now.",
            ),
        ] {
            assert!(of(name, text) < 0.2, "{name} {} in {text}", of(name, text));
        }
    }

    #[test]
    fn talk_that_promises_all_at_once_is_selling() {
        let text = "Amazing secret! 100% guaranteed income, risk free. Act now, limited time, absolutely free. Call now, no obligation. To be removed reply with remove.";
        assert!(of("selling-talk", text) > 0.5);
    }
}
