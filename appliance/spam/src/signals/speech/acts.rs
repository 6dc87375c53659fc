//! The acts: which classes of words make one, and what makes it complete.

use mail::SpamClass;

use crate::lexicon::Class::{
    Account, ActNow, Attached, Available, Bank, BankChange, Beneficiary, Blackmail, Busy, Cancel,
    Card, Charge, Click, Coin, Consent, Credit, Crypto, Deadline, Document, Download, Expire, Fail,
    Favour, Fax, Fee, Fund, Gift, GiftCard, Greeting, Guarantee, Hold, HomeWork, Hype, Identity,
    Income, Inherit, Invest, Invoice, Job, Legal, Link, Loan, Login, Lose, Lottery, Mailbox,
    Message, Mfa, Million, Mobile, Money, Offer, Open, Order, Parcel, Password, Payment, Payroll,
    Percent, Phone, Pity, PrivateReply, Prize, Profit, Qr, Refund, Renewal, Reward, Secret,
    Security, Shared, Sign, Storage, Subscription, Survey, Suspend, Tax, Team, Toll, Trusted,
    Unusual, Update, Urgent, Verify, Video, Voicemail, Wallet, Win, Wire,
};
use crate::lexicon::{Class, Set};
use crate::said::{Group, Signal, Toward};

/// How a reader is to do what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By a link or a file.
    Link,
    /// By telephone.
    Call,
    /// By an answer.
    Answer,
    /// However it may be.
    Any,
}

/// One act.
pub(super) struct Act {
    pub signal: &'static Signal,
    /// All of these in neighbouring sentences, the subject read with them.
    pub needs: &'static [Set],
    /// Each of these anywhere makes it more complete.
    pub more: &'static [Set],
    /// Different words of the first at least.
    pub own: u32,
    /// Different words of all of these at least.
    pub least: u32,
    pub way: Way,
    /// Whether what it needs may stand far apart.
    pub is_wide: bool,
}

impl Act {
    /// Every class that belongs to it.
    pub fn all(&self) -> Set {
        let every = self.needs.iter().chain(self.more);
        every.fold(Set::default(), |all, one| all.with(*one))
    }
}

const fn of(classes: &[Class]) -> Set {
    Set::of(classes)
}

const fn signal(name: &'static str, class: SpamClass, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Speech, toward: Toward::Unwanted(Some(class)), prior, words }
}

const PHISHING: SpamClass = SpamClass::Phishing;
const IMPOSTOR: SpamClass = SpamClass::Impostor;
const SPAM: SpamClass = SpamClass::Spam;

pub(super) const CREDENTIALS: Signal =
    signal("asks-credentials", PHISHING, 1.2, "asks to sign in or to confirm an account by a link");
pub(super) const THREAT: Signal = signal(
    "account-threat",
    PHISHING,
    2.0,
    "threatens the loss of an account unless something is done soon",
);
pub(super) const FULL: Signal =
    signal("storage-full", PHISHING, 1.8, "says that a mailbox or storage is full and asks to act");
pub(super) const HELD_MAIL: Signal =
    signal("held-mail", PHISHING, 1.8, "says that mail is held back and asks to fetch it");
pub(super) const PAYMENT_FAILED: Signal = signal(
    "payment-failed",
    PHISHING,
    1.2,
    "says that a payment failed and asks for payment details",
);
pub(super) const PARCEL: Signal =
    signal("parcel-held", PHISHING, 1.8, "says that a parcel waits for a fee or an address");
pub(super) const REFUND: Signal =
    signal("refund-waiting", PHISHING, 1.5, "promises a refund to whoever follows the link");
pub(super) const FINE: Signal =
    signal("unpaid-fine", PHISHING, 1.5, "demands a fine or a toll soon");
pub(super) const DOCUMENT: Signal = signal(
    "document-waiting",
    PHISHING,
    0.9,
    "says that a shared or signed document waits behind a link",
);
pub(super) const VOICEMAIL: Signal = signal(
    "voicemail-waiting",
    PHISHING,
    1.5,
    "says that a voice message waits behind a link or in a file",
);
pub(super) const SCAN: Signal = signal(
    "scan-to-sign-in",
    PHISHING,
    2.0,
    "asks to scan a code for an account, a document or pay",
);
pub(super) const RENEW: Signal = signal(
    "password-expires",
    PHISHING,
    1.8,
    "says that a password or second factor ends and asks to renew it by a link",
);
pub(super) const CALLBACK: Signal = signal(
    "call-about-a-charge",
    PHISHING,
    2.5,
    "names a charge that nobody made and a number to call",
);
pub(super) const GIFT_CARD: Signal =
    signal("gift-card-request", IMPOSTOR, 2.8, "asks to buy gift cards as a favour");
