use super::*;

fn mail(url: &str) -> config::Mail {
    let from = Some("IotaBackup <backup@example.org>".to_owned());
    config::Mail { smtp_url: Some(url.into()), smtp_from: from, ..config::Mail::default() }
}

fn secret() -> Option<Zeroizing<String>> {
    Some(Zeroizing::new("secret".into()))
}

#[test]
fn without_an_address_there_are_no_mails() {
    assert!(Mailer::new(&config::Mail::default(), None).unwrap().is_none());
}

#[test]
fn tls_is_what_happens_beyond_loopback() {
    let transport = |url: &str, plain: bool| {
        let mail = config::Mail { smtp_plain: plain, ..mail(url) };
        format!("{:?}", Mailer::new(&mail, None).unwrap().unwrap().transport)
    };
    for (url, plain, tls, port) in [
        ("smtp://mail.example.org", false, "tls: Required", 587),
        ("smtp://mail.example.org:2525", false, "tls: Required", 2525),
        ("smtps://mail.example.org", true, "tls: Wrapper", 465),
        ("smtps://localhost", false, "tls: Wrapper", 465),
        ("smtp://mail.example.org", true, "tls: None", 25),
        ("smtp://localhost", false, "tls: None", 25),
        ("smtp://[::1]:26", false, "tls: None", 26),
    ] {
        let built = transport(url, plain);
        assert!(built.contains(tls) && built.contains(&format!("port: {port}")), "{url}: {built}");
    }
}

#[test]
fn settings_that_would_not_work_are_refused() {
    for url in [
        "mail.example.org",
        "http://mail",
        "smtp://ada:secret@mail",
        "smtp://ada@mail",
        "smtp://",
        "smtp://mail/path",
        "",
    ] {
        assert!(matches!(Mailer::new(&mail(url), None), Err(MailConfigError::Url)), "{url}");
    }
    for from in [None, Some(""), Some("nobody"), Some("a@b.org\r\nBcc: c@d.org")] {
        let mail = config::Mail { smtp_from: from.map(Into::into), ..mail("smtp://mail") };
        assert!(matches!(Mailer::new(&mail, None), Err(MailConfigError::From)), "{from:?}");
    }
    let user = |url: &str, plain| config::Mail { smtp_user: Some("ada".into()), smtp_plain: plain, ..mail(url) };
    assert!(matches!(Mailer::new(&user("smtp://mail", false), None), Err(MailConfigError::HalfLogin)));
    assert!(matches!(Mailer::new(&mail("smtp://mail"), secret()), Err(MailConfigError::HalfLogin)));
    assert!(matches!(Mailer::new(&user("smtp://mail", true), secret()), Err(MailConfigError::PlainPassword)));
    assert!(Mailer::new(&user("smtp://mail", false), secret()).is_ok());
    assert!(Mailer::new(&user("smtp://127.0.0.1", false), secret()).is_ok());
}

#[test]
fn an_address_is_one_mailbox() {
    for good in ["ada@example.org", "ada.lovelace+x@sub.example.org", "ada@[192.0.2.1]"] {
        assert!(parse_address(good).is_some(), "{good}");
    }
    let long = format!("{}@example.org", "a".repeat(250));
    for bad in [
        "",
        "ada",
        "ada@",
        "@example.org",
        "Ada <ada@example.org>",
        "a@b.org, c@d.org",
        "a@b.org\r\nBcc: c@d.org",
        "a@b.org>\r\nRCPT TO:<c@d.org",
        "\"a\r\n\"@b.org",
        "a b@c.org",
        "a@b.org\0",
        &long,
    ] {
        assert!(parse_address(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn nothing_in_a_text_becomes_a_header() {
    let mailer = Mailer::new(&mail("smtp://mail"), None).unwrap().unwrap();
    let text = Text {
        message_id: [7; 16],
        subject: "one\r\nBcc: eve@example.org\r\n\r\nbody".into(),
        body: "Bcc: eve@example.org\r\n.\r\nMAIL FROM:<eve@example.org>\r\n".into(),
    };
    let message = String::from_utf8(mailer.message("ada@example.org", &text, 0).unwrap().formatted()).unwrap();
    let (headers, body) = message.split_once("\r\n\r\n").unwrap();
    let names: Vec<_> = headers.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| !name.eq_ignore_ascii_case("bcc")), "{headers}");
    assert!(headers.contains(&format!("Message-ID: <{}@example.org>", "07".repeat(16))), "{headers}");
    assert!(
        headers.contains("Auto-Submitted: auto-generated") && headers.contains("Date: Thu, 01 Jan 1970"),
        "{headers}"
    );
    assert!(body.contains("eve@example.org"), "{body}");
    assert_eq!(
        mailer.message("ada@example.org\r\nBcc: eve@example.org", &text, 0).err().map(|e| e.concerns_all()),
        Some(false)
    );
}
