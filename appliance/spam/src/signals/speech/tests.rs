//! Acts of speech in several languages, and their honest twins.

use super::look;
use crate::made::{said_by, strength};
use crate::said::Said;

fn said(subject: &str, text: &str) -> Vec<Said> {
    let raw = format!(
        "From: a@example.org\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    );
    said_by(look, &raw)
}

fn acts(said: &[Said]) -> Vec<(&'static str, f32)> {
    said.iter().map(|one| (one.signal.name, one.strength)).collect()
}

fn assert_act(name: &str, subject: &str, text: &str) {
    let said = said(subject, text);
    assert!(strength(&said, name) > 0.35, "{name}: {:?} in {text}", acts(&said));
}

fn assert_calm(text: &str) {
    let said = said("hello", text);
    let loudest = said
        .iter()
        .filter(|one| matches!(one.signal.toward, crate::said::Toward::Unwanted(_)))
        .map(|one| one.strength * one.signal.prior)
        .sum::<f32>();
    assert!(loudest < 0.9, "{:?} in {text}", acts(&said));
}

const LINK: &str = "http://a.example/x";

#[test]
fn credentials_are_asked_for_in_many_languages() {
    for text in [
        "Your account will be suspended within 24 hours. Please verify your password, click here",
        "Ihr Konto wird gesperrt. Bitte bestätigen Sie innerhalb von 24 Stunden Ihre Zugangsdaten über den folgenden Link",
        "Votre compte sera suspendu. Veuillez confirmer vos identifiants sous 24 heures en cliquant ici",
        "Su cuenta será suspendida. Verifique su contraseña en 24 horas, haga clic aquí",
        "Il tuo conto verrà sospeso. Conferma le credenziali entro 24 ore, clicca qui",
        "Sua conta será suspensa. Confirme sua senha em 24 horas, clique aqui",
        "Uw account wordt geblokkeerd. Bevestig binnen 24 uur uw wachtwoord, klik hier",
        "Twoje konto zostanie zablokowane. Potwierdź hasło w ciągu 24 godzin, kliknij tutaj",
        "Ваш аккаунт будет заблокирован. Подтвердите пароль в течение 24 часов, перейдите по ссылке",
        "お客様のアカウントは停止されます。24時間以内にパスワードをご確認ください。こちらからログイン",
        "您的账户将被冻结，请在24小时内点击链接验证密码",
    ] {
        assert_act("asks-credentials", "x", &format!("{text} {LINK}"));
        assert_act("account-threat", "x", &format!("{text} {LINK}"));
    }
}

#[test]
fn lures_of_today_are_acts() {
    for (name, text) in [
        (
            "storage-full",
            "Your mailbox storage is almost full. Upgrade your quota now or your emails will be deleted",
        ),
        (
            "held-mail",
            "You have 5 pending messages that failed to reach your mailbox. Review and release messages below",
        ),
        (
            "payment-failed",
            "We could not process your payment. Update your billing information to keep your subscription, click here",
        ),
        (
            "parcel-held",
            "Your parcel is on hold because of an unpaid customs fee of 1,99 €. Confirm the delivery here",
        ),
        (
            "parcel-held",
            "Ihr Paket konnte nicht zugestellt werden. Bitte bezahlen Sie die Zollgebühr von 2,99 € über den Link",
        ),
        (
            "refund-waiting",
            "You are eligible for a tax refund of 420 GBP. Click here and enter your card details",
        ),
        (
            "unpaid-fine",
            "You have an unpaid toll of $6.99. Pay immediately to avoid late fees and suspension of your registration",
        ),
        (
            "document-waiting",
            "Anna shared a document with you. Click to view document and sign in before it expires",
        ),
        ("voicemail-waiting", "You have a new voicemail from a caller. Listen to the message here"),
        (
            "scan-to-sign-in",
            "Your authenticator expires today. Scan the QR code with your phone to verify your account",
        ),
        (
            "password-expires",
            "Your password expires today. Keep the current password by clicking below or lose access to your mailbox",
        ),
        (
            "wallet",
            "Connect your wallet and verify your recovery phrase before your account is suspended",
        ),
        (
            "legal-threat",
            "Copyright infringement: your page will be disabled within 24 hours. Open the attached complaint",
        ),
    ] {
        assert_act(name, "x", &format!("{text} {LINK}"));
    }
}

#[test]
fn a_charge_with_a_number_to_call_is_a_callback_scam() {
    let text = "Thank you for your purchase. Your Norton subscription was renewed and $399.99 will be charged today. To cancel call our support at +1 (808) 555-0142";
    assert_act("call-about-a-charge", "Invoice", text);
    let without = text.replace("+1 (808) 555-0142", "any time");
    assert!(strength(&said("Invoice", &without), "call-about-a-charge") == 0.0);
}

#[test]
fn impostors_ask_without_links() {
    for (name, text) in [
        (
            "availability-probe",
            "Are you at your desk? I need a quick favor, I'm in a meeting and can't talk.",
        ),
        (
            "availability-probe",
            "Bist du im Büro? Ich bin in einer Besprechung, brauche deine Hilfe.",
        ),
        (
            "availability-probe",
            "Êtes-vous disponible ? Je suis en réunion, j'ai besoin de votre aide.",
        ),
        (
            "availability-probe",
            "¿Estás disponible? Estoy en una reunión y necesito que hagas algo urgente.",
        ),
        ("availability-probe", "Sei in ufficio? Sono in riunione, ho bisogno di un favore."),
        ("availability-probe", "Está no escritório? Estou em reunião e preciso de um favor."),
        (
            "gift-card-request",
            "I need you to buy 5 Apple gift cards for a client. Scratch the back and send me the codes, it is a surprise.",
        ),
        (
            "gift-card-request",
            "Ich brauche deine Hilfe: besorge Google Play Karten als Überraschung, ich sitze in einer Besprechung.",
        ),
        (
            "secret-payment",
            "We need an urgent wire transfer today for a confidential acquisition. Do not tell anyone, I am in meetings.",
        ),
        (
            "bank-details-change",
            "Please note that we changed our bank. Pay the open invoice to our new account details attached, IBAN below.",
        ),
        (
            "payroll-change",
            "I want to change my direct deposit to a new bank account before the next pay date.",
        ),
        (
            "payroll-change",
            "Ich möchte meine Bankverbindung für das Gehalt ändern, hier die neue IBAN.",
        ),
    ] {
        assert_act(name, "x", text);
    }
}

#[test]
fn frauds_of_any_year_are_acts() {
    for (name, text) in [
        (
            "extortion",
            "I recorded you through your webcam on a porn site. Pay 1000 USD in bitcoin to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT within 48 hours or I will send the video to all your contacts, your friends and family.",
        ),
        (
            "advance-fee",
            "I am the barrister of a late client who died without next of kin. I seek your assistance to transfer the sum of 12 million US dollars, 40% for you. This business proposal is confidential; reply to my private email with your full name and telephone number.",
        ),
        (
            "donation-fraud",
            "Dearest beloved, I am a widow dying of cancer and wish to donate 5 million dollars to charity and orphans through you. God bless you, reply to my private email for more details.",
        ),
        (
            "lottery",
            "Congratulations, your email won the lottery! Ticket number 56, batch number 7. To claim your prize of 1,000,000 euros contact the claims agent with your full name.",
        ),
        (
            "investment",
            "Invest in bitcoin with our trading platform: guaranteed returns, daily profit of 10%, double your money. Join now and contact me on whatsapp.",
        ),
        (
            "easy-job",
            "Job offer: work from home, part time, no experience, $500 per week. Reply with your full name and phone number.",
        ),
        (
            "loan-offer",
            "We offer personal loans at an interest rate of 2%, bad credit accepted, no credit check. Apply today, reply with your full name and amount of money.",
        ),
        (
            "reward-survey",
            "You have been selected! Answer a short survey and claim your free iPhone gift, only today. Click here",
        ),
    ] {
        assert_act(name, "x", &format!("{text} {LINK}"));
    }
}

#[test]
fn honest_twins_are_calm() {
    for text in [
        "Hi Tom, are you free for lunch on Friday? Cheers, Ann",
        "Your order 4711 has shipped and will be delivered on Tuesday. Track it at https://shop.example/t/1",
        "The meeting moved to room 4. Agenda attached.",
        "Hallo Jens, anbei die Rechnung für März wie besprochen. Viele Grüße, Petra",
        "Someone asked to reset the password of your account. If you did not request this, you can safely ignore this email. https://site.example/reset",
        "Your verification code is 381204. It expires in 10 minutes. Never share this code with anyone, we will never ask for it.",
        "Your monthly statement is ready. Sign in to online banking as usual to read it. We will never ask for your password.",
        "Thanks for the patch, I applied it to the kernel tree. The password prompt in the login module has a bug, see the stack trace.",
        "Votre facture du mois est disponible dans votre espace client.",
    ] {
        assert_calm(text);
    }
}

#[test]
fn an_act_counts_for_less_in_a_long_text() {
    let act = "Your account will be suspended within 24 hours. Please verify your password, click here http://a.example/x ";
    let long = format!("{act}{}", "The river runs past old houses towards the sea. ".repeat(120));
    assert!(
        strength(&said("x", &long), "account-threat")
            < strength(&said("x", act), "account-threat") / 2.0
    );
}

#[test]
fn honest_words_and_talk_speak_for_mail() {
    let notice = said(
        "x",
        "If you did not request this, ignore this email. We will never ask for your password.",
    );
    assert!(strength(&notice, "honest-notice") > 0.5 && strength(&notice, "never-asks") > 0.5);
    let talk = said(
        "x",
        "Thanks for the photos! I think the kids loved it. See you next week, how about lunch? Cheers",
    );
    assert!(strength(&talk, "talk") > 0.3, "{:?}", acts(&talk));
    let code = said(
        "x",
        "The patch fixes the segfault in the parser, see the stack trace in bugzilla; it compiles with gcc on debian.",
    );
    assert!(strength(&code, "technical-talk") > 0.3, "{:?}", acts(&code));
}

#[test]
fn evidence_is_the_sentence_itself() {
    let said = said(
        "x",
        "Hello you. Your account will be suspended within 24 hours unless you verify your password, click here http://a.example/x",
    );
    let threat = said.iter().find(|one| one.signal.name == "account-threat").unwrap();
    assert!(threat.evidence.contains("your account will be suspended"), "{}", threat.evidence);
}