pub(super) const SECRET_PAYMENT: Signal =
    signal("secret-payment", IMPOSTOR, 2.0, "asks for a payment that is urgent and secret");
pub(super) const BANK_CHANGE: Signal =
    signal("bank-details-change", IMPOSTOR, 1.5, "says that bank details changed");
pub(super) const PAYROLL: Signal =
    signal("payroll-change", IMPOSTOR, 2.0, "asks to pay wages to another account");
pub(super) const EXTORTION: Signal =
    signal("extortion", SPAM, 3.2, "threatens to publish recordings unless it is paid");
pub(super) const ADVANCE: Signal =
    signal("advance-fee", SPAM, 3.0, "offers a share of a great sum to a stranger");
pub(super) const DONATION: Signal =
    signal("donation-fraud", SPAM, 2.5, "offers money for charity out of pity or piety");
pub(super) const LOTTERY: Signal = signal("lottery", SPAM, 2.5, "says that a lottery was won");
pub(super) const INVESTMENT: Signal =
    signal("investment", SPAM, 1.6, "promises profit from an investment");
pub(super) const JOB: Signal = signal("easy-job", SPAM, 1.6, "offers easy work with good pay");
pub(super) const LOAN: Signal = signal("loan-offer", SPAM, 1.6, "offers a loan to a stranger");
pub(super) const REWARD: Signal =
    signal("reward-survey", SPAM, 1.5, "promises a prize for a survey or a click");
pub(super) const WALLET: Signal =
    signal("wallet", PHISHING, 1.8, "asks to open or confirm a wallet of coins");
pub(super) const LEGAL: Signal =
    signal("legal-threat", PHISHING, 1.2, "threatens with law and asks to open something");
pub(super) const CONSENT: Signal =
    signal("consent", PHISHING, 0.7, "asks to let a program into an account");
pub(super) const ALARM: Signal =
    signal("alarm", PHISHING, 1.2, "reports something suspicious and asks to act by a link");

pub(super) const PRESSED: Signal =
    signal("pressed-to-click", PHISHING, 0.6, "presses its reader in few words to follow a link");

/// Threats, and haste.
const PRESSURE: Set = of(&[Urgent, Deadline]);
const DOING: Set = of(&[Click, Open, Link, Qr]);
const PROVING: Set = of(&[Verify, Update, Login]);
const ENDING: Set = of(&[Suspend, Lose, Expire]);
const VOICE: Set = of(&[Greeting, Team]);

