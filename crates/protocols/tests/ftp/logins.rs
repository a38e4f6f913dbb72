//! Who may come in, and how often one may guess.

use std::time::{Duration, Instant};

use protocols::ftp::server::Settings;

use crate::server::{Folder, Server, settings, under_each_shell};

#[test]
fn nothing_is_done_for_whom_nobody_knows() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        folder.write("file", b"contents");
        let server = Server::start(shell, settings(&folder.root()));
        let mut line = server.connect();
        for command in [
            "RETR file",
            "STOR x",
            "LIST",
            "PWD",
            "CWD /",
            "PASV",
            "EPSV",
            "PORT 127,0,0,1,200,10",
            "SIZE file",
            "MDTM file",
            "MLST",
            "DELE file",
            "STAT",
            "SITE HELP",
            "REST 0",
            "TYPE I",
            "ABOR",
        ] {
            assert_eq!(line.ask(command), 530, "{command}");
        }
        for (command, code) in
            [("PASS x", 503), ("NOOP", 200), ("SYST", 215), ("FEAT", 211), ("HELP", 214)]
        {
            assert_eq!(line.ask(command), code, "{command}");
        }
        assert_eq!((line.ask("USER ada"), line.ask("PASS secret")), (331, 230));
        assert_eq!(line.ask("PWD"), 257);
        // Whoever begins anew is nobody until the password has come.
        assert_eq!((line.ask("USER ada"), line.ask("PWD")), (331, 530));
        server.stop();
    });
}

#[test]
fn a_wrong_password_takes_its_time_and_three_are_enough() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let settings = Settings { delay: Duration::from_millis(100), ..settings(&folder.root()) };
        let server = Server::start(shell, settings);
        let mut line = server.connect();
        let begin = Instant::now();
        // All at once: that gains nothing.
        line.say_octets(&b"USER ada\r\nPASS no\r\n".repeat(20));
        let codes: Vec<u16> = (0..7).map(|_| line.hear().0).collect();
        assert_eq!(codes, [331, 530, 331, 530, 331, 421, 0]);
        assert!(begin.elapsed() >= Duration::from_millis(600), "{:?}", begin.elapsed());
        // The name of nobody is answered as that of somebody is.
        let mut line = server.connect();
        assert_eq!(
            (line.text("USER ada"), line.text("PASS no")),
            (line.text("USER eve"), line.text("PASS no"))
        );
        server.stop();
    });
}