pub(super) const ACTS: &[Act] = &[
    Act {
        signal: &CREDENTIALS,
        needs: &[
            of(&[Account, Password, Mailbox]),
            of(&[Verify, Update, Login]),
            of(&[Click, Open, Link]),
        ],
        more: &[ENDING, PRESSURE, of(&[Greeting, Team, Security]), of(&[Password, Identity, Card])],
        own: 1,
        least: 4,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &THREAT,
        needs: &[of(&[Account, Mailbox, Password, Card, Bank, Subscription]), ENDING, PRESSURE],
        more: &[PROVING, DOING, VOICE, of(&[Unusual, Fail, Security])],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &FULL,
        needs: &[
            of(&[Storage]),
            of(&[Mailbox, Account, Message]),
            of(&[Suspend, Lose, Fail, Expire, Update, Verify, Hold]),
        ],
        more: &[DOING, PRESSURE, VOICE, of(&[Lose, Suspend])],
        own: 2,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &HELD_MAIL,
        needs: &[of(&[Message]), of(&[Hold, Fail]), of(&[Mailbox]), of(&[Open, Click, Verify])],
        more: &[PRESSURE, VOICE, of(&[Lose, Suspend, Storage]), of(&[Login, Verify])],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &PAYMENT_FAILED,
        needs: &[
            of(&[Payment, Subscription, Card, Invoice]),
            of(&[Fail, Hold, Expire, Suspend]),
            of(&[Update, Verify]),
            DOING,
        ],
        more: &[PRESSURE, of(&[Lose, Suspend]), of(&[Card]), of(&[Subscription]), VOICE],
        own: 1,
        least: 6,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &PARCEL,
        needs: &[of(&[Parcel]), of(&[Hold, Fail]), of(&[Fee, Payment, Verify, Update, Identity])],
        more: &[
            DOING,
            PRESSURE,
            of(&[Money, Fee]),
            of(&[Payment, Card]),
            of(&[Lose, Expire, Verify]),
        ],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &REFUND,
        needs: &[
            of(&[Refund]),
            of(&[Tax, Bank, Card, Payment, Account, Toll]),
            of(&[Click, Login, Verify, Identity]),
        ],
        more: &[PRESSURE, of(&[Money, Fund]), of(&[Identity, Card, Bank]), of(&[Tax, Verify])],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &FINE,
        needs: &[
            of(&[Toll]),
            of(&[Payment, Fee, Invoice]),
            of(&[Deadline, Urgent, Suspend, Legal]),
        ],
        more: &[DOING, of(&[Money]), of(&[Legal, Suspend]), PRESSURE],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &DOCUMENT,
        needs: &[
            of(&[Shared, Sign, Fax]),
            of(&[Document, Message]),
            of(&[Open, Click, Login, Download]),
        ],
        more: &[
            of(&[Login, Password, Verify]),
            of(&[Expire, Deadline, Urgent, Secret]),
            of(&[Payment, Invoice, Payroll]),
        ],
        own: 1,
        least: 4,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &VOICEMAIL,
        needs: &[of(&[Voicemail]), of(&[Open, Click, Attached, Link])],
        more: &[of(&[Message, Phone]), of(&[Mailbox, Login]), of(&[Expire, Urgent, Lose])],
        own: 1,
        least: 3,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &SCAN,
        needs: &[
            of(&[Qr]),
            of(&[Mfa, Security, Account, Document, Payroll, Sign, Verify, Password]),
        ],
        more: &[
            of(&[Expire, Deadline, Urgent]),
            PROVING,
            of(&[Mfa, Payroll, Sign, Tax]),
            of(&[Team, Greeting, Security]),
        ],
        own: 1,
        least: 4,
        way: Way::Any,
        is_wide: false,
    },
    Act {
        signal: &RENEW,
        needs: &[
            of(&[Mfa, Password]),
            of(&[Expire]),
            of(&[Deadline, Lose, Suspend, Urgent]),
            of(&[Click, Qr, Update]),
        ],
        more: &[of(&[Mailbox, Account]), VOICE, of(&[Verify, Login]), of(&[Lose, Suspend])],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &CALLBACK,
        needs: &[
            of(&[Charge, Renewal, Subscription, Invoice]),
            of(&[Phone]),
            of(&[Cancel, Refund, Unusual]),
        ],
        more: &[
            of(&[Subscription]),
            of(&[Renewal, Charge]),
            of(&[Money, Fund]),
            of(&[Deadline, Urgent]),
        ],
        own: 1,
        least: 5,
        way: Way::Call,
        is_wide: true,
    },
    Act {
        signal: &GIFT_CARD,
        needs: &[of(&[GiftCard]), of(&[Favour, Available, Busy, Secret, Mobile])],
        more: &[of(&[Busy, Available]), of(&[Secret, Urgent]), of(&[Favour])],
        own: 1,
        least: 3,
        way: Way::Answer,
        is_wide: true,
    },
    Act {
        signal: &SECRET_PAYMENT,
        needs: &[of(&[Wire, Bank, Payment]), of(&[Secret]), of(&[Urgent, Favour, Deadline, Busy])],
        more: &[
            of(&[Available, Busy, Favour]),
            of(&[Wire]),
            of(&[Invoice, Bank, Legal]),
            of(&[PrivateReply, Trusted]),
        ],
        own: 1,
        least: 4,
        way: Way::Answer,
        is_wide: true,
    },
    Act {
        signal: &BANK_CHANGE,
        needs: &[of(&[BankChange]), of(&[Payment, Invoice, Bank, Wire])],
        more: &[
            of(&[Invoice]),
            of(&[Urgent, Deadline, Attached]),
            of(&[Bank]),
            of(&[Wire, Update]),
        ],
        own: 1,
        least: 3,
        way: Way::Answer,
        is_wide: true,
    },
    Act {
        signal: &PAYROLL,
        needs: &[of(&[Payroll]), of(&[BankChange])],
        more: &[of(&[Bank, Account]), of(&[Update, Favour]), of(&[Deadline, Urgent])],
        own: 1,
        least: 3,
        way: Way::Answer,
        is_wide: true,
    },
    Act {
        signal: &EXTORTION,
        needs: &[of(&[Video]), of(&[Blackmail]), of(&[Crypto, Coin, Payment, Legal])],
        more: &[of(&[Coin, Crypto]), of(&[Deadline]), of(&[Payment, Money, Fund])],
        own: 2,
        least: 6,
        way: Way::Any,
        is_wide: true,
    },
    Act {
        signal: &ADVANCE,
        needs: &[
            of(&[Fund, Million]),
            of(&[Beneficiary, Inherit]),
            of(&[PrivateReply, Identity, Trusted]),
        ],
        more: &[
            of(&[Million]),
            of(&[Trusted]),
            of(&[Secret]),
            of(&[Inherit]),
            of(&[Bank, Account]),
            of(&[Percent, Greeting, Identity]),
        ],
        own: 2,
        least: 9,
        way: Way::Answer,
        is_wide: true,
    },
    Act {
        signal: &DONATION,
        needs: &[of(&[Pity]), of(&[Fund, Million]), of(&[PrivateReply, Trusted, Beneficiary])],
        more: &[
            of(&[Million]),
            of(&[Inherit, Beneficiary]),
            of(&[Greeting, Secret]),
            of(&[PrivateReply]),
        ],
        own: 1,
        least: 8,
        way: Way::Answer,
        is_wide: true,
    },
    Act {
        signal: &LOTTERY,
        needs: &[
            of(&[Lottery]),
            of(&[Win, Prize]),
            of(&[Fund, Million, Money, PrivateReply, Identity]),
        ],
        more: &[
            of(&[Fund, Million, Money]),
            of(&[Identity, PrivateReply]),
            of(&[Reward]),
            of(&[Secret, Beneficiary]),
        ],
        own: 2,
        least: 6,
        way: Way::Any,
        is_wide: true,
    },
    Act {
        signal: &INVESTMENT,
        needs: &[
            of(&[Invest, Crypto]),
            of(&[Profit, Income]),
            of(&[Guarantee, Hype, ActNow, Order, PrivateReply, Mobile]),
        ],
        more: &[
            of(&[Guarantee, Hype]),
            of(&[Money, Percent, Fund]),
            of(&[ActNow, Order]),
            of(&[Crypto, Income]),
        ],
        own: 1,
        least: 7,
        way: Way::Any,
        is_wide: true,
    },
    Act {
        signal: &JOB,
        needs: &[
            of(&[Job]),
            of(&[Income, HomeWork, Money]),
            of(&[PrivateReply, Mobile, Order, Identity]),
        ],
        more: &[
            of(&[HomeWork, Income]),
            of(&[Money]),
            of(&[Mobile, PrivateReply]),
            of(&[Guarantee, Hype, Greeting]),
        ],
        own: 1,
        least: 7,
        way: Way::Any,
        is_wide: true,
    },
    Act {
        signal: &LOAN,
        needs: &[
            of(&[Loan]),
            of(&[Offer, Credit, Guarantee, Percent]),
            of(&[PrivateReply, Identity, Order, Click]),
        ],
        more: &[of(&[Percent]), of(&[Credit]), of(&[Money, Fund]), of(&[Identity, PrivateReply])],
        own: 1,
        least: 6,
        way: Way::Any,
        is_wide: true,
    },
    Act {
        signal: &REWARD,
        needs: &[
            of(&[Survey, Win, Reward]),
            of(&[Prize, Gift]),
            of(&[Click, Order, ActNow, Deadline]),
        ],
        more: &[of(&[Survey]), of(&[Win]), of(&[ActNow, Deadline, Urgent]), of(&[Reward])],
        own: 1,
        least: 6,
        way: Way::Link,
        is_wide: true,
    },
    Act {
        signal: &WALLET,
        needs: &[
            of(&[Wallet, Crypto]),
            of(&[Verify, Update, Login, Reward]),
            of(&[Urgent, Deadline, Suspend, Expire, Click]),
        ],
        more: &[
            of(&[Wallet]),
            of(&[Suspend, Lose, Expire]),
            PRESSURE,
            of(&[Security, Greeting, Team]),
        ],
        own: 2,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &LEGAL,
        needs: &[
            of(&[Legal]),
            of(&[Urgent, Deadline, Suspend, Lose]),
            of(&[Click, Open, Attached]),
        ],
        more: &[
            PRESSURE,
            of(&[Account, Suspend]),
            of(&[Greeting, Team]),
            of(&[Verify, Payment, Download]),
        ],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &CONSENT,
        needs: &[of(&[Consent]), of(&[Account, Mailbox, Document]), of(&[Click, Login, Open])],
        more: &[PRESSURE, of(&[Security, Verify])],
        own: 1,
        least: 4,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &ALARM,
        needs: &[
            of(&[Unusual]),
            of(&[Account, Card, Bank, Mailbox, Payment]),
            of(&[Verify, Click, Login, Phone]),
        ],
        more: &[PRESSURE, ENDING, of(&[Greeting, Team]), of(&[Verify, Identity])],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
    Act {
        signal: &PRESSED,
        needs: &[
            of(&[Account, Mailbox, Password, Card, Bank, Parcel, Payment, Document, Message, Tax]),
            of(&[Urgent, Deadline, Suspend, Lose, Expire, Fail, Hold]),
            of(&[Click, Open, Login, Verify, Update]),
        ],
        more: &[PRESSURE, ENDING, VOICE, PROVING],
        own: 1,
        least: 5,
        way: Way::Link,
        is_wide: false,
    },
];
